"""The first page of a study's report: the result, its picture, four numbers, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from training.document.document import Block, Bullets, Picture, Section, Table, row_of
from training.document.words import ABSENT, capital, percent, with_interval
from training.evaluation.evaluation import Evaluation
from training.evaluation.judgement import Judgement
from training.evaluation.verdict import make_findings
from training.report.estimate_plots import plot_estimates
from training.report.patients import format_rate
from training.report.shares import tell_patients_share
from training.store.headline import Finding, list_next, tell_about, tell_headline
from training.study.study import Description

__all__ = ["list_steps", "make_first_page"]

_MEASURES = {
    "brier_skill": (
        "better than telling everyone that share (Brier skill)",
        "above 0 it is; an interval that reaches 0 does not show it",
    ),
    "auc": ("puts a responder above a nonresponder (AUC)", "0.5 is a coin, 1 is always"),
    "calibration_slope": (
        "estimates as far apart as the patients are (calibration slope)",
        "1 is right; below 1 they are too extreme, above 1 too timid",
    ),
}


def make_first_page(description: Description, evaluation: Evaluation) -> Section:
    """Return the result of a study on one page.

    Parameters
    ----------
    description, evaluation
        As in :func:`training.report.report.make_report`.
    """
    findings = make_findings(evaluation, description, description.study.outcomes)
    blocks: list[Block] = [
        Bullets(tuple(tell_headline(findings)), "headline"),
        _draw(findings, evaluation.judgements),
        _make_numbers(description, evaluation, findings),
        Bullets(tuple(_tell_sizes(findings))),
        "What to do next:",
        Bullets(tuple(list_steps(description, evaluation))),
    ]
    return Section("Summary", tuple(blocks), "summary")


def list_steps(
    description: Description, evaluation: Evaluation, *, model: str = "MODEL"
) -> list[str]:
    """Return what is to be done next; see :func:`training.store.headline.list_next`."""
    return list_next(
        make_findings(evaluation, description, description.study.outcomes),
        model=model,
        thresholds=description.study.thresholds is not None,
        null_test=evaluation.null_test is not None,
    )


def _tell_sizes(findings: Mapping[Any, Finding]) -> list[str]:
    """Return for each horizon how many patients there are, and how many would be needed."""
    sentences = []
    for found in findings.values():
        there = f"{found.n} patients with a known outcome"
        if found.needed is None:
            sentences.append(
                f"{capital(found.where)}: {there}; how many are needed cannot be said."
            )
        else:
            sentences.append(
                f"{capital(found.where)}: {there}; about {tell_about(found.needed)} are needed to "
                "make such a model (Riley 2020, for an AUC of 0.70)."
            )
    return sentences


def _draw(findings: Mapping[Any, Finding], judgements: Mapping[str, Judgement]) -> Picture:
    drawn = {
        capital(found.where): (_take_estimates(found, judgements[horizon]), found.base_rate)
        for horizon, found in findings.items()
    }
    which = (
        "every patient's own"
        if all(found.constant for found in findings.values())
        else "each patient's own, from models that had not seen the patient"
    )
    return Picture(
        "estimates",
        "How many patients had which estimate, responders above the line and nonresponders below "
        f"({which}). Dashed: the share of all who responded. A useful model has responders to the "
        "right of it and nonresponders to the left.",
        " ".join(_describe(name, *found) for name, found in drawn.items()),
        partial(plot_estimates, drawn),
    )


def _take_estimates(found: Finding, judged: Judgement) -> pd.DataFrame:
    """Return the patients by estimate; where all have one, they stand at it and nowhere else."""
    if not found.constant:
        return judged.risks
    totals = judged.risks[["events", "non_events"]].sum()
    return pd.DataFrame([{"low": found.mean - 0.025, "high": found.mean + 0.025, **totals}])


def _describe(name: str, risks: pd.DataFrame, base_rate: float) -> str:
    """Return what one who cannot see the picture is told."""
    middles = (risks["low"] + risks["high"]) / 2
    told = []
    for column, who in (("events", "responders"), ("non_events", "nonresponders")):
        n = risks[column].sum()
        mean = (middles * risks[column]).sum() / n if n else float("nan")
        told.append(f"{who} had {percent(mean)} on average")
    return f"{name}: {' and '.join(told)}; {percent(base_rate)} of all responded."


def _make_numbers(
    description: Description, evaluation: Evaluation, findings: Mapping[Any, Finding]
) -> Table:
    """Return the numbers that matter, a column for each horizon."""
    columns: dict[str, list[str]] = {"": ["responded", *(told for told, _ in _MEASURES.values())]}
    shares = []
    for horizon, found in findings.items():
        name, judged = horizon.upper(), evaluation.judgements[horizon].performance
        told = [format_rate(description.counts[horizon])]
        for metric in _MEASURES:
            row = row_of(judged, metric)
            shown = ABSENT if found.constant else with_interval(row.estimate, row.low, row.high)
            told.append(shown)
        columns[f"{name} (95% interval)"] = told
        share = tell_patients_share(description, horizon)
        shares.append(f"Responded at {name}: {share}.")
    readings = ["of whom: the line below", *(reading for _, reading in _MEASURES.values())]
    table = pd.DataFrame(columns | {"how to read it": readings})
    if all(found.constant for found in findings.values()):
        table = table[[ABSENT not in row for row in table.to_numpy().tolist()]]
    else:
        shares.append("The rest: in patients whom the model had not seen (cross-validation).")
    return Table("summary", "The numbers that matter.", table, " ".join(shares))
