"""Noise that hides each patient from whoever knows all others, and what it costs.

What one patient can add to a gradient or a curvature has a known limit, because the basis clips
every number at agreed ends. Normal noise in proportion to it makes the sums differentially private.
The limit is that of one patient; the sums grow with their number: noise that is bearable with
thousands of patients drowns thirty. That is said beforehand (:func:`tell_cost`).

With noise only gradient, curvature and the counts of an outcome may leave. A mode of the centre's
own, deviances, evaluation and Table 1 depend on the patients in ways whose limits are not
accounted for; round 1 is at an agreed common start.

Noise is drawn once for a round and outcome, and the file that was written is kept: drawing it anew
would spend the budget a second time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray
from features.dictionary.transformers import PredictorBasis
from training.network.disclosure.accounting import compute_rho

__all__ = [
    "NoisePlan",
    "add_noise",
    "add_noise_to_count",
    "bound_patient",
    "plan_noise",
    "tell_cost",
]

_GRID = 2001
_ON_GRADIENTS, _ON_CURVATURES, _ON_COUNTS = 0.6, 0.35, 0.05
"""Shares of the budget. The gradient decides what is estimated, the curvature how fast."""
_STEADY = 5
"""What patients tell of a column has to be so many times the noise on the curvature. Simulated: at
5 times intervals come out a tenth wider than is told here, at twice ten times as wide."""
_BEARABLE = 1.2
"""How many times wider an interval may become before the sample is called too small."""


def bound_patient(basis: PredictorBasis, columns: BoolArray) -> float:
    """Return the largest length that one patient's row, with the intercept's 1, can have.

    Parameters
    ----------
    basis : PredictorBasis
        Fitted; its ends are agreed.
    columns : ndarray of bool of shape (n_columns,)
        Columns that are shared.

    Returns
    -------
    float
        At least 1. Each predictor's columns are searched between its ends; what is missing is
        filled with something between.
    """
    categories = dict(basis.categories or {})
    total = 1.0
    for j in range(basis.n_features_in_):
        if j in categories:
            values = np.arange(categories[j], dtype=np.float64)
        elif np.isnan(basis.low_[j]):
            continue  # no value was ever agreed: its columns are constant
        else:
            values = np.linspace(basis.low_[j], basis.high_[j], _GRID)
        rows = np.full((len(values), basis.n_features_in_), np.nan)
        rows[:, j] = values
        own = columns & (basis.groups_ == j)
        total += float((basis.expand(rows)[:, own] ** 2).sum(axis=1).max())
    return float(np.sqrt(total))


@dataclass(frozen=True)
class NoisePlan:
    """How much noise everything that a centre shares gets.

    Parameters
    ----------
    rho : float
        The whole budget, in zCDP.
    gradient : float
        Standard deviation of the noise on each entry of a gradient.
    curvature : float
        Of the noise on each diagonal entry of a curvature; off the diagonal it is that over
        sqrt(2).
    count : float
        Of the noise on a count.
    """

    rho: float
    gradient: float
    curvature: float
    count: float


def plan_noise(
    basis: PredictorBasis,
    columns: BoolArray,
    *,
    epsilon: float,
    delta: float,
    gradients: int,
    curvatures: int,
    counts: int,
) -> NoisePlan:
    """Return the noise that keeps everything within one (epsilon, delta).

    Parameters
    ----------
    basis : PredictorBasis
        Fitted.
    columns : ndarray of bool of shape (n_columns,)
        All columns that are ever shared.
    epsilon, delta : float
        For each patient, over all rounds and outcomes.
    gradients, curvatures, counts : int
        How many of each the centre shares, over all rounds and outcomes; above 0. A patient can
        be in each.

    Notes
    -----
    With the largest row's length R: a gradient is changed by at most R by adding or removing a
    patient, since a residual is below 1; a curvature, in Frobenius norm, by R^2 / 4; a count by 1.
    """
    longest = bound_patient(basis, columns)
    rho = compute_rho(epsilon, delta)

    def spread(sensitivity: float, share: float, releases: int) -> float:
        return float(sensitivity * np.sqrt(releases / (2 * share * rho)))

    return NoisePlan(
        rho=rho,
        gradient=spread(longest, _ON_GRADIENTS, gradients),
        curvature=spread(longest**2 / 4, _ON_CURVATURES, curvatures),
        count=spread(1.0, _ON_COUNTS, counts),
    )


def _draw(size: int, rng: np.random.Generator | None) -> FloatArray:
    """Return standard normal draws: of the system's entropy, which no seed brings back."""
    if rng is not None:
        return rng.standard_normal(size)
    system = random.SystemRandom()
    return np.array([system.gauss(0.0, 1.0) for _ in range(size)])


