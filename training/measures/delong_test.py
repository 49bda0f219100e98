"""Whether one model ranks the same patients better than another: DeLong's paired test.

Beside the bootstrap, which resamples patients: here the variance of the difference is computed from
what each patient contributes to either AUC. The contributions belong to patients and are never
stored; only the result is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from features.arrays import FloatArray, IntArray
from training.measures.discrimination import compute_placements
from training.measures.weighted import check_evaluation, round_risks

__all__ = ["AucParts", "DelongTest", "compare_auc", "compute_auc_parts"]

_Z95 = float(norm.ppf(0.975))


@dataclass(frozen=True, eq=False)
class AucParts:
    """An AUC, and what each patient contributes to its error.

    Parameters
    ----------
    auc : float
        NaN where no fold holds both classes.
    parts : ndarray of shape (n_known,)
        Each patient's influence on it; they add to 0 within either class.
    y, weight : ndarray of shape (n_known,)
        Outcomes, 0 or 1, and weights of the patients with a known outcome.
    """

    auc: float
    parts: FloatArray
    y: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class DelongTest:
    """Two AUCs of the same patients.

    Parameters
    ----------
    first, second, difference : float
        The AUCs, and the second less the first.
    low, high : float
        95% normal interval of the difference.
    p_value : float
        Of the two being equal, two-sided. 1 where the two rank all patients alike; NaN, as the
        interval, where the variance cannot be told: under two patients of a class, or a
        difference that is the same for every patient.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    p_value: float


def compute_auc_parts(
    y: ArrayLike,
    predictions: ArrayLike,
    folds: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
) -> AucParts:
    """Return an AUC and what each patient contributes to its error.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 event, 0 none, NaN unknown (left out).
    predictions : array_like of shape (n,) or (n_repeats, n)
        Risks, 0 to 1: of a frozen model, or out of fold.
    folds : array_like of int, shape of `predictions`, optional
        The fold that held each patient out. Only patients of one fold are ranked against each
        other, as in :func:`training.measures.performance.compute_cv_performance`; without folds
        all are.
    sample_weight : array_like of shape (n,), optional
        Inverse probabilities of being seen, not repetitions.
    """
    outcome, rows, weight = check_evaluation(y, predictions, sample_weight, repeats=True)
    fold = np.zeros(rows.shape, dtype=np.int64)
    if folds is not None:
        known = ~np.isnan(np.asarray(y, dtype=np.float64))
        fold = np.atleast_2d(np.asarray(folds))[:, known].astype(np.int64)
    found = [
        _compute_repeat(outcome, risk, part, weight) for risk, part in zip(rows, fold, strict=True)
    ]
    ranked = [(auc, parts) for auc, parts in found if np.isfinite(auc)]
    if not ranked:
        return AucParts(np.nan, np.full(len(outcome), np.nan), outcome, weight)
    return AucParts(
        float(np.mean([auc for auc, _ in ranked])),
        np.mean([parts for _, parts in ranked], axis=0),
        outcome,
        weight,
    )


def _compute_repeat(
    y: FloatArray, risk: FloatArray, folds: IntArray, weight: FloatArray
) -> tuple[float, FloatArray]:
    """Return the AUC within folds, and the influence of each patient on it."""
    score = round_risks(risk)
    right, opposite = np.zeros(len(y)), np.zeros(len(y))
    for number in np.unique(folds):
        cases, controls = ((folds == number) & (y == k) & (weight > 0) for k in (1, 0))
        if cases.any() and controls.any():
            right[cases], right[controls] = compute_placements(score, weight, cases, controls)
            opposite[cases], opposite[controls] = weight[controls].sum(), weight[cases].sum()
    pairs = weight * opposite
    total = pairs[y == 1].sum()
    if total == 0:
        return np.nan, np.full(len(y), np.nan)
    auc = float(pairs[y == 1] @ right[y == 1] / total)
    return auc, pairs * (right - auc) / total


def compare_auc(first: AucParts, second: AucParts) -> DelongTest:
    """Test whether two models rank the same patients equally well.

    Parameters
    ----------
    first, second : AucParts
        Of the same patients in the same order.

    Returns
    -------
    DelongTest
        As of fixed predictions: the variance of refitting either model is not in it. Where each
        patient meets few of the other class, as in one repeat of small folds, the interval is up
        to a tenth too wide; ten repeats leave a twentieth. It is no test of nested models on the
        patients that they were fitted to (Demler 2012).

    Raises
    ------
    ValueError
        If the two are not of the same patients.

    References
    ----------
    DeLong 1988, doi:10.2307/2531595; Demler 2012, doi:10.1002/sim.5328.
    """
    # By hand: what there is on the package index takes neither folds nor weights.
    if not np.array_equal(first.y, second.y):
        raise ValueError("the two were not judged on the same patients")
    away, difference = second.parts - first.parts, second.auc - first.auc
    variance = 0.0
    for k in (0, 1):
        n = int(((first.y == k) & ((first.weight > 0) | (second.weight > 0))).sum())
        parts = away[first.y == k]
        variance += float(parts @ parts) * n / (n - 1) if n > 1 else np.nan
    error = float(np.sqrt(variance)) if variance > 1e-20 else np.nan
    p_value = float(2 * norm.sf(abs(difference) / error))
    if difference == 0 and not away.any():
        p_value = 1.0
    return DelongTest(
        first=first.auc,
        second=second.auc,
        difference=difference,
        low=difference - _Z95 * error,
        high=difference + _Z95 * error,
        p_value=p_value,
    )
