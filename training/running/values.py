"""A training's result as plain values, for scripts."""

from __future__ import annotations

from typing import Any

from training.evaluation.verdict import make_findings, make_panel_verdict, make_verdict
from training.report.first_page import list_steps
from training.running.training_run import Training
from training.store.facts import to_plain
from training.store.headline import tell_headline

__all__ = ["make_values"]

_CORRECTED = ["apparent", "optimism", "corrected", "low", "high", "corrected_632"]


def make_values(training: Training) -> dict[str, Any]:
    """Return a training's result as plain values, for scripts.

    Numbers that could not be estimated are None.
    """
    description, evaluation = training.description, training.evaluation
    summary: dict[str, Any] = {
        "study": description.study.name,
        "status": "demonstration" if description.cohort.synthetic else "research",
        "shortfall": description.shortfall,
        "notices": list(description.notices),
        "flow": description.flow.to_dict("records"),
        "counts": description.counts,
        "sample_size": {h: v.text for h, v in description.verdicts.items()},
    }
    facts, published = training.facts, training.published
    if evaluation is None or facts is None or published is None:
        return summary
    found = evaluation.panel
    findings = make_findings(evaluation, description, description.study.outcomes)
    return summary | {
        "headline": tell_headline(findings),
        "next": list_steps(description, evaluation, model=published.name_and_version),
        "verdict": make_verdict(evaluation, description.verdicts),
        "performance": facts.performance,
        "blend": facts.blend,
        "optimism": {
            horizon: to_plain(found.optimism[_CORRECTED].to_dict("index"))
            for horizon, found in evaluation.judgements.items()
            if found.optimism is not None
        },
        "instability": evaluation.instability,
        "null_test": to_plain(evaluation.null_test),
        "panel": None
        if found is None
        else {"found": found.found, "verdict": make_panel_verdict(found)},
        "report": published.report,
        "model": published.name_and_version,
        "folder": str(published.folder),
        "run_id": published.run_id,
    }
