"""How a procedure does in patients it has not seen, as sections of a study's report."""

from __future__ import annotations

from typing import Any

import pandas as pd

from training.document.document import Block, Picture, Section, Table, each_row
from training.document.words import (
    METRICS,
    estimate,
    estimate_share,
    number,
    percent,
    with_interval,
)
from training.evaluation.judgement import Judgement
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
    held_out = {metric: row for metric, row in zip(values.index, each_row(values), strict=True)}
    corrected: dict[Any, Any] = {}
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
    rows = []
    for metric, (label, reading) in METRICS.items():
        held, own = held_out.get(metric), corrected.get(metric)
        if held is None and own is None:
            continue
        notes = [reading]
        for words, row in (("cross-validated", held), ("corrected", own)):
            notes += [f"{words}: {row.note}"] if row is not None and row.note else []
        cells = [label, "–" if held is None else with_interval(held.estimate, held.low, held.high)]
        if corrected:
            cells += (
                ["–"] * 5
                if own is None
                else [
                    number(own.apparent),
                    number(own.optimism),
                    with_interval(own.corrected, own.low, own.high),
                    number(own.corrected_632),
                    f"{own.n_succeeded} of {own.n_resamples}",
                ]
            )
        rows.append([*cells, "; ".join(text for text in notes if text)])
    head = ["", "cross-validated (95%)"]
    head += ["apparent", "optimism", "corrected (95%)", ".632+", "reruns"] if corrected else []
    return Table(
        f"performance_{name.lower()}",
        f"Performance at {name}.",
        pd.DataFrame(rows, columns=[*head, "how to read it"]),
        note,
        values.reset_index(),
    )


def _make_decisions_section(horizon: str, found: Judgement) -> tuple[Block, ...]:
    name = horizon.upper()
    decisions = found.decisions
    if decisions is None:
        return (
            "No range of decision thresholds was set in the study file, and none may be chosen "
            "after the results are seen: there is no table of thresholds and no decision curve.",
        )
    values = decisions.thresholds.merge(decisions.curve, on="threshold")
    rows = [
        (
            percent(row.threshold),
            percent(row.share_positive),
            *(estimate_share(row, of) for of in ("sensitivity", "specificity", "ppv", "npv")),
            estimate(row, "net_benefit"),
            number(row.treat_all),
            with_interval(
                row.avoided_per_100, row.avoided_per_100_low, row.avoided_per_100_high, 0
            ),
        )
        for row in each_row(values)
    ]
    gain = decisions.least_gain
    gained = (
        "Over the whole range its estimated net benefit lies above those of treating all and of "
        "treating none; by how much is uncertain (see the intervals)."
        if gain > 0
        else "At some thresholds of the range its estimated net benefit is no higher than that of "
        "treating all or of treating none."
    )
    return (
        Table(
            f"thresholds_{horizon}",
            f"At thresholds of the probability, {name}.",
            pd.DataFrame(
                rows,
                columns=[
                    "threshold",
                    "at or above",
                    "sensitivity",
                    "specificity",
                    "PPV",
                    "NPV",
                    "net benefit (95%)",
                    "treat all",
                    "avoided per 100 (95%)",
                ],
            ),
            "Cross-validated. Predictive values hold at this cohort's share of responders. "
            "Avoided: courses without response that the model spares 100 patients compared with "
            "treating all, net of responders missed.",
            values,
        ),
        Picture(
            f"decision_{horizon}",
            f"Decision curve at {name}, over the range of thresholds set beforehand. Of use is the "
            f"line that is highest. {gained}",
            f"Decision curve at {name}.",
            lambda: plot_decision_curve(decisions.curve, title=f"Decision curve, {name}"),
        ),
    )
