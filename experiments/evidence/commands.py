"""`ketresponse evidence`: parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["evidence"]


def evidence(
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the page, tables, forest and funnel plots."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the tables as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but problems.")] = False,
) -> None:
    """Show what is published: responder rates, pooled again, with their sources and doubts.

    With --out it also writes one page that needs no network (HTML), Markdown, CSV files, and
    forest and funnel plots, with what is doubtful in each study.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    from experiments.evidence.report import make_evidence_report
    from features.published.studies import read_studies
    from training.document.files import to_values, write_document
    from training.document.render import to_markdown

    studies = read_studies()
    if out is not None:
        write_document(make_evidence_report(studies), out, name="evidence", force=force)
    if json_:
        typer.echo(json.dumps(to_values(make_evidence_report(studies)), indent=2))
    elif not quiet:
        report = make_evidence_report(studies, full=False)
        Console().print(Markdown(to_markdown(report, pictures=False)))
        if out is not None:
            typer.echo(f"Page, tables and pictures: {out / 'evidence.html'}")
