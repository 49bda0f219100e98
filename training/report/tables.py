"""Tables that a study's report, that of a validation and the model card share.

A row is whatever has the attributes: a part of the results, or a row of a frame as
:func:`training.document.document.each_row` gives it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from training.document.document import Table
from training.document.words import (
    ABSENT,
    METRICS,
    capital,
    estimate,
    estimate_share,
    number,
    p_value,
    percent,
    with_interval,
)
from training.measures.sample_size.verdict import SizeRow
from training.store.found import OutcomeBlend
from training.store.statements import plain

__all__ = [
    "make_assays_table",
    "make_blend_table",
    "make_bounds_table",
    "make_flow_table",
    "make_instability_table",
    "make_null_test_table",
    "make_panel_candidates_table",
    "make_panel_value_table",
    "make_power_table",
    "make_size_table",
    "make_subgroups_table",
    "make_thresholds_table",
    "stack_horizons",
]

Rows = pd.DataFrame | Iterable[Any]


def stack_horizons(tables: dict[str, pd.DataFrame], *, upper: bool = False) -> pd.DataFrame:
    """Return tables of each horizon below each other, with a column `horizon`."""
    parts = [table.assign(horizon=h.upper() if upper else h) for h, table in tables.items()]
    return pd.concat(parts, ignore_index=True)


def make_flow_table(flow: Rows, note: str = "") -> Table:
    """Return how the courses of the file became those with a known outcome."""
    return Table.from_rows(
        "flow",
        "From all courses to those with a known outcome.",
        flow,
        {
            "step": lambda r: capital(plain(r.step)),
            "left": lambda r: _tell_count(r.remaining),
            "excluded": lambda r: _tell_count(r.excluded),
            "of those left: not known": lambda r: _tell_count(r.unknown_kept),
        },
        note,
    )


def _tell_count(n: int | None) -> object:
    return ABSENT if n is None else n


def make_size_table(sizes: Mapping[Any, Any]) -> Table:
    """Return what sample there was at each horizon, and what a development study needs."""
    return Table.from_rows(
        "sample_size",
        "What was there, and what a development study needs.",
        [(horizon, size, row) for horizon, size in sizes.items() for row in _list_sizes(size)],
        {
            "horizon": lambda r: r[0].upper(),
            "known": lambda r: r[1].n,
            "responders": lambda r: r[1].events,
            "parameters": lambda r: f"{r[2].parameters:.3g} ({r[2].counted})",
            "AUC": lambda r: f"{number(r[2].c_statistic)} ({r[2].source})",
            "needed": lambda r: ABSENT if r[2].needed is None else r[2].needed,
            "short by": lambda r: ABSENT if r[2].needed is None else max(r[2].needed - r[1].n, 0),
            "expected shrinkage": lambda r: number(r[2].expected_shrinkage),
        },
        "Riley 2020, doi:10.1136/bmj.m441. Parameters: those of the predictors, each straight; all "
        "columns that the procedure may fit, with bends and products of predictors; and as how "
        "many free ones these act, where that is known. AUC in new patients: assumed, and this "
        "study's own, cross-validated; 0.5 or less has no size. Expected "
        "shrinkage: by this factor the coefficients of an unpenalised model of this size "
        "would be too large; 0.9 is good, under 0.7 it says more about these patients "
        "than about the next.",
    )


def _list_sizes(size: Any) -> list[Any]:
    """Return the rows of a sample size; one, of its own facts, where it has none."""
    if size.rows:
        return list(size.rows)
    row = SizeRow(
        "predictors",
        size.parameters,
        size.c_statistic,
        "assumed",
        size.needed.n if size.needed else None,
        math.nan if size.expected_shrinkage is None else size.expected_shrinkage,
    )
    return [row]


def make_power_table(
    found: Mapping[Any, Iterable[Any]], sizes: Mapping[Any, Any], values: pd.DataFrame | None = None
) -> Table:
    """Return how often studies like this one find a model, by horizon and how good it is.

    Parameters
    ----------
    found : mapping
        Horizon to rows of :func:`training.measures.power.compute_power`.
    sizes : mapping
        Horizon to what has `n` and `events`, of those horizons that have a size.
    values : DataFrame, optional
        The same for machines.
    """
    rows = {h: {row.auc: row for row in found[h]} for h in found if h in sizes}
    every = [row for by_auc in rows.values() for row in by_auc.values()]
    counted = [row for row in every if row.n_studies]
    note = (
        "Chance that a study with these predictors and as many patients and responders is told "
        '"better than the base rate" (lower 95% limit of the Brier skill above 0), where the true '
        "risks rank patients with that AUC. By simulation: straight effects in random directions, "
        "and a Bayesian ridge regression in place of the study's own procedure; what is bent or "
        "acts only together is harder to find."
    )
    if counted:
        note += (
            f" {min(row.n_studies for row in counted)} simulated studies each; Monte Carlo "
            f"standard error up to {percent(max(row.mc_error for row in counted), 1)}."
        )
    if len(counted) < len(every):
        note += f" {ABSENT}: these predictors cannot rank patients so well."
    aucs = dict.fromkeys(row.auc for row in every)
    return Table.from_rows(
        "power",
        "What so many patients would have found.",
        rows.items(),
        {
            "horizon": lambda r: r[0].upper(),
            "known": lambda r: sizes[r[0]].n,
            "responders": lambda r: sizes[r[0]].events,
        }
        | {f"AUC {number(auc)}": partial(_tell_power, auc) for auc in aucs},
        note,
        values,
    )


def _tell_power(auc: float, row: tuple[Any, Mapping[float, Any]]) -> str:
    share = row[1][auc].power
    told = percent(share)  # of so few studies, none and all of them are no certainty
    return {"0%": "<1%", "100%": ">99%"}.get(told, told)


def make_blend_table(blends: Mapping[str, OutcomeBlend], words: Mapping[str, str]) -> Table:
    """Return what the model of each outcome is made of; `words` are those for the outcomes."""
    return Table.from_rows(
        "blend",
        "Weights of the candidates and the prevalence. Of a model shrunk by evidence, the "
        "prevalence's weight is the probability that nothing predicts.",
        [(words[outcome], m) for outcome, blend in blends.items() for m in blend.members],
        {
            "outcome": lambda r: r[0],
            "candidate": lambda r: r[1].label,
            "weight": lambda r: number(r[1].weight),
            "setting": lambda r: r[1].setting or ABSENT,
            "out-of-fold log loss": lambda r: number(r[1].log_loss, 3),
            "note": lambda r: "gives everyone the same risk" if r[1].constant else "",
        },
    )


def make_instability_table(found: Mapping[Any, Any]) -> Table:
    """Return how far the reruns' probabilities lie from the served one, by horizon."""
    return Table.from_rows(
        "instability",
        "Distance of the reruns' probabilities from the served one.",
        found.items(),
        {
            "horizon": lambda r: r[0].upper(),
            "mean absolute prediction error": lambda r: number(
                r[1].mean_absolute_prediction_error, 3
            ),
            "least stable tenth of patients above": lambda r: number(r[1].p90_prediction_error, 3),
            "reruns": lambda r: f"{r[1].n_resamples:.0f}",
        },
        "Mean over patients and reruns: 0.10 means that another cohort would typically have moved "
        "a patient's probability by 10 percentage points. It is no confidence interval.",
    )


