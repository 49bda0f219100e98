"""What others compute of several centres' patients without their rows: BFI and ODAL.

Own code of the published formulas, for comparisons on the same cohorts. Both know an intercept and
slopes; neither chooses a penalty, knows of centres that differ (but for BFI's centre-specific
intercepts) or has an interval for a new centre.

References
----------
BFI: Jonker, Pazira, Coolen 2024, doi:10.1002/sim.10072. ODAL: Duan 2020, doi:10.1093/jamia/ocz199.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from features.arrays import FloatArray

__all__ = ["CentreRows", "compute_odal", "fit_bfi", "fit_local"]

_TOLERANCE = 1e-9
_MAX_STEPS = 200
_LONGEST_MOVE = 1.5
_TINY = 1e-4
"""Penalty that keeps maximum likelihood finite where a centre's patients separate."""
_FAR = 15.0
"""Log-odds beyond which a coefficient is taken to have run away."""


class CentreRows(NamedTuple):
    """One centre's patients.

    Parameters
    ----------
    Z : ndarray of shape (n, p)
        Columns, without the intercept.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    """

    Z: FloatArray
    y: FloatArray


class Inference(NamedTuple):
    """An estimate and how sure it is.

    Parameters
    ----------
    beta : ndarray of shape (k,)
        Intercept or intercepts first, then slopes, in log-odds.
    precision : ndarray of shape (k, k)
        Inverse of the covariance.
    """

    beta: FloatArray
    precision: FloatArray

    @property
    def sd(self) -> FloatArray:
        """Standard deviation of each, in log-odds."""
        return np.asarray(np.sqrt(np.diag(np.linalg.inv(self.precision))))


def _add_ones(Z: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(Z)), Z])


def _compute_information(design: FloatArray, beta: FloatArray) -> FloatArray:
    risk = expit(design @ beta)
    return np.asarray((design * (risk * (1 - risk))[:, np.newaxis]).T @ design)


def fit_local(rows: CentreRows, penalty: float) -> Inference:
    """Return one centre's mode and curvature.

    Parameters
    ----------
    rows : CentreRows
        Its patients.
    penalty : float
        Prior precision of the intercept and of every slope, above 0.

    Returns
    -------
    Inference
        The posterior mode, and minus the second derivative of the log-posterior there, the
        prior's part included.

    Raises
    ------
    ArithmeticError
        If Newton's steps do not come to rest.
    """
    design = _add_ones(rows.Z)
    prior = penalty * np.eye(design.shape[1])
    beta = np.zeros(design.shape[1])
    for _ in range(_MAX_STEPS):
        precision = _compute_information(design, beta) + prior
        gradient = design.T @ (rows.y - expit(design @ beta)) - prior @ beta
        step = np.linalg.solve(precision, gradient)
        reach = float(np.abs(design @ step).max())
        beta = beta + step * min(1.0, _LONGEST_MOVE / max(reach, _LONGEST_MOVE))
        if reach < _TOLERANCE:
            return Inference(beta, _compute_information(design, beta) + prior)
    raise ArithmeticError("a centre's logistic regression did not converge")


def fit_bfi(
    centres: Sequence[CentreRows], *, penalty: float = 0.01, own_intercepts: bool = False
) -> Inference:
    """Combine the centres' own modes in one round (Bayesian federated inference).

    The log-posterior of all patients is taken as the sum of the centres' quadratic expansions,
    each at its own mode, less the priors counted more than once.

    Parameters
    ----------
    centres : sequence of CentreRows
        All of the same columns.
    penalty : float
        Prior precision of every parameter, at the centres and of the combination; 0.01 is that
        of the authors' examples.
    own_intercepts : bool
        Whether each centre keeps an intercept of its own (the authors' "stratified" model).

    Returns
    -------
    Inference
        The intercept, or one for each centre in their order, then the slopes.
    """
    local = [fit_local(rows, penalty) for rows in centres]
    n_intercepts = len(centres) if own_intercepts else 1
    n_slopes = centres[0].Z.shape[1]
    precision = penalty * np.eye(n_intercepts + n_slopes)
    pull = np.zeros(n_intercepts + n_slopes)
    for k, one in enumerate(local):
        place = np.r_[k if own_intercepts else 0, n_intercepts : n_intercepts + n_slopes]
        precision[np.ix_(place, place)] += one.precision - penalty * np.eye(len(place))
        pull[place] += one.precision @ one.beta
    return Inference(np.asarray(np.linalg.solve(precision, pull)), precision)


def compute_odal(
    centres: Sequence[CentreRows], *, lead: int, start: FloatArray | None = None, order: int = 1
) -> tuple[FloatArray, bool]:
    """Return what the lead centre's surrogate likelihood gives (ODAL1 or ODAL2).

    The lead maximises its own mean log-likelihood, corrected by the gradient of all at one common
    place (ODAL1), and by the difference of the second derivatives there (ODAL2).

    Parameters
    ----------
    centres : sequence of CentreRows
        All of the same columns.
    lead : int
        Which centre's rows are used as they are.
    start : ndarray of shape (1 + p,) or None
        The common place; None: the centres' maximum-likelihood estimates weighted by their inverse
        variances, as the authors' software does.
    order : {1, 2}
        ODAL1 or ODAL2.

    Returns
    -------
    beta : ndarray of shape (1 + p,)
        Intercept and slopes, in log-odds.
    found : bool
        Whether the surrogate has a maximum. Where it has none, which happens in small centres,
        `beta` is the common place.
    """
    at = _average(centres) if start is None else np.asarray(start, dtype=np.float64)
    designs = [_add_ones(rows.Z) for rows in centres]
    n_all = sum(len(rows.y) for rows in centres)
    gradients = [
        design.T @ (rows.y - expit(design @ at))
        for design, rows in zip(designs, centres, strict=True)
    ]
    bends = [-_compute_information(design, at) for design in designs]
    own, y = designs[lead], centres[lead].y
    tilt = np.sum(gradients, axis=0) / n_all - gradients[lead] / len(y)
    bend = np.sum(bends, axis=0) / n_all - bends[lead] / len(y)
    bend = bend if order == 2 else np.zeros_like(bend)

    def objective(beta: FloatArray) -> tuple[float, FloatArray]:
        margin, away = own @ beta, beta - at
        likelihood = np.mean(y * margin - np.logaddexp(0.0, margin))
        value = likelihood + tilt @ beta + away @ bend @ away / 2
        slope = own.T @ (y - expit(margin)) / len(y) + tilt + bend @ away
        return -float(value), -slope

    bounds = [(-_FAR, _FAR)] * len(at)
    options = {"gtol": 1e-12, "ftol": 1e-16, "maxiter": 1000}
    start = np.clip(at, -_FAR, _FAR)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    # It often stops for want of precision when it is there: the gradient is what tells.
    there = float(np.abs(found.jac).max()) < 1e-6 and float(np.abs(found.x).max()) < _FAR
    return (np.asarray(found.x), True) if there else (at, False)


def _average(centres: Sequence[CentreRows]) -> FloatArray:
    """Return the estimates of maximum likelihood, weighted by their inverse variances."""
    local = [fit_local(rows, _TINY) for rows in centres]
    weights = [1 / one.sd**2 for one in local]
    total = np.sum([w * one.beta for w, one in zip(weights, local, strict=True)], axis=0)
    return np.asarray(total / np.sum(weights, axis=0))
