"""`ketresponse cohort trajectory`: parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["trajectory"]


def trajectory(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Weekly scores, CSV or Parquet: patient_id, arm, week, nrs, baseline variables.",
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="The arm to compare with; default: placebo or control."),
    ] = None,
    week: Annotated[
        int | None, typer.Option("--week", help="Week of the regressions; default: the last.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", help="Mapping (TOML) that declares further variables."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the page, tables and pictures.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the tables as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but problems.")] = False,
) -> None:
    """Compare weekly pain in two arms: where they differ, and from which week on no longer.

    One row per patient and week; week 0 is before treatment. With --out it writes one page that
    needs no network (HTML), Markdown, CSV files and pictures. Nothing written or printed holds a
    patient's row or identifier.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    from experiments.trajectory.report import make_trajectory_report
    from features.cohort.weekly import read_weekly
    from features.commands import read_dictionary
    from training.document.files import to_values, write_document
    from training.document.render import to_markdown

    weekly = read_weekly(file, dictionary=read_dictionary(mapping), reference=reference)
    report = make_trajectory_report(weekly, name=file.name, week=week)
    if out is not None:
        write_document(report, out, name="trajectory", force=force)
    if json_:
        typer.echo(json.dumps(to_values(report), indent=2))
    elif not quiet:
        Console().print(Markdown(to_markdown(report, pictures=False)))
        if out is not None:
            typer.echo(f"Page, tables and pictures: {out / 'trajectory.html'}")
