"""How the model made without a centre does at that centre: computed there, told as sums.

What a centre is sent are coefficients that its own patients had no part in. It takes its own
intercept for them, since centres differ in how many respond; so does the prevalence that they are
compared with. From the sums of all centres follow the penalty and the weight that the model may
have beside the prevalence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial
from scipy.optimize import minimize_scalar

from features.arrays import FloatArray
from training.fitting.blending import compute_log_loss
from training.fitting.solvers import fit_intercept
from training.network.arithmetic.likelihood import Point

__all__ = [
    "WEIGHTS",
    "Shrinking",
    "compute_home_loss",
    "compute_shrinking",
    "estimate_shrinking",
    "find_weight",
]

WEIGHTS: FloatArray = np.linspace(0.0, 1.0, 11)
"""Shares of a model beside the prevalence at which a centre tells its loss."""
_NEGLIGIBLE = 1e-3
_DEGREE = 4


@dataclass(frozen=True, eq=False)
class Shrinking:
    """What a centre tells of a model that it had no part in, drawn toward the prevalence.

    Parameters
    ----------
    n : int
        Patients.
    losses : ndarray of shape (11,)
        Log loss, in nats, summed over patients, at each of :data:`WEIGHTS` of the model.
    intercepts : ndarray of shape (11,)
        The centre's own intercept at each.
    squares : float
        Sum of squares of the model's log-odds about their mean.
    """

    n: int
    losses: FloatArray
    intercepts: FloatArray
    squares: float


def compute_home_loss(margin: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return the summed log loss, in nats, of log-odds with an intercept fitted, and that one.

    Parameters
    ----------
    margin : ndarray of shape (n,)
        Log-odds without an intercept.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    """
    intercept = fit_intercept(margin, float(np.mean(y)))
    return float(compute_log_loss(margin + intercept, y).sum()), intercept


def compute_shrinking(margin: FloatArray, y: FloatArray) -> Shrinking:
    """Return a centre's losses at every weight of a model. Parameters as above."""
    found = [compute_home_loss(weight * margin, y) for weight in WEIGHTS]
    losses, intercepts = np.array(found).T
    return Shrinking(len(y), losses, intercepts, float(np.sum((margin - margin.mean()) ** 2)))


def estimate_shrinking(point: Point, coef: FloatArray, n: int) -> Shrinking:
    """Return what a centre would tell, as far as its expansion knows.

    For networks that end before the centres were asked.

    Parameters
    ----------
    point : Point
        The centre's log-likelihood.
    coef : ndarray of shape (n_columns,)
        Of the model that it had no part in.
    n : int
        Patients of the centre.
    """
    losses, intercepts = np.empty(len(WEIGHTS)), np.empty(len(WEIGHTS))
    own = point.curvature[0, 0]
    for place, weight in enumerate(WEIGHTS):
        at = np.append(point.at[0], weight * coef)
        slope = point.gradient[0] - point.curvature[0] @ (at - point.at)
        at[0] += slope / own
        losses[place], intercepts[place] = -point.estimate(at), at[0]
    # The spread of the log-odds, each patient counting by the variance of the outcome.
    squares = max(0.0, float(coef @ point.slopes @ coef)) * n / own
    return Shrinking(n, losses, intercepts, squares)


def find_weight(told: Sequence[Shrinking], *, strength: float) -> float:
    """Return the weight of the model beside the prevalence, from 0 to 1.

    The rule of :func:`training.fitting.blending.fit_weights`: the loss in patients who had no part,
    plus `strength` times the spread of the model's log-odds times its weight.

    Parameters
    ----------
    told : sequence of Shrinking
        One for each centre.
    strength : float
        Nats per unit standard deviation of the log-odds, at least 0.
    """
    n = sum(one.n for one in told)
    spread = float(np.sqrt(sum(one.squares for one in told) / n))
    # A polynomial, not a spline: losses come rounded, and a curve through each would waver.
    loss = Polynomial.fit(WEIGHTS, np.sum([one.losses for one in told], axis=0), _DEGREE)
    found = minimize_scalar(
        lambda weight: float(loss(weight)) + strength * spread * weight,
        bounds=(0.0, 1.0),
        method="bounded",
        options={"xatol": 1e-9},
    )
    weight = float(found.x)
    for end in (0.0, 1.0):  # the search never quite reaches them
        if loss(end) + strength * spread * end <= found.fun + 1e-9:
            weight = end
    return weight if weight >= _NEGLIGIBLE else 0.0
