"""A training in a few lines, for the terminal."""

from __future__ import annotations

from training.document.document import row_of
from training.document.render import to_markdown
from training.document.words import ABSENT, METRICS, OF_A_CONSTANT, number, with_interval
from training.evaluation.evaluation import Evaluation
from training.evaluation.null_test import ENOUGH
from training.evaluation.verdict import make_findings, make_verdict
from training.fitting.candidates import CANDIDATES
from training.measures.many import tell_no_reruns
from training.report.patients import format_rate
from training.report.report import make_report, make_stamp
from training.report.shares import tell_patients_share
from training.store.headline import tell_headline
from training.study.study import Description

__all__ = ["make_summary"]

_IN_SHORT = {"auc": "auc", "brier_skill": "scaled_brier"} | {
    metric: metric for metric in ("calibration_slope", "o_e")
}
"""Metrics of the cross-validation, each with that of the optimism that goes with it."""

_HEAD = ["", "", "cross-validated (95%)", "corrected for optimism (95%)"]

_ENOUGH_RERUNS = 100
"""Bootstrap reruns below which corrected values are not to be quoted."""


def make_summary(description: Description, evaluation: Evaluation | None) -> str:
    """Return a study in a few lines, for the terminal (Markdown).

    Without a model it is the whole descriptive report.

    Parameters
    ----------
    description, evaluation
        As in :func:`training.report.report.make_report`.
    """
    if evaluation is None:
        return to_markdown(make_report(description, None), pictures=False)
    verdict, *sentences = make_verdict(evaluation, description.verdicts)
    headline = tell_headline(make_findings(evaluation, description, description.study.outcomes))
    constant = {h for h, found in evaluation.judgements.items() if found.spread.constant}
    rows = []
    for horizon, found in evaluation.judgements.items():
        counts = description.counts[horizon]
        first = f"{horizon.upper()}: {counts['events']:.0f} of {counts['n']:.0f} known responded"
        second = format_rate(counts)
        for metric, twin in _IN_SHORT.items():
            if horizon in constant and metric not in OF_A_CONSTANT:
                continue
            held = row_of(found.performance, metric)
            own = ABSENT
            if found.optimism is not None:
                row = row_of(found.optimism, twin)
                own = with_interval(row.corrected, row.low, row.high)
            seen = with_interval(held.estimate, held.low, held.high)
            rows.append([first, METRICS[metric].label, seen, own])
            first, second = second, ""
    flat = [
        f"{horizon.upper()}, AUC and slope: {note}."
        for horizon, found in evaluation.judgements.items()
        if horizon not in constant and (note := str(found.performance.loc["auc", "note"]))
    ]
    if description.data.has_kept:
        share = tell_patients_share(description, "t2")
        flat.append(f"Responded at T2, {format_rate(description.counts['t2'])}: {share}.")
    parts = [
        f"# {description.study.title}",
        *(f"**{sentence}**" for sentence in headline),
        f"**{make_stamp(description)} {verdict}**",
        "\n".join(f"- {line}" for line in [*sentences, *flat, *description.notices]),
        "\n".join(f"| {' | '.join(row)} |" for row in [_HEAD, ["---"] * len(_HEAD), *rows]),
        "\n".join(f"- {line}" for line in _describe_reruns(description, evaluation)),
        "\n".join(f"- {line}" for line in _describe_make_up(evaluation)),
    ]
    return "\n\n".join(parts) + "\n"


def _describe_reruns(description: Description, evaluation: Evaluation) -> list[str]:
    """Return how the two columns of the summary differ, and when the second is not to be quoted."""
    if not evaluation.instability:
        return [f"Not corrected for optimism: {tell_no_reruns(len(description.data))}."]
    lines = [
        "Cross-validated: held-out patients; the interval lacks the variance of refitting. "
        "Corrected: the model's own patients less the optimism of the reruns, Brier skill against "
        "the share in the same patients. Where the two differ, believe the lower."
    ]
    reruns = description.study.resampling.bootstrap_reruns
    if reruns < _ENOUGH_RERUNS:
        lines.append(
            f"Only {reruns} reruns: the corrected values and their intervals are not to be quoted "
            f"(resampling.bootstrap_reruns; at least {_ENOUGH_RERUNS})."
        )
    return lines


def _describe_make_up(evaluation: Evaluation) -> list[str]:
    fitted = {"Response": evaluation.fitted.first}
    if evaluation.fitted.kept is not None:
        fitted["Kept at T2"] = evaluation.fitted.kept
    lines = []
    for outcome, fit in fitted.items():
        if fit.reason:
            lines.append(f"{outcome}: everyone gets the same probability ({fit.reason}).")
            continue
        weights = sorted(fit.weights.items(), key=lambda item: -item[1])
        parts = ", ".join(f"{CANDIDATES[name].label} {number(w)}" for name, w in weights if w > 0)
        slope = "" if fit.evidence else f"; recalibration slope {number(fit.slope)}"
        lines.append(f"{outcome}: {parts}{slope}.")
    moved = [
        f"{number(summary['mean_absolute_prediction_error'], 3)} at {horizon.upper()}"
        for horizon, summary in evaluation.instability.items()
    ]
    if moved:
        lines.append(f"Instability (mean absolute prediction error): {', '.join(moved)}.")
    if evaluation.null_test is None:
        lines.append(f"Null test: not run (`--null-test {ENOUGH}`); a review asks for it.")
    if all(found.decisions is None for found in evaluation.judgements.values()):
        lines.append(
            "No range of decision thresholds is set: no decision curve, and a review asks for one "
            "that was set before training (`[decision] thresholds`)."
        )
    return lines
