"""How a procedure does in patients it has not seen, as sections of a study's report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from training.document.document import Block, Picture, Section, Table, each_row, row_of
from training.document.words import ABSENT, METRICS, OF_A_CONSTANT, number, with_interval
from training.evaluation.judgement import Judgement
from training.fitting.weighting import describe_weighting
from training.measures.held_out import HeldOut
from training.report.patients import format_rate
from training.report.plots import plot_decision_curve, plot_risk_calibration, plot_roc
from training.report.shares import tell_patients_share
from training.report.tables import make_thresholds_table
from training.study.study import Description

__all__ = ["make_held_out_blocks", "make_performance_section"]


def make_performance_section(description: Description, horizon: str, found: Judgement) -> Section:
    """Return how the procedure does at one horizon in patients it has not seen."""
    counts, study = description.counts[horizon], description.study
    weighted = bool(describe_weighting(study.weighting, study.horizons))
    blocks = (
        f"Outcome: {study.outcomes[horizon]}. Responded: {format_rate(counts)}, "
        f"{tell_patients_share(description, horizon)}.",
        *make_held_out_blocks(
            horizon,
            found,
            weighted=weighted,
            optimism=found.optimism,
            cross_validated=True,
            constant=found.spread.constant,
        ),
    )
    return Section(f"Performance at {horizon.upper()}", blocks)


def make_held_out_blocks(
    horizon: str,
    found: HeldOut,
    *,
    weighted: bool,
    optimism: pd.DataFrame | None = None,
    cross_validated: bool = False,
    constant: bool = False,
) -> tuple[Block, ...]:
    """Return how risks did in patients whom their model had not seen, table and pictures.

    Parameters
    ----------
    horizon : str
        Such as "t1".
    found : HeldOut
        What is told.
    weighted : bool
        Whether patients of any horizon are: what is not weighted is then told.
    optimism : DataFrame or None
        :func:`training.measures.optimism.compute_optimism`, to stand beside it.
    cross_validated : bool
        Whether the risks come from the folds of a cross-validation; else from a frozen model.
    constant : bool
        Whether the model gives everyone the same: it then has no pictures, and of the measures
        those alone that do not ask how its estimates differ.
    """
    name = horizon.upper()
    table = _performance_table(
        name, found, optimism, cross_validated=cross_validated, constant=constant
    )
    if constant:
        return (_CONSTANT, table)
    of, within = "", ""
    plain = ", not weighted" if weighted else ""
    if cross_validated:
        of, within = " of cross-validated probabilities", "; the AUC stands for pairs within folds"
    return (
        table,
        Picture(
            f"calibration_{horizon}",
            f"Calibration at {name}{of}: observed share of responders over the predicted "
            "probability (loess with 95% band), and in groups of patients (95% Wilson "
            f"intervals{plain}). Below: how many patients had which probability.",
            f"Calibration curve at {name}.",
            partial(plot_risk_calibration, found.calibration.curve, found.groups, found.risks),
            f"Calibration, {name}",
        ),
        Picture(
            f"roc_{horizon}",
            f"ROC curve at {name}, at every hundredth of probability{within}.",
            f"ROC curve at {name}.",
            partial(plot_roc, found.roc, row_of(found.performance, "auc")),
            f"ROC, {name}",
        ),
        *_make_decisions_section(horizon, found, "Cross-validated. " if cross_validated else ""),
    )


_CONSTANT = (
    "Everyone gets the same estimate. There is nothing to rank, to draw as a curve or to decide "
    "by: no AUC, no ROC, no calibration slope or curve, no thresholds and no decision curve."
)


def _performance_table(
    name: str,
    found: HeldOut,
    optimism: pd.DataFrame | None,
    *,
    cross_validated: bool,
    constant: bool,
) -> Table:
    values = pd.concat([found.performance, found.calibration.summary])
    if constant:
        values = values[values.index.isin(OF_A_CONSTANT)]
        optimism = None if optimism is None else optimism[optimism.index.isin(OF_A_CONSTANT)]
    held_out: dict[str, Any] = dict(zip(values.index, each_row(values), strict=True))
    corrected: dict[str, Any] = {}
    note = (
        "Cross-validated: held-out patients, AUC within folds, 95% interval by a bootstrap of "
        "patients, which lacks the variance of refitting and is too narrow by that."
        if cross_validated
        else ""
    )
    if optimism is not None:
        corrected = dict(zip(optimism.index, each_row(optimism), strict=True))
        both = optimism.columns.intersection(values.columns)
        renamed = optimism.rename(columns={name: f"{name}_corrected" for name in both})
        values = values.join(renamed, how="outer")
        note += (
            " Corrected: apparent less optimism (Harrell), with a 95% interval from the spread of "
            "the optimism over bootstrap reruns of the whole procedure. .632+: Efron and "
            "Tibshirani. Reruns: those that gave the number."
        )
    columns: dict[str, Callable[[str], object]] = {
        "": lambda metric: METRICS[metric].label,
        "cross-validated (95%)" if cross_validated else "estimate (95%)": _tell(
            held_out, lambda r: with_interval(r.estimate, r.low, r.high)
        ),
    }
    if corrected:
        columns |= {
            "apparent": _tell(corrected, lambda r: number(r.apparent)),
            "optimism": _tell(corrected, lambda r: number(r.optimism)),
            "corrected (95%)": _tell(
                corrected, lambda r: with_interval(r.corrected, r.low, r.high)
            ),
            ".632+": _tell(corrected, lambda r: number(r.corrected_632)),
            "reruns": _tell(corrected, lambda r: f"{r.n_succeeded} of {r.n_resamples}"),
        }

    return Table.from_rows(
        f"performance_{name.lower()}",
        f"Performance at {name}.",
        [metric for metric in METRICS if metric in held_out or metric in corrected],
        {**columns, "how to read it": partial(_tell_reading, held_out, corrected)},
        note,
        values.reset_index(),
    )


def _tell_reading(held_out: Mapping[str, Any], corrected: Mapping[str, Any], metric: str) -> str:
    """Return how a measure is read, with what is noted of its estimates."""
    sides = (("cross-validated", held_out.get(metric)), ("corrected", corrected.get(metric)))
    notes = [
        f"{words}: {row.note}" if corrected else row.note
        for words, row in sides
        if row is not None and row.note
    ]
    return "; ".join(text for text in (METRICS[metric].reading, *notes) if text)


def _tell(rows: Mapping[str, Any], cell: Callable[[Any], str]) -> Callable[[str], str]:
    """Return what gives a metric's cell from its row, or a dash where there is none."""
    return lambda metric: cell(rows[metric]) if metric in rows else ABSENT


def _make_decisions_section(horizon: str, found: HeldOut, note: str) -> tuple[Block, ...]:
    name = horizon.upper()
    decisions = found.decisions
    if decisions is None:
        return (
            "No range of decision thresholds was set in the study file, and none may be chosen "
            "after the results are seen: there is no table of thresholds and no decision curve.",
        )
    gain = decisions.least_gain
    gained = (
        "Over the whole range its estimated net benefit lies above those of treating all and of "
        "treating none; by how much is uncertain (see the intervals)."
        if gain > 0
        else "At some thresholds of the range its estimated net benefit is no higher than that of "
        "treating all or of treating none."
    )
    return (
        make_thresholds_table(horizon, decisions.thresholds, decisions.curve, note),
        Picture(
            f"decision_{horizon}",
            f"Decision curve at {name}, over the range of thresholds set beforehand. Of use is the "
            f"line that is highest. {gained}",
            f"Decision curve at {name}.",
            partial(plot_decision_curve, decisions.curve),
            f"Decision curve, {name}",
        ),
    )
