"""Penalised logistic regression, a whole path of penalties at once.

The procedure fits thousands of small logistic models. Checking arguments takes scikit-learn
longer than fitting them, and its `saga` stops before the intercept has arrived where every
coefficient is zero; here all penalties of a path are solved together as columns of one matrix,
to a tolerance that holds for each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit

from features.arrays import FloatArray

__all__ = ["fit_elastic_net_path", "fit_ridge_path"]


_TOLERANCE = 1e-8
_MAX_NEWTON_STEPS = 500
_MAX_GRADIENT_STEPS = 10_000
# Within a move of t in every log-odds, the logistic loss bends at most exp(t) times as it did at
# the start; a Newton step cut to t = 1.5 therefore always lowers the loss.
_LONGEST_MOVE = 1.5


def fit_ridge_path(Z: FloatArray, y: FloatArray, *, prior_sd: Sequence[float]) -> FloatArray:
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
        risk = expit(beta @ design.T)
        hessian = (design.T * (risk * (1 - risk))[:, np.newaxis, :]) @ design
        hessian[:, diagonal, diagonal] += penalty
        gradient = (y - risk) @ design - penalty * beta
        step = np.linalg.solve(hessian, gradient[:, :, np.newaxis])[:, :, 0]
        reach = np.abs(step @ design.T).max(axis=1, keepdims=True)
        beta += step * np.minimum(1.0, _LONGEST_MOVE / np.maximum(reach, _LONGEST_MOVE))
        if reach.max() < _TOLERANCE:
            return beta
    raise ArithmeticError("ridge logistic regression did not converge")


def fit_elastic_net_path(
    Z: FloatArray, y: FloatArray, *, inverse_penalty: Sequence[float], l1_share: float
) -> FloatArray:
    """Return elastic net logistic regressions: sum of log losses + penalty / C.

    The penalty is `l1_share` times the sum of absolute coefficients plus half of (1 - `l1_share`)
    times the sum of their squares; the intercept is free. Accelerated proximal gradient with
    restarts (Beck and Teboulle 2009, doi:10.1137/080716542; O'Donoghue and Candes 2015,
    doi:10.1007/s10208-013-9150-3).

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Design matrix without the intercept.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    inverse_penalty : sequence of float
        Values of C, above 0.
    l1_share : float
        Between 0 (ridge) and 1 (lasso).

    Returns
    -------
    ndarray of shape (n_settings, 1 + n_columns)
        Intercept and coefficients for each C, in log-odds.

    Raises
    ------
    ArithmeticError
        If the steps do not come to rest.
    """
    design = np.column_stack([np.ones(len(y)), Z])
    penalised = np.ones((design.shape[1], 1))
    penalised[0] = 0.0
    strength = penalised / np.asarray(inverse_penalty, dtype=np.float64)
    l1, l2 = l1_share * strength, (1 - l1_share) * strength
    step = 1.0 / (np.linalg.norm(design, 2) ** 2 / 4 + l2.max(axis=0))
    beta = np.zeros(strength.shape)
    beta[0] = logit(np.mean(y))
    ahead, momentum = beta, 1.0
    for _ in range(_MAX_GRADIENT_STEPS):
        gradient = design.T @ (expit(design @ ahead) - y[:, np.newaxis]) + l2 * ahead
        moved = ahead - step * gradient
        found = np.sign(moved) * np.maximum(np.abs(moved) - step * l1, 0.0)
        change = found - beta
        if np.sum((ahead - found) * change) > 0:  # the momentum points uphill
            momentum = 1.0
        after = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = found + (momentum - 1) / after * change
        beta, momentum = found, after
        if np.abs(change).max() < _TOLERANCE:
            return np.asarray(beta.T)
    raise ArithmeticError("elastic net logistic regression did not converge")
