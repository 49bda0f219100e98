"""`ketresponse cohort trajectory`: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.options import ForceOption, JsonOption, MappingOption, QuietOption, read_dictionary
from training.commands.options import PageOption, show_report

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
    mapping: MappingOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare weekly pain in two arms: where they differ, and from which week on no longer.

    One row per patient and week; week 0 is before treatment. Writes one page that needs no network
    (HTML), Markdown, CSV files and pictures into --out or a new folder here; prints what matters
    most, and where the page is. Nothing written or printed holds a patient's row or identifier.
    """
    from experiments.trajectory.report import make_trajectory_report
    from features.cohort.weekly import read_weekly

    weekly = read_weekly(file, dictionary=read_dictionary(mapping), reference=reference)
    if not quiet:
        for sentence in weekly.remarks:
            typer.echo(sentence, err=True)
    report = make_trajectory_report(weekly, name=file.name, week=week)
    show_report(report, "trajectory", out=out, force=force, as_json=json_, quiet=quiet)
