"""The first report of a study: short, plain, and pasted anywhere (Markdown)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from features.outcome import RULES
from training.evaluation import Evaluation
from training.models import CANDIDATES
from training.study import Description

__all__ = ["judge", "write_report"]

_METRICS = {
    "auc": ("AUC (within folds)", "0.5 is a coin; higher ranks better"),
    "brier": ("Brier score", "lower is better"),
    "brier_skill": ("Brier skill against prevalence", "0 or less: no better than the base rate"),
    "log_loss": ("Log loss", "nats, lower is better"),
    "calibration_slope": ("Calibration slope", "1 is right; under 1 too extreme"),
    "calibration_intercept": ("Calibration intercept (slope free)", "0 is right"),
    "calibration_in_the_large": ("Calibration-in-the-large (slope 1)", "0 is right"),
    "o_e": ("Observed : expected", "1 is right"),
}
_KEPT = "kept at T2"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _number(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:.2f}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def judge(description: Description, evaluation: Evaluation) -> list[str]:
    """Return what the data can bear, one plain sentence for each finding.

    A study with fewer patients than Riley's criteria ask for, or whose Brier skill interval
    reaches 0, is "not enough data: do not deploy". That is a normal outcome.
    """
    sentences = []
    enough = True
    for horizon in description.study.horizons:
        name = horizon.upper()
        skill = evaluation.performance[horizon].loc["brier_skill"]
        if not skill["low"] > 0:
            enough = False
            sentences.append(
                f"{name}: no evidence that the model predicts better than the base rate (Brier "
                f"skill {_number(skill['estimate'])}, 95% interval {_number(skill['low'])} to "
                f"{_number(skill['high'])})."
            )
        else:
            sentences.append(
                f"{name}: better than the base rate in cross-validation (Brier skill "
                f"{_number(skill['estimate'])}, {_number(skill['low'])} to "
                f"{_number(skill['high'])}; the interval lacks the variance of refitting)."
            )
        need = description.verdicts.get(horizon)
        if need is not None:
            enough = enough and need.enough
            sentences.append(f"{need.text}.")
    first = (
        "Enough patients by the sample-size criteria; still unvalidated: not for clinical use."
        if enough
        else "Not enough data: do not deploy."
    )
    return [first, *sentences]


def _outcome_rows(description: Description) -> list[list[object]]:
    rows: list[list[object]] = []
    labels = description.labels.counts()
    for horizon in description.study.horizons:
        counts, sources = description.counts[horizon], labels[horizon]
        assert isinstance(sources, dict)
        rate = (
            f"{_percent(counts['base_rate'])} ({_percent(counts['low'])} to "
            f"{_percent(counts['high'])})"
            if "base_rate" in counts
            else "-"
        )
        rows.append(
            [horizon.upper(), int(counts["n"]), int(counts["events"]), rate,
             f"{counts['events'] / description.parameters:.1f}", sources["score"],
             sources["wording"], sources["both"]]
        )  # fmt: skip
    return rows


def _describe(description: Description) -> list[str]:
    study = description.study
    stamp = (
        "DEMONSTRATION: trained on simulated patients, never for clinical use."
        if description.cohort.synthetic
        else "RESEARCH USE ONLY."
    )
    flow = [
        [row.step, row.remaining, row.excluded, row.unknown_kept]
        for row in description.flow.itertuples()
    ]
    parts = [
        f"# {study.title}",
        f"**{stamp}**",
        f"Population: {study.population}  \nTreatment: {study.treatment}  \n"
        f"Responder: {RULES[study.rule]}",
        "## Patients",
        _table(["step", "left", "excluded", "of those left: not known"], flow),
        "## Outcome",
        _table(
            ["horizon", "n known", "responders", "base rate (95% interval)",
             "events per parameter", "by score", "by wording", "by both"],
            _outcome_rows(description),
        ),
        "\n".join(f"- {horizon.upper()}: {words}" for horizon, words in study.outcomes.items()),
    ]  # fmt: skip
    if description.notices:
        parts.append("\n".join(f"- {notice}" for notice in description.notices))
    return parts


def _performance(evaluation: Evaluation, horizon: str) -> str:
    table = evaluation.performance[horizon]
    rows = []
    for metric, (label, reading) in _METRICS.items():
        row = table.loc[metric]
        interval = f"{_number(row['low'])} to {_number(row['high'])}"
        note = f"{reading}. {row['note']}" if row["note"] else reading
        rows.append([label, _number(row["estimate"]), interval, note])
    return _table([horizon.upper(), "estimate", "95% interval", "how to read it"], rows)


def _blend(evaluation: Evaluation) -> str:
    fitted = {"response": evaluation.fitted.first}
    if evaluation.fitted.kept is not None:
        fitted[_KEPT] = evaluation.fitted.kept
    rows: list[list[object]] = []
    notes = []
    for outcome, fit in fitted.items():
        for name, weight in fit.weights.items():
            loss = f"{fit.log_loss[name]:.3f}" if name in fit.log_loss else "-"
            constant = "constant: gives everyone the same risk" if name in fit.constant else ""
            rows.append(
                [outcome, CANDIDATES[name].label, f"{weight:.2f}", fit.settings.get(name, "-"),
                 loss, constant]
            )  # fmt: skip
        notes.append(f"- {outcome}: recalibration slope {fit.slope:.2f}")
        if fit.reason:
            notes.append(f"- {outcome}: everyone gets the same probability ({fit.reason}).")
    table = _table(
        ["outcome", "candidate", "weight", "setting", "out-of-fold log loss", "note"], rows
    )
    return table + "\n\n" + "\n".join(notes)


def write_report(description: Description, evaluation: Evaluation | None) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    description : Description
        The cohort and what was asked.
    evaluation : Evaluation or None
        None where the data could not bear a model: the report is then descriptive.

    Returns
    -------
    str
        Holds counts and summaries, nothing of a single patient.
    """
    parts = _describe(description)
    if evaluation is None:
        parts += ["## Verdict", f"**Not enough data: no model was fitted.** "
                  f"{description.shortfall}."]  # fmt: skip
        return "\n\n".join(parts) + "\n"
    verdict, *sentences = judge(description, evaluation)
    parts[2:2] = [f"## Verdict\n\n**{verdict}**", "\n".join(f"- {line}" for line in sentences)]
    resampling = description.study.resampling
    parts.append(
        f"## Performance in patients the model had not seen\n\n{resampling.repeats} x "
        f"{resampling.folds}-fold cross-validation with the whole procedure inside. Intervals: "
        f"bootstrap of patients on the same held-out risks ({resampling.bootstrap} resamples); "
        "they lack the variance of refitting, and are too narrow by that."
    )
    for horizon in description.study.horizons:
        parts.append(_performance(evaluation, horizon))
    if description.data.has_kept:
        parts.append(
            "T2 takes responders who were not seen at follow-up as missing at random given the "
            "predictors; those seen are weighted by the inverse probability of being seen."
        )
    parts += ["## What the estimate is made of", _blend(evaluation)]
    if evaluation.instability:
        rows = [
            [h.upper(), _number(v["mean_absolute_prediction_error"]),
             _number(v["p90_prediction_error"]), int(v["n_resamples"])]
            for h, v in evaluation.instability.items()
        ]  # fmt: skip
        parts += [
            "## Instability",
            "How far a patient's risk typically moves when the whole procedure is rerun on "
            "bootstrap samples (not a confidence interval):",
            _table(["horizon", "mean absolute error", "least stable tenth above", "reruns"], rows),
        ]
    return "\n\n".join(parts) + "\n"
