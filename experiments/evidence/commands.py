"""`ketresponse evidence`: parse, call, print."""

from __future__ import annotations

from features.options import ForceOption, JsonOption, QuietOption
from training.commands.options import PageOption, show_report

__all__ = ["evidence"]


def evidence(
    out: PageOption = None,
    force: ForceOption = False,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what is published: responder rates, pooled again, with their sources and doubts.

    Writes one page that needs no network (HTML), Markdown, CSV files, and forest and funnel
    plots, with what is doubtful in each study, into --out or a new folder here; prints what
    matters most, and where the page is.
    """
    from experiments.evidence.report import make_evidence_report
    from features.published.studies import read_studies

    report = make_evidence_report(read_studies())
    show_report(report, "evidence", out=out, force=force, as_json=json_, quiet=quiet)
