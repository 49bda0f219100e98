"""Patients whose outcome was never seen: who they are, and how far they could move the result.

Three answers, from the mildest to the strictest: a table of those seen beside those not seen; a
result in which those seen stand for those like them (inverse-probability weights); and the best
and the worst that any outcomes of the unseen could make of it, whatever the reason they are
missing.

References
----------
Seaman and White 2013, doi:10.1177/0962280210395740 (weighting); Horowitz and Manski 2000,
doi:10.1080/01621459.2000.10473902 (bounds).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.variable import Variable
from features.shares import FEWEST
from training.measures.patients.table_one import can_summarise, compute_normality, compute_table_one
from training.measures.performance import compute_cv_draws

__all__ = ["compute_metric_bounds", "compute_seen_table"]


_MOST_ASSIGNMENTS = 20


def compute_metric_bounds(
    y: FloatArray, predictions: FloatArray, folds: IntArray, base: FloatArray
) -> pd.DataFrame:
    """Return how good and how bad the result could be, whatever the unknown outcomes are.

    The held-out risks stay as they are: what changes is the outcomes they are judged by. Tried
    are no and all responders among the unknown, and, for each number in between, those with the
    highest and those with the lowest held-out risks.

    Parameters
    ----------
    y : ndarray of shape (n,)
        1 event, 0 none, NaN unknown; at least one known.
    predictions : ndarray of shape (n_repeats, n)
        Held-out risks of everyone.
    folds : ndarray of int of shape (n_repeats, n)
        The fold that held each patient out.
    base : ndarray of shape (n_repeats, n)
        The prevalence of each training part.

    Returns
    -------
    DataFrame
        Indexed by `metric` (share_of_responders, auc, brier, brier_skill, o_e): `known`, with
        known outcomes only and unweighted; `lowest` and `highest` over everyone. Attribute
        `unknown` holds the number of unknown outcomes. The wider, the less the data can say.
        With one repeat of one fold the ends are exact up to 20 unknown outcomes, and to 0.001
        beyond; an AUC within folds and over repeats, which rank patients in different ways, can
        pass its ends by 0.02.
    """
    unknown = np.flatnonzero(np.isnan(y))
    by_risk = unknown[np.argsort(predictions[:, unknown].mean(axis=0), kind="stable")]
    size = len(unknown)
    counts = {round(count) for count in np.linspace(0, size, _MOST_ASSIGNMENTS + 1)}
    # The Brier score is lowest or highest where the unknown fall on one side of a risk of 1/2.
    above = int((predictions[:, unknown].mean(axis=0) > 0.5).sum())
    results = []
    for count in sorted(counts | {above, size - above}):
        for responders in (by_risk[size - count :], by_risk[:count]):
            outcome = y.copy()
            outcome[unknown] = 0.0
            outcome[responders] = 1.0
            results.append(_evaluate(outcome, predictions, folds, base))
    table = pd.DataFrame({"known": _evaluate(y, predictions, folds, base)})
    table["lowest"] = pd.DataFrame(results).min()
    table["highest"] = pd.DataFrame(results).max()
    table.index.name = "metric"
    table.attrs["unknown"] = size
    return table


def _evaluate(
    y: FloatArray, predictions: FloatArray, folds: IntArray, base: FloatArray
) -> dict[str, float]:
    draws = compute_cv_draws(
        y, predictions, folds, base_predictions=base, n_bootstrap=0, seed=0, slopes=False
    )
    estimates = draws.iloc[0]
    return {"share_of_responders": float(np.nanmean(y))} | {
        name: float(estimates[name]) for name in ("auc", "brier", "brier_skill", "o_e")
    }


def compute_seen_table(
    table: pd.DataFrame, seen: BoolArray, variables: tuple[Variable, ...]
) -> pd.DataFrame | None:
    """Describe the patients whose outcome was seen beside those whose outcome was not.

    Parameters
    ----------
    table : DataFrame
        Encoded values of the patients, one row each.
    seen : ndarray of bool of shape (n,)
        Whether the outcome is known.
    variables : tuple of Variable
        What to compare; those with fewer than three known values in either group are left out.

    Returns
    -------
    DataFrame or None
        From :func:`training.measures.patients.table_one.compute_table_one`, with columns "seen" and
        "not seen", `smd` with its interval and `by_chance`; None with fewer than three patients in
        either group, who are too few to be described.
    """
    if min(int(seen.sum()), int((~seen).sum())) < FEWEST:
        return None
    order = np.argsort(~seen, kind="stable")  # those seen first: groups are shown as they come
    ordered = table.iloc[order].reset_index(drop=True)
    groups = np.where(seen[order], "seen", "not seen").astype(object)
    usable = [
        variable
        for variable in variables
        if variable.is_encodable
        and variable.name in ordered
        and can_summarise(ordered[variable.name], groups=groups)
    ]
    if not usable:
        return None
    normality = compute_normality(ordered, usable)
    return compute_table_one(ordered, usable, normality=normality, groups=groups)