def make_null_test_table(rows: Rows, labels: Mapping[str, str], note: str = "") -> Table:
    """Return how the procedure and each candidate did on permuted outcomes."""
    return Table.from_rows(
        "null_test",
        "Null test: mean AUC on permuted outcomes.",
        rows,
        {
            "horizon": lambda r: r.horizon.upper(),
            "model": lambda r: labels.get(r.model, r.model),
            "mean AUC": lambda r: number(r.auc, 3),
            "Monte Carlo error": lambda r: number(r.mc_error, 3),
            "permutations": "n_permutations",
            "folds with one risk for everyone": lambda r: percent(r.share_constant),
            "verdict": "verdict",
        },
        f"0.5 is right: there is nothing to find. {note}".rstrip(),
    )


def make_subgroups_table(
    horizon: str, rows: Rows, least: int, note: str = "", *, ranked: bool = True
) -> Table:
    """Return how the procedure does in parts of the cohort.

    Parameters
    ----------
    horizon : str
        Such as "t1".
    rows : DataFrame or iterable
        :func:`training.measures.subgroups.compute_subgroups`.
    least : int
        Responders, and nonresponders, from which a part is judged.
    note : str
        What to read after that.
    ranked : bool
        Whether the model ranks patients at all; one that gives everyone the same has no AUC.
    """
    auc = {"AUC (95%)": lambda r: estimate(r, "auc")} if ranked else {}
    return Table.from_rows(
        f"subgroups_{horizon}",
        f"Parts of the cohort, {horizon.upper()}, cross-validated.",
        rows,
        {
            "": "variable",
            "part": "subgroup",
            "known": "n",
            "responders": "events",
            **auc,
            "observed : expected (95%)": lambda r: estimate(r, "o_e"),
            "note": "note",
        },
        f"Under {least} responders or nonresponders nothing is estimated: it would be noise. "
        f"{note}".rstrip(),
    )