def add_noise(
    gradient: FloatArray,
    curvature: FloatArray | None,
    plan: NoisePlan,
    *,
    rng: np.random.Generator | None = None,
) -> tuple[FloatArray, FloatArray | None]:
    """Return a gradient and a curvature with noise.

    Parameters
    ----------
    gradient : ndarray of shape (n,)
        Exact.
    curvature : ndarray of shape (n, n) or None
        Exact and symmetric; None where none is shared.
    plan : NoisePlan
        Of all rounds.
    rng : numpy.random.Generator or None
        For simulations only. None: the system's entropy. Never a study's seed, from which anyone
        could draw the same noise and take it off.

    Returns
    -------
    gradient, curvature
        The curvature is symmetric and its eigenvalues are not below 0 (what noise takes below is
        set to 0, which reads nothing of the patients anew). It is therefore too large on average
        where noise is large.
    """
    size = len(gradient)
    noisy = gradient + plan.gradient * _draw(size, rng)
    if curvature is None:
        return noisy, None
    upper = np.triu_indices(size)
    noise = np.zeros((size, size))
    spread = np.where(upper[0] == upper[1], plan.curvature, plan.curvature / np.sqrt(2))
    noise[upper] = spread * _draw(len(upper[0]), rng)
    summed = curvature + noise + np.triu(noise, 1).T
    values, axes = np.linalg.eigh((summed + summed.T) / 2)
    bent = (axes * np.maximum(values, 0.0)) @ axes.T
    return noisy, np.asarray((bent + bent.T) / 2)


def add_noise_to_count(
    count: int, plan: NoisePlan, *, rng: np.random.Generator | None = None
) -> int:
    """Return a count with noise, a whole number of at least 0; `rng` as in :func:`add_noise`."""
    return max(0, round(count + plan.count * float(_draw(1, rng)[0])))


def tell_cost(plan: NoisePlan, *, n: int, rate: float, epsilon: float, delta: float) -> str:
    """Say in plain words what noise costs, before anything is shared.

    Parameters
    ----------
    plan : NoisePlan
        Of all rounds.
    n : int
        Patients of a centre.
    rate : float
        Share with the outcome that is expected, in (0, 1).
    epsilon, delta : float
        What was agreed.

    Notes
    -----
    Of a column with spread 1 a patient tells rate (1 - rate). Noise of standard deviation s on the
    last gradient adds s^2 to the n rate (1 - rate) that chance gives it: intervals become
    sqrt(1 + s^2 / (n rate (1 - rate))) times as wide, however many centres of this size take part.
    The noise of a curvature comes on top; it is told beside what it is added to.
    """
    told = n * rate * (1 - rate)
    wider = float(np.sqrt(1 + plan.gradient**2 / told))
    needed = int(np.ceil(plan.gradient**2 / (rate * (1 - rate) * (_BEARABLE**2 - 1))))
    words = (
        f"Noise for epsilon {epsilon:g} at delta {delta:g}: with {n} patients a centre the "
        f"coefficients' standard errors become {wider:.1f} times as wide as without"
    )
    if plan.curvature > told / _STEADY:
        words += (
            f"; the noise on the curvature ({plan.curvature:.0f}) is not small beside what the "
            f"patients tell ({told:.0f}), so that steps may lead astray and more rounds do not help"
        )
    return f"{words}. For at most {_BEARABLE:g} times a centre would need {needed} patients."
