"""Whether patients with the event get higher risks than patients without it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from features.arrays import BoolArray, FloatArray
from training.measures.weighted import check_evaluation, ratio

__all__ = ["compute_auc", "compute_auc_delong", "compute_placements", "count_pairs"]

_Z95 = float(ndtri(0.975))


def compute_auc(y: ArrayLike, p: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the probability that a patient with the event scores above one without it.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown.
    p : array_like, shape (n,)
        Any score; equal scores count one half.
    sample_weight : array_like, shape (n,), optional
        A pair weighs the product of its two patients' weights.

    Returns
    -------
    float
        0.5 is no discrimination, 1 perfect, below 0.5 the wrong way round; NaN when one class is
        absent.

    References
    ----------
    Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747.
    """
    outcome, score, weight = check_evaluation(y, p, sample_weight, risks=False)
    concordant, pairs = count_pairs(outcome, score[None], weight[None, None])
    return float(ratio(concordant, pairs)[0, 0])


def compute_auc_delong(
    y: ArrayLike, p: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> tuple[float, float, float, float]:
    """Return the AUC with DeLong's variance and 95% interval.

    Parameters
    ----------
    y, p
        As in :func:`compute_auc`.
    sample_weight : array_like, shape (n,), optional
        Inverse probabilities of being seen, not repetitions: patients count as so many as they
        are, however much they weigh.

    Returns
    -------
    auc, low, high, variance : float
        Normal interval, cut off at 0 and 1. It needs two patients of either class, and is NaN at
        an AUC of exactly 0 or 1, where the variance is estimated as 0 and would read as certainty.

    References
    ----------
    DeLong 1988, doi:10.2307/2531595.
    """
    # By hand: scikit-learn, scipy and statsmodels have no DeLong, and what there is on the
    # package index takes no weights.
    outcome, score, weight = check_evaluation(y, p, sample_weight, risks=False)
    cases, controls = (outcome == 1) & (weight > 0), (outcome == 0) & (weight > 0)
    if not (cases.any() and controls.any()):
        return np.nan, np.nan, np.nan, np.nan
    right, left = compute_placements(score, weight, cases, controls)
    auc = float(np.average(right, weights=weight[cases]))
    if min(len(right), len(left)) < 2:
        return auc, np.nan, np.nan, np.nan
    variance = sum(
        float(np.sum(w**2 * (share - auc) ** 2) / w.sum() ** 2) * len(w) / (len(w) - 1)
        for share, w in ((right, weight[cases]), (left, weight[controls]))
    )
    if auc in (0.0, 1.0):
        return auc, np.nan, np.nan, variance
    half = _Z95 * np.sqrt(variance)
    return auc, float(max(auc - half, 0.0)), float(min(auc + half, 1.0)), variance


def compute_placements(
    score: FloatArray, weight: FloatArray, cases: BoolArray, controls: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return DeLong's placements: the share of the other class each patient lies rightly of.

    Parameters
    ----------
    score, weight : ndarray, shape (n,)
    cases, controls : ndarray of bool, shape (n,)
        At least one of either.

    Returns
    -------
    of_cases, of_controls : ndarray
        The weighted share of controls below each case, and of cases above each control; ties
        count one half.
    """
    right = _share_below(score, weight, of=cases, among=controls)
    return right, 1 - _share_below(score, weight, of=controls, among=cases)


def _share_below(
    score: FloatArray, weight: FloatArray, *, of: BoolArray, among: BoolArray
) -> FloatArray:
    """Return the weighted share of `among` that each of `of` lies above, ties one half."""
    order = np.argsort(score[among], kind="stable")
    ordered = score[among][order]
    total = np.concatenate([[0.0], np.cumsum(weight[among][order])])
    below = total[np.searchsorted(ordered, score[of], side="left")]
    upto = total[np.searchsorted(ordered, score[of], side="right")]
    return np.asarray((below + upto) / 2 / total[-1])


def count_pairs(
    y: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the pairs of an event and a non-event of each model under each of its weights.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1.
    scores : ndarray, shape (n_models, n)
        Equal scores count one half.
    weights : ndarray, shape (n_models, n_weights, n)
        Non-negative; a pair weighs the product of its two patients' weights.

    Returns
    -------
    concordant, pairs : ndarray, shape (n_models, n_weights)
        Their ratio is the AUC.
    """
    # Not scikit-learn's roc_auc_score, which takes one model and one set of weights at a time.
    order = np.argsort(scores, axis=1)
    ordered = np.take_along_axis(scores, order, axis=1)
    sorted_weights = np.take_along_axis(weights, order[:, None, :], axis=2)
    cases = sorted_weights * y[order][:, None, :]
    controls = sorted_weights - cases
    below = np.cumsum(controls, axis=2) - controls / 2
    ties = np.flatnonzero((np.diff(ordered, axis=1) == 0).any(axis=1))
    if len(ties):
        below[ties] = _count_below(ordered[ties], controls[ties])
    concordant = np.einsum("mwn,mwn->mw", cases, below)
    return concordant, cases.sum(axis=2) * controls.sum(axis=2)


def _count_below(ordered: FloatArray, controls: FloatArray) -> FloatArray:
    """Return the controls below each patient, those at the same score counted half."""
    n = ordered.shape[1]
    place = np.arange(n)
    starts = np.diff(ordered, axis=1, prepend=-np.inf) != 0
    ends = np.diff(ordered, axis=1, append=np.inf) != 0
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, place, n - 1)[:, ::-1], axis=1)[:, ::-1]
    upto = np.cumsum(controls, axis=2)
    before = upto - controls
    at_first = np.take_along_axis(before, first[:, None, :], axis=2)
    at_last = np.take_along_axis(upto, last[:, None, :], axis=2)
    return np.asarray((at_first + at_last) / 2)