def make_bounds_table(
    rows: Iterable[tuple[str, int, Any]], note: str, values: pd.DataFrame | None = None
) -> Table:
    """Return what unknown outcomes could change.

    Parameters
    ----------
    rows : iterable of (str, int, row)
        Horizon, its unknown outcomes, and `metric`, `known`, `lowest` and `highest`.
    note, values
        Of the table.
    """
    return Table.from_rows(
        "outcome_bounds",
        "What the unknown outcomes could change.",
        rows,
        {
            "horizon": lambda r: r[0].upper(),
            "unknown": lambda r: r[1],
            "measure": lambda r: METRICS[r[2].metric].label,
            "known outcomes": lambda r: number(r[2].known),
            "lowest": lambda r: number(r[2].lowest),
            "highest": lambda r: number(r[2].highest),
        },
        note,
        values,
    )


def make_panel_value_table(rows: Rows) -> Table:
    """Return the clinical estimate with and without the panel; a row has its `horizon`."""
    return Table.from_rows(
        "panel_added_value",
        "Clinical estimate with and without the panel.",
        rows,
        {
            "": lambda r: r.horizon.upper(),
            "metric": lambda r: METRICS[r.metric].label,
            "clinical": lambda r: estimate(r, "first"),
            "clinical + panel": lambda r: estimate(r, "second"),
            "difference": lambda r: with_interval(r.difference, r.low, r.high, 3),
            "reading": lambda r: METRICS[r.metric].reading,
        },
        "Patients with a panel only, all held out, both estimates for the same patients; 95% "
        "intervals by a bootstrap of patients. Whoever's panel cannot be used has the "
        "clinical estimate in both. The intervals lack the variance of refitting; one that holds "
        "0 does not show that the panel adds anything.",
    )


def make_panel_candidates_table(rows: Rows) -> Table:
    """Return what the panel's score is made of."""
    return Table.from_rows(
        "panel_candidates",
        "What the panel's score is made of.",
        rows,
        {
            "what it adds": "label",
            "weight": lambda r: number(r.weight),
            "mean weight over folds": lambda r: number(r.mean_weight),
            "folds with weight": lambda r: percent(r.share_used),
            "AUC alone": lambda r: number(r.auc),
            "folds without a score": lambda r: percent(r.share_constant),
        },
        "Weight: how much of it counts, by how probable the outcomes make it; what is left to 1 "
        "stays with the clinical estimate. AUC alone: of the score that it gives by itself, in "
        "held-out patients of the same fold.",
    )


def make_assays_table(caption: str, rows: Rows, values: pd.DataFrame | None = None) -> Table:
    """Return single assays beside the clinical estimate."""
    return Table.from_rows(
        "panel_assays",
        caption,
        rows,
        {
            "assay": "assay",
            "odds ratio per SD of ΔCt": lambda r: with_interval(r.odds_ratio, r.low, r.high),
            "p": lambda r: p_value(r.p_value),
            "q": lambda r: p_value(r.q_value),
            "detected": lambda r: percent(r.detected),
            "half samples": lambda r: percent(r.half_samples),
            "folds": lambda r: percent(r.folds),
            "log-odds in the model": lambda r: number(r.coefficient or None),
        },
        "An odds ratio above 1: responders have a higher ΔCt, so less of the microRNA. q: "
        "Benjamini-Hochberg over all assays. Half samples and folds: share in which the assay "
        "was selected; one that matters is selected nearly always.",
        values,
    )


def make_thresholds_table(
    horizon: str, thresholds: pd.DataFrame, curve: pd.DataFrame, note: str = ""
) -> Table:
    """Return what a horizon's thresholds of the probability do, and what they are worth.

    Parameters
    ----------
    horizon : str
        Such as "t1".
    thresholds : DataFrame
        :func:`training.measures.decision_curve.compute_threshold_table`.
    curve : DataFrame
        :func:`training.measures.decision_curve.compute_decision_curve` at the same thresholds.
    note : str
        What to read before the rest of the note.
    """
    return Table.from_rows(
        f"thresholds_{horizon}",
        f"At thresholds of the probability, {horizon.upper()}.",
        thresholds.merge(curve, on="threshold"),
        {
            "threshold": lambda r: percent(r.threshold),
            "at or above": lambda r: percent(r.share_positive),
            "sensitivity": lambda r: estimate_share(r, "sensitivity"),
            "specificity": lambda r: estimate_share(r, "specificity"),
            "PPV": lambda r: estimate_share(r, "ppv"),
            "NPV": lambda r: estimate_share(r, "npv"),
            "net benefit (95%)": lambda r: estimate(r, "net_benefit"),
            "treat all": lambda r: number(r.treat_all),
            "avoided per 100 beyond all or none (95%)": lambda r: estimate(r, "avoided_per_100", 0),
        },
        f"{note}Predictive values hold at this cohort's share of responders. Avoided: courses "
        "without response that the model spares 100 patients, net of responders missed, beyond "
        "what the better of treating all and treating none spares them; an interval that holds 0 "
        "shows no use of the model.",
    )
