"""How a procedure does in patients it has not seen, as sections of a study's report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from training.document.document import Block, Picture, Section, Table, each_row
from training.document.words import ABSENT, METRICS, number, with_interval
from training.evaluation.judgement import Judgement
from training.report.tables import make_thresholds_table
from training.report.validation_plots import plot_decision_curve, plot_risk_calibration, plot_roc
from training.study.study import Description

__all__ = ["make_performance_section"]


def make_performance_section(description: Description, horizon: str, found: Judgement) -> Section:
    """Return how the procedure does at one horizon in patients it has not seen."""
    name = horizon.upper()
    counts = description.counts[horizon]
    auc = next(each_row(found.performance.loc[["auc"]]))
    blocks: list[Block] = [
        f"Outcome: {description.study.outcomes[horizon]}. Known for {counts['n']:.0f} patients, "
        f"{counts['events']:.0f} of them responders.",
        _performance_table(name, found),
        Picture(
            f"calibration_{horizon}",
            f"Calibration at {name} of cross-validated probabilities: observed share of responders "
            "(loess with 95% band), and groups of patients with 95% intervals (not weighted). "
            "Below: how many patients had which probability.",
            f"Calibration curve at {name}.",
            lambda: plot_risk_calibration(
                found.calibration.curve, found.groups, found.risks, title=f"Calibration, {name}"
            ),
        ),
        Picture(
            f"roc_{horizon}",
            f"ROC curve at {name}, at every hundredth of probability; the AUC "
            "stands for pairs within folds.",
            f"ROC curve at {name}.",
            lambda: plot_roc(found.roc, auc, title=f"ROC, {name}"),
        ),
        *_make_decisions_section(horizon, found),
    ]
    return Section(f"Performance at {name}", tuple(blocks))


def _performance_table(name: str, found: Judgement) -> Table:
    values = pd.concat([found.performance, found.calibration.summary])
    held_out: dict[str, Any] = dict(zip(values.index, each_row(values), strict=True))
    corrected: dict[str, Any] = {}
    note = (
        "Cross-validated: held-out patients, AUC within folds, 95% interval by a bootstrap of "
        "patients, which lacks the variance of refitting and is too narrow by that."
    )
    if found.optimism is not None:
        corrected = dict(zip(found.optimism.index, each_row(found.optimism), strict=True))
        both = found.optimism.columns.intersection(values.columns)
        renamed = found.optimism.rename(columns={name: f"{name}_corrected" for name in both})
        values = values.join(renamed, how="outer")
        note += (
            " Corrected: apparent less optimism (Harrell), with a 95% interval from the spread of "
            "the optimism over bootstrap reruns of the whole procedure. .632+: Efron and "
            "Tibshirani. Reruns: those that gave the number."
        )
    columns: dict[str, Callable[[str], object]] = {
        "": lambda metric: METRICS[metric].label,
        "cross-validated (95%)": _tell(
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

    def read(metric: str) -> str:
        sides = (("cross-validated", held_out.get(metric)), ("corrected", corrected.get(metric)))
        notes = [f"{words}: {row.note}" for words, row in sides if row is not None and row.note]
        return "; ".join(text for text in (METRICS[metric].reading, *notes) if text)

    return Table.from_rows(
        f"performance_{name.lower()}",
        f"Performance at {name}.",
        [metric for metric in METRICS if metric in held_out or metric in corrected],
        {**columns, "how to read it": read},
        note,
        values.reset_index(),
    )


def _tell(rows: Mapping[str, Any], cell: Callable[[Any], str]) -> Callable[[str], str]:
    """Return what gives a metric's cell from its row, or a dash where there is none."""
    return lambda metric: cell(rows[metric]) if metric in rows else ABSENT


def _make_decisions_section(horizon: str, found: Judgement) -> tuple[Block, ...]:
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
        make_thresholds_table(horizon, decisions.thresholds, decisions.curve, "Cross-validated. "),
        Picture(
            f"decision_{horizon}",
            f"Decision curve at {name}, over the range of thresholds set beforehand. Of use is the "
            f"line that is highest. {gained}",
            f"Decision curve at {name}.",
            lambda: plot_decision_curve(decisions.curve, title=f"Decision curve, {name}"),
        ),
    )
