"""Elastic net logistic regression beside a known part of the log-odds, many fits at once.

A panel has more assays than patients, and is fitted thousands of times: on folds, at every
penalty, on half samples. All fits of one set of patients are solved together as columns of one
matrix; each may leave rows out and has a penalty of its own.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray

__all__ = ["compute_scores", "fit_offset_net", "fit_offset_ridge"]


_TOLERANCE = 1e-5
"""Largest change of a coefficient, in log-odds per standard deviation, at which a fit rests."""
_MAX_STEPS = 20_000
_MAX_NEWTON_STEPS = 200
_LONGEST_MOVE = 1.5


def fit_shift(y: FloatArray, offset: FloatArray) -> float:
    """Return the shift of the log-odds `offset` that makes the mean risk the share of events."""
    shift = 0.0
    for _ in range(_MAX_NEWTON_STEPS):
        risk = expit(offset + shift)
        step = float(np.sum(y - risk) / np.sum(risk * (1 - risk)))
        shift += float(np.clip(step, -_LONGEST_MOVE, _LONGEST_MOVE))
        if abs(step) < 1e-10:
            return shift
    raise ArithmeticError("the mean risk could not be matched")


def compute_scores(Z: FloatArray, y: FloatArray, offset: FloatArray) -> FloatArray:
    """Return Rao's score statistic of each column, given a known part of the log-odds.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Standardised columns.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    offset : ndarray of shape (n,)
        Known part of the log-odds; an intercept is added to it.

    Returns
    -------
    ndarray of shape (n_columns,)
        Standard normal where a column tells nothing beyond the offset; positive where it goes
        with more events. Rao 1948, doi:10.1017/S0305004100023987.
    """
    risk = expit(offset + fit_shift(y, offset))
    weight = risk * (1 - risk)
    center = weight @ Z / weight.sum()
    variance = weight @ (Z - center) ** 2
    return np.asarray((y - risk) @ Z / np.sqrt(np.maximum(variance, 1e-12)))


def fit_offset_net(
    Z: FloatArray,
    y: FloatArray,
    offset: FloatArray,
    *,
    penalty: FloatArray,
    l1_share: float,
    row_weights: FloatArray | None = None,
) -> FloatArray:
    """Return elastic net logistic regressions beside an offset.

    Each fit minimises the sum of log losses plus `penalty` times (`l1_share` times the sum of
    absolute coefficients plus half of (1 - `l1_share`) times the sum of their squares); the
    intercept is free. Accelerated proximal gradient with restarts (Beck and Teboulle 2009,
    doi:10.1137/080716542; O'Donoghue and Candes 2015, doi:10.1007/s10208-013-9150-3); a fit that
    has come to rest is taken out.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Standardised columns.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    offset : ndarray of shape (n,)
        Known part of the log-odds.
    penalty : ndarray of shape (n_fits,)
        Above 0.
    l1_share : float
        Above 0, at most 1.
    row_weights : ndarray of shape (n, n_fits) or None
        From 0 (a row that is left out) to 1; None: all 1.

    Returns
    -------
    ndarray of shape (n_fits, n_columns)
        Coefficients without the intercept, in log-odds per unit of the column.

    Raises
    ------
    ArithmeticError
        If a fit does not come to rest.
    """
    n_fits = len(penalty)
    design = np.column_stack([np.ones(len(y)), Z])
    l1 = np.vstack([np.zeros(n_fits), np.tile(l1_share * penalty, (Z.shape[1], 1))])
    l2 = np.vstack([np.zeros(n_fits), np.tile((1 - l1_share) * penalty, (Z.shape[1], 1))])
    weights = np.ones((len(y), n_fits)) if row_weights is None else row_weights
    step = 1.0 / (np.linalg.norm(design, 2) ** 2 / 4 + (1 - l1_share) * penalty)
    found = np.zeros(l1.shape)
    open_ = np.arange(n_fits)
    beta, ahead, momentum = found.copy(), found.copy(), np.ones(n_fits)
    y_column, known = y[:, np.newaxis], offset[:, np.newaxis]
    for _ in range(_MAX_STEPS):
        residual = weights * (expit(known + design @ ahead) - y_column)
        moved = ahead - step * (design.T @ residual + l2 * ahead)
        after = np.sign(moved) * np.maximum(np.abs(moved) - step * l1, 0.0)
        change = after - beta
        momentum[np.sum((ahead - after) * change, axis=0) > 0] = 1.0  # it points uphill
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = after + (momentum - 1) / next_momentum * change
        beta, momentum = after, next_momentum
        resting = np.abs(change).max(axis=0) < _TOLERANCE
        if resting.any():
            found[:, open_[resting]] = beta[:, resting]
            left = ~resting
            if not left.any():
                return np.asarray(found[1:].T)
            open_, step, momentum = open_[left], step[left], momentum[left]
            l1, l2, beta, ahead = l1[:, left], l2[:, left], beta[:, left], ahead[:, left]
            weights = weights[:, left]
    raise ArithmeticError("elastic net logistic regression did not converge")


def fit_offset_ridge(
    Z: FloatArray, y: FloatArray, offset: FloatArray, *, prior_sd: float
) -> tuple[FloatArray, FloatArray]:
    """Return the posterior mode of a few coefficients beside an offset, and its precision.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Standardised columns, few.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    offset : ndarray of shape (n,)
        Known part of the log-odds.
    prior_sd : float
        Of the normal prior of each coefficient, in log-odds; the intercept is free.

    Returns
    -------
    mode : ndarray of shape (1 + n_columns,)
        Intercept and coefficients.
    precision : ndarray of shape (1 + n_columns, 1 + n_columns)
        Of the normal approximation of the posterior.

    Raises
    ------
    ArithmeticError
        If the steps do not come to rest.
    """
    design = np.column_stack([np.ones(len(y)), Z])
    penalty = np.full(design.shape[1], prior_sd**-2.0)
    penalty[0] = 0.0
    beta = np.zeros(design.shape[1])
    for _ in range(_MAX_NEWTON_STEPS):
        risk = expit(offset + design @ beta)
        precision = (design * (risk * (1 - risk))[:, np.newaxis]).T @ design + np.diag(penalty)
        step = np.linalg.solve(precision, design.T @ (y - risk) - penalty * beta)
        # Cut where it would move any log-odds far: the loss then falls at every step.
        reach = float(np.abs(design @ step).max())
        beta = beta + step * min(1.0, _LONGEST_MOVE / max(reach, _LONGEST_MOVE))
        if reach < 1e-8:
            return beta, precision
    raise ArithmeticError("ridge logistic regression did not converge")
