"""`ketresponse evidence`: parse, call, print."""

from __future__ import annotations

import json

import typer

from training.commands.options import ForceOption, JsonOption, PageOption, QuietOption, print_report

__all__ = ["evidence"]


def evidence(
    out: PageOption = None,
    force: ForceOption = False,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what is published: responder rates, pooled again, with their sources and doubts.

    With --out it also writes one page that needs no network (HTML), Markdown, CSV files, and
    forest and funnel plots, with what is doubtful in each study.
    """
    from experiments.evidence.report import make_evidence_report
    from features.published.studies import read_studies
    from training.document.files import to_values, write_document

    studies = read_studies()
    if out is not None:
        write_document(make_evidence_report(studies), out, name="evidence", force=force)
    if json_:
        typer.echo(json.dumps(to_values(make_evidence_report(studies)), indent=2))
    elif not quiet:
        report = make_evidence_report(studies, full=False)
        print_report(report, page=out and out / "evidence.html")
