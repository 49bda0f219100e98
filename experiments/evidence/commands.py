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

    With --out it also writes one page that needs no network (HTML), Markdown, CSV files, and
    forest and funnel plots, with what is doubtful in each study.
    """
    from experiments.evidence.report import make_evidence_report
    from features.published.studies import read_studies

    studies = read_studies()
    report = make_evidence_report(studies, full=out is not None or json_)
    short = make_evidence_report(studies, full=False)
    show_report(report, "evidence", out=out, force=force, as_json=json_, quiet=quiet, short=short)
