"""Penalised logistic regression beside an offset, many fits at once.

The procedure fits thousands of small logistic models: on folds, at every penalty, on half
samples. scikit-learn takes no offset (the clinical log-odds beside which a panel is fitted), checks
arguments for longer than such a fit takes, and its `saga` stops before the intercept has arrived
where every coefficient is zero. Here all fits of one set of patients are solved together as
columns of one matrix, to a tolerance that holds for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from features.arrays import FloatArray

__all__ = ["compute_precision", "draw_normal", "fit_elastic_net", "fit_intercept", "fit_ridge"]


_TOLERANCE = 1e-8
_MAX_NEWTON_STEPS = 500
_MAX_GRADIENT_STEPS = 20_000
# Within a move of t in every log-odds, the logistic loss bends at most exp(t) times as it did at
# the start; a Newton step cut to t = 1.5 therefore always lowers the loss.
_LONGEST_MOVE = 1.5


def fit_intercept(
    margin: FloatArray, mean: float, *, finish: Callable[[FloatArray], FloatArray] = expit
) -> float:
    """Return the shift of the log-odds `margin` that makes the mean risk equal `mean`.

    Parameters
    ----------
    margin : ndarray of any shape
        Log-odds.
    mean : float
        Wanted mean risk, strictly between 0 and 1.
    finish : callable
        Turns log-odds into risks, rising.
    """

    def excess(shift: float) -> float:
        return float(np.mean(finish(margin + shift))) - mean

    reach = 20.0 + float(np.max(np.abs(margin)))
    return float(brentq(excess, -reach, reach, xtol=1e-13))


def fit_ridge(
    Z: FloatArray, y: FloatArray, *, prior_sd: Sequence[float], offset: FloatArray | float = 0.0
) -> FloatArray:
    """Return the posterior modes of logistic regression under normal priors.

    Newton's method; a step is cut where it would move any log-odds by more than 1.5, so that
    the loss falls at every step, under separation too.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Design matrix without the intercept.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    prior_sd : sequence of float
        Prior standard deviations of every coefficient, above 0; the intercept is free.
    offset : ndarray of shape (n,) or float
        Known part of the log-odds.

    Returns
    -------
    ndarray of shape (n_settings, 1 + n_columns)
        Intercept and coefficients for each prior standard deviation, in log-odds.

    Raises
    ------
    ArithmeticError
        If the steps do not come to rest.
    """
    design = np.column_stack([np.ones(len(y)), Z])
    penalty = np.repeat(
        np.asarray(prior_sd, dtype=np.float64)[:, np.newaxis] ** -2.0, design.shape[1], axis=1
    )
    penalty[:, 0] = 0.0
    diagonal = np.arange(design.shape[1])
    beta = np.zeros(penalty.shape)
    beta[:, 0] = logit(np.mean(y))
    for _ in range(_MAX_NEWTON_STEPS):
        risk = expit(offset + beta @ design.T)
        hessian = (design.T * (risk * (1 - risk))[:, np.newaxis, :]) @ design
        hessian[:, diagonal, diagonal] += penalty
        gradient = (y - risk) @ design - penalty * beta
        step = np.linalg.solve(hessian, gradient[:, :, np.newaxis])[:, :, 0]
        reach = np.abs(step @ design.T).max(axis=1, keepdims=True)
        beta += step * np.minimum(1.0, _LONGEST_MOVE / np.maximum(reach, _LONGEST_MOVE))
        if reach.max() < _TOLERANCE:
            return beta
    raise ArithmeticError("ridge logistic regression did not converge")


def compute_precision(
    Z: FloatArray, mode: FloatArray, *, prior_sd: float, offset: FloatArray | float = 0.0
) -> FloatArray:
    """Return the precision (1 + n_columns, 1 + n_columns) of the posterior around its mode.

    Parameters as in :func:`fit_ridge`, of which `mode` (1 + n_columns,) is one row.
    """
    design = np.column_stack([np.ones(len(Z)), Z])
    risk = expit(offset + design @ mode)
    precision = (design * (risk * (1 - risk))[:, np.newaxis]).T @ design
    precision[1:, 1:] += np.eye(Z.shape[1]) / prior_sd**2
    return np.asarray(precision)


def draw_normal(
    mode: FloatArray, precision: FloatArray, n_draws: int, *, rng: np.random.Generator
) -> FloatArray:
    """Return draws (n_draws, n) from the normal distribution of this mode and precision."""
    # A draw is the mode plus L^-T z, where L L^T is the precision.
    factor = np.linalg.cholesky(precision)
    noise = rng.standard_normal((len(mode), n_draws))
    return np.asarray(mode + np.linalg.solve(factor.T, noise).T)


def fit_elastic_net(
    Z: FloatArray,
    y: FloatArray,
    *,
    penalty: FloatArray,
    l1_share: float,
    offset: FloatArray | float = 0.0,
    row_weights: FloatArray | None = None,
    start: float = 0.0,
    tolerance: float = _TOLERANCE,
    together: bool = False,
) -> FloatArray:
    """Return elastic net logistic regressions: sum of log losses + penalty.

    The penalty is `penalty` times (`l1_share` times the sum of absolute coefficients plus half of
    (1 - `l1_share`) times the sum of their squares); the intercept is free. Accelerated proximal
    gradient with restarts (Beck and Teboulle 2009, doi:10.1137/080716542; O'Donoghue and Candes
    2015, doi:10.1007/s10208-013-9150-3).

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Standardised columns, without the intercept.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    penalty : ndarray of shape (n_fits,)
        Above 0.
    l1_share : float
        Between 0 (ridge) and 1 (lasso).
    offset : ndarray of shape (n,) or float
        Known part of the log-odds.
    row_weights : ndarray of shape (n, n_fits) or None
        From 0 (a row that is left out) to 1; None: all 1.
    start : float
        Where the intercepts begin.
    tolerance : float
        Largest change of a coefficient, in log-odds, at which a fit rests.
    together : bool
        Whether all fits share one momentum and rest at once, which costs less where a handful of
        them have few columns; else each has its own and is taken out as it comes to rest.

    Returns
    -------
    ndarray of shape (n_fits, 1 + n_columns)
        Intercept and coefficients, in log-odds per unit of the column.

    Raises
    ------
    ArithmeticError
        If a fit does not come to rest.
    """
    n_fits = len(penalty)
    design = np.column_stack([np.ones(len(y)), Z])
    penalised = np.ones((design.shape[1], 1))
    penalised[0] = 0.0
    l1, l2 = l1_share * penalised * penalty, (1 - l1_share) * penalised * penalty
    step = 1.0 / (np.linalg.norm(design, 2) ** 2 / 4 + l2.max(axis=0))
    y = y[:, np.newaxis]
    known = offset[:, np.newaxis] if isinstance(offset, np.ndarray) else offset
    found = np.zeros(l1.shape)
    found[0] = start
    open_ = np.arange(n_fits)
    beta, ahead, momentum = found.copy(), found.copy(), np.ones(1 if together else n_fits)
    each = None if together else 0
    for _ in range(_MAX_GRADIENT_STEPS):
        residual = expit(known + design @ ahead) - y
        if row_weights is not None:
            residual *= row_weights
        moved = ahead - step * (design.T @ residual + l2 * ahead)
        after = np.sign(moved) * np.maximum(np.abs(moved) - step * l1, 0.0)
        change = after - beta
        momentum[np.sum((ahead - after) * change, axis=each) > 0] = 1.0  # it points uphill
        longer = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = after + (momentum - 1) / longer * change
        beta, momentum = after, longer
        resting = np.abs(change).max(axis=each) < tolerance
        if np.count_nonzero(resting):
            left = np.broadcast_to(~resting, open_.shape)
            found[:, open_[~left]] = beta[:, ~left]
            if not left.any():
                return np.asarray(found.T)
            open_, step, momentum = open_[left], step[left], momentum[left]
            l1, l2, beta, ahead = l1[:, left], l2[:, left], beta[:, left], ahead[:, left]
            row_weights = None if row_weights is None else row_weights[:, left]
    raise ArithmeticError("elastic net logistic regression did not converge")
