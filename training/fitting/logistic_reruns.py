"""Bootstrap reruns of plain maximum-likelihood logistic regression, all samples at once.

The general way (:func:`training.fitting.bootstrap.predict_from_bootstraps`) fills, scales and fits
sample by sample. Maximum likelihood does not depend on how columns are scaled, so that without
missing predictors all samples can be fitted as rows of weights of one design matrix. Samples that
are out of the ordinary (a column without spread, one class, no finite estimate) are left to the
general way; both give the same risks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.preprocessing import make_basis
from features.dictionary.variable import Variable
from training.measures.weighted import fit_logistic_rows

__all__ = ["predict_logistic_reruns"]


_CHUNK = 200_000  # patients x samples that one step holds at a time


def predict_logistic_reruns(
    X: FloatArray, y: FloatArray, counts: IntArray, predictors: Sequence[Variable]
) -> FloatArray:
    """Return the risks of all patients by the model of each bootstrap sample.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors.
    y : ndarray of shape (n,)
        0, 1, or NaN where the outcome is unknown: predicted, but not fitted on.
    counts : ndarray of int of shape (n_samples, n)
        How often each patient stands in each sample.
    predictors : sequence of Variable
        In the order of the columns.

    Returns
    -------
    ndarray of shape (n_samples, n)
        NaN in the rows of samples that have to be fitted one by one: all of them where any
        predictor is missing.
    """
    risks = np.full(counts.shape, np.nan)
    known = ~np.isnan(y)
    if np.isnan(X).any() or known.sum() == 0:
        return risks
    basis = make_basis(predictors).fit(X[known])
    Z = np.ascontiguousarray(basis.expand(X))
    numeric = np.array([predictors[group].is_numeric for group in basis.groups_])
    size = max(1, _CHUNK // len(X))
    for start in range(0, len(counts), size):
        part = slice(start, start + size)
        risks[part] = _predict(Z, y, known, counts[part], numeric)
    return risks


def _predict(
    Z: FloatArray, y: FloatArray, known: BoolArray, counts: IntArray, numeric: BoolArray
) -> FloatArray:
    weights = counts[:, known].astype(np.float64)
    columns, outcome = Z[known], y[known]
    total = weights.sum(axis=1, keepdims=True)
    center = np.divide(weights @ columns, total, where=total > 0, out=np.zeros_like(total + Z[0]))
    spread = weights @ columns**2 - total * center**2
    events = weights @ outcome
    usual = (spread > 1e-9).all(axis=1) & (events > 0) & (events < total[:, 0])
    beta = np.full((len(counts), 1 + Z.shape[1]), np.nan)
    design = np.column_stack([np.ones(len(columns)), columns])
    whole = fit_logistic_rows(design, outcome, np.ones((1, len(outcome))))[0]
    start = whole if np.isfinite(whole).all() else 0.0
    beta[usual] = fit_logistic_rows(design, outcome, weights[usual], start=start)
    margin = beta[:, :1] + beta[:, 1:] @ Z.T
    for column in np.flatnonzero(numeric):
        for sign in (1.0, -1.0):
            _hold_to_range(margin, sign * Z[:, column], sign * beta[:, 1 + column], counts, known)
    return np.asarray(expit(margin))


def _hold_to_range(
    margin: FloatArray, z: FloatArray, coef: FloatArray, counts: IntArray, known: BoolArray
) -> None:
    """Take values above the largest that a sample holds as this largest one, in place."""
    drawn = np.flatnonzero(known)
    order = drawn[np.argsort(-z[drawn], kind="stable")]
    # The first patient of a sample, counted from the top; few samples lack more than a handful.
    open_rows, place, top = np.arange(len(counts)), 0, np.full(len(counts), np.nan)
    while len(open_rows) and place < len(order):
        there = counts[open_rows, order[place]] > 0
        top[open_rows[there]] = z[order[place]]
        open_rows = open_rows[~there]
        place += 1
    for patient in np.flatnonzero(z > np.nanmin(top, initial=np.inf)):
        beyond = z[patient] > top
        margin[beyond, patient] -= coef[beyond] * (z[patient] - top[beyond])
