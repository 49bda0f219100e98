"""By how much centres differ, and what that leaves open at a known centre and at a new one.

A centre's intercept is taken as drawn around the centres' mean with standard deviation tau, and
likewise, with a tau of its own, the coefficient of every straight column. Everything about the
centres follows from their expansions; what is integrated out are normal distributions, in closed
form (the marginal likelihood of a linear mixed model, restricted: the mean intercept is free).

Either centres are alike altogether, which has a prior probability of its own, or both taus are what
a half-normal prior makes them (Röver 2021, doi:10.1002/jrsm.1475: scale 0.5 for differences between
centres in log-odds; half of that for slopes). Half a dozen centres tell little of a tau: intervals
are drawn over all that a grid of both leaves possible, not at one best value.
Reported is the likelihood alone: where it is highest, and the interval of what it does not reject.
Estimates let slopes differ where the data reject that they are the same; intervals always allow for
it, by as much as is likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2

from features.arrays import BoolArray, FloatArray
from features.errors import KetresponseError
from training.network.arithmetic.likelihood import Point

__all__ = [
    "ALIKE",
    "TAUS",
    "CentreDraws",
    "Heterogeneity",
    "Tau",
    "assess_heterogeneity",
    "assess_others",
    "draw_centres",
    "estimate_centres",
    "shrink_intercepts",
]

TAUS: FloatArray = np.concatenate([[0.0], np.geomspace(0.02, 3.0, 30)])
"""Differences between centres that are thought of, as standard deviations in log-odds."""
_PRIOR_SCALES = (0.5, 0.25)
ALIKE = 0.25
"""Prior probability that centres differ in nothing. More of it makes intervals narrower where that
is so, and too narrow where slopes differ, which six centres rarely show: docs/network_truth.md."""
_LEVEL = 0.95
_RANDOM_SLOPES_P = 0.05
"""Slopes are let differ where the data reject, at this level, that they are the same."""


@dataclass(frozen=True)
class Tau:
    """A standard deviation between centres, in log-odds (of slopes: per unit of the column).

    Parameters
    ----------
    estimate : float
        Where the restricted likelihood is highest; 0 where centres differ no more than chance.
    low, high : float
        95% profile likelihood interval, within the grid of 0 to 3.
    p_value : float
        Of 0: half a chi-square of 1 degree of freedom, 0 being at the edge (Self and Liang 1987,
        doi:10.1080/01621459.1987.10478472).
    """

    estimate: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, eq=False)
class Heterogeneity:
    """How centres differ in one outcome.

    Parameters
    ----------
    intercept, slope : Tau
        Of the centres' intercepts, and of the straight columns' coefficients.
    random_slopes : bool
        Whether the data reject that the slopes are the same: then each centre has its own.
    posterior : ndarray of shape (n_grid, n_grid)
        Probability of each pair of taus (intercept, slope), given the prior.
    """

    intercept: Tau
    slope: Tau
    random_slopes: bool
    posterior: FloatArray


@dataclass(frozen=True, eq=False)
class CentreDraws:
    """Draws of intercept and coefficients, at each centre and at a new one.

    Parameters
    ----------
    known : list of ndarray of shape (n_draws, 1 + n_columns)
        In the centres' order.
    new : ndarray of shape (n_draws, 1 + n_columns)
        At a centre that none of the patients came from.
    """

    known: list[FloatArray]
    new: FloatArray


@dataclass(frozen=True, eq=False)
class _Conditioned:
    """What follows for each of several spreads (n, 1 + n_columns) between centres.

    `mean` and `covariance` of what the centres have in common; `log` the log marginal likelihood.
    """

    mean: FloatArray
    covariance: FloatArray
    log: FloatArray


class _Mixed(NamedTuple):
    """What centres tell for each of several spreads, their own deviations integrated out.

    Curvature (n, size, size), pull (n, size) and log marginal likelihood (n,), less the part that
    only all of them together have.
    """

    curvature: FloatArray
    pull: FloatArray
    log: FloatArray


def _mix(point: Point, spreads: FloatArray) -> _Mixed:
    mixed = np.eye(spreads.shape[1]) + point.curvature * spreads[:, np.newaxis, :]  # I + H D
    mixing = np.linalg.inv(mixed)
    pull = mixing @ point.pull
    log = (pull * spreads) @ point.pull / 2 - np.linalg.slogdet(mixed)[1] / 2
    return _Mixed(mixing @ point.curvature, pull, log)


def _mix_all(points: Sequence[Point], spreads: FloatArray) -> _Mixed:
    n, size = spreads.shape
    total = _Mixed(np.zeros((n, size, size)), np.zeros((n, size)), np.zeros(n))
    for point in points:
        for sum_, part in zip(total, _mix(point, spreads), strict=True):
            sum_ += part
    return total


def _conclude(told: _Mixed, precision: FloatArray) -> _Conditioned:
    total = told.curvature + np.diag(np.append(0.0, precision))
    total = (total + total.transpose(0, 2, 1)) / 2
    covariance = np.linalg.inv(total)
    mean = (covariance @ told.pull[:, :, np.newaxis])[:, :, 0]
    log = told.log + np.sum(told.pull * mean, axis=1) / 2 - np.linalg.slogdet(total)[1] / 2
    return _Conditioned(mean, np.asarray(covariance), log)


def _condition(points: Sequence[Point], precision: FloatArray, spreads: FloatArray) -> _Conditioned:
    return _conclude(_mix_all(points, spreads), precision)


def _list_spreads(straight: BoolArray) -> FloatArray:
    """Return the spreads of every pair of taus, those of the slopes running fastest."""
    intercept = np.repeat(TAUS, len(TAUS)) ** 2
    slope = np.tile(TAUS, len(TAUS)) ** 2
    return np.column_stack([intercept, slope[:, np.newaxis] * straight])


def _make_prior(alike: float) -> FloatArray:
    """Return the prior probability (n_grid, n_grid) of each pair of taus."""
    steps = np.gradient(TAUS)
    intercept, slope = (np.exp(-0.5 * (TAUS / scale) ** 2) * steps for scale in _PRIOR_SCALES)
    differ = np.outer(intercept / intercept.sum(), slope / slope.sum())
    prior = (1 - alike) * differ
    prior[0, 0] += alike
    return np.asarray(prior)


def _describe(profile: FloatArray) -> Tau:
    """Return what a profile log-likelihood over the grid says of a tau."""
    best = int(np.argmax(profile))
    estimate = float(TAUS[best])
    if 0 < best < len(TAUS) - 1:  # the top of the parabola through three points of the grid
        around = TAUS[best - 1 : best + 2]
        square, straight, _ = np.polyfit(around, profile[best - 1 : best + 2], 2)
        if square < 0:
            estimate = float(np.clip(-straight / (2 * square), around[0], around[2]))
    kept = np.flatnonzero(2 * (profile[best] - profile) <= chi2.ppf(_LEVEL, 1))
    statistic = 2 * max(0.0, float(profile[best] - profile[0]))
    p_value = float(chi2.sf(statistic, 1)) / 2 if statistic > 0 else 1.0
    return Tau(estimate, float(TAUS[kept[0]]), float(TAUS[kept[-1]]), p_value)


def assess_heterogeneity(
    points: Sequence[Point], precision: FloatArray, straight: BoolArray, *, alike: float = ALIKE
) -> Heterogeneity:
    """Say by how much centres differ.

    Parameters
    ----------
    points : sequence of Point
        One for each centre, in the same columns, expanded near the estimate of all of them.
    precision : ndarray of shape (n_columns,)
        Of the normal prior of the coefficients that centres have in common.
    straight : ndarray of bool of shape (n_columns,)
        Columns whose coefficients may differ between centres.
    alike : float
        Prior probability that centres differ in nothing, from 0 to below 1.

    Raises
    ------
    ValueError
        If there are fewer than two centres.
    KetresponseError
        If what the centres tell cannot be put together: their curvatures add up to none.
    """
    if len(points) < 2:
        raise ValueError(f"points: expected at least two centres, got {len(points)}")
    try:
        log = _judge(points, precision, straight)
    except np.linalg.LinAlgError:
        log = np.full(len(TAUS) ** 2, np.nan)
    if not np.all(np.isfinite(log)):
        least = [float(np.linalg.eigvalsh(point.curvature).min()) for point in points]
        worst = int(np.argmin(least))
        raise KetresponseError(
            "what the centres tell cannot be put together: the least that is told of a direction "
            f"is {least[worst]:.3g}, by centre {worst + 1} of {len(points)}, in the protocol's "
            "order; ask it to share again"
        )
    return _read_grid(log, alike)


def _judge(points: Sequence[Point], precision: FloatArray, straight: BoolArray) -> FloatArray:
    """Return the log marginal likelihood of each pair of taus."""
    spreads = _list_spreads(straight)
    if straight.any():
        return _condition(points, precision, spreads).log
    # Without slopes that could differ, every tau of theirs is as likely.
    n = len(TAUS)
    return np.repeat(_condition(points, precision, spreads[::n]).log, n)


def assess_others(
    points: Sequence[Point], precision: FloatArray, straight: BoolArray
) -> list[Heterogeneity]:
    """Say for each centre by how much all others differ.

    Parameters and errors are those of :func:`assess_heterogeneity`, but for at least three
    centres. What all tell is added up once, and each centre's part taken out of it.
    """
    if len(points) < 3:
        raise ValueError(f"points: expected at least three centres, got {len(points)}")
    spreads = _list_spreads(straight)
    everything = _mix_all(points, spreads)
    found = []
    for place, point in enumerate(points):
        own = _mix(point, spreads)
        others = _Mixed(*(total - part for total, part in zip(everything, own, strict=True)))
        log = _conclude(others, precision).log
        if np.all(np.isfinite(log)):
            found.append(_read_grid(log))
        else:
            rest = [*points[:place], *points[place + 1 :]]
            found.append(assess_heterogeneity(rest, precision, straight))
    return found


def _read_grid(log: FloatArray, alike: float = ALIKE) -> Heterogeneity:
    """Return what the log marginal likelihoods of all pairs of taus say."""
    log = log.reshape(len(TAUS), len(TAUS))
    slope = _describe(log.max(axis=0))
    random_slopes = slope.p_value < _RANDOM_SLOPES_P
    intercept = _describe(log.max(axis=1) if random_slopes else log[:, 0])
    weight = log + np.log(_make_prior(alike))
    return Heterogeneity(intercept, slope, random_slopes, np.exp(weight - logsumexp(weight)))


def draw_centres(
    points: Sequence[Point],
    precision: FloatArray,
    straight: BoolArray,
    heterogeneity: Heterogeneity,
    n_draws: int,
    *,
    rng: np.random.Generator,
) -> CentreDraws:
    """Draw what holds at each centre and at a new one, over all that is left open.

    Parameters
    ----------
    points, precision, straight
        As in :func:`assess_heterogeneity`.
    heterogeneity : Heterogeneity
        Of these centres.
    n_draws : int
        How many.
    rng : numpy.random.Generator
        Source of randomness.
    """
    counts = rng.multinomial(n_draws, heterogeneity.posterior.ravel())
    cells = np.flatnonzero(counts)
    spreads = _list_spreads(straight)[cells]
    found = _condition(points, precision, spreads)
    size = 1 + len(precision)
    known: list[list[FloatArray]] = [[] for _ in points]
    new: list[FloatArray] = []
    for place, spread in enumerate(spreads):
        m = int(counts[cells[place]])
        shared = _draw_around(found.mean[place], found.covariance[place], m, rng=rng)
        new.append(shared + rng.standard_normal((m, size)) * np.sqrt(spread))
        for number, point in enumerate(points):
            left = _find_left(point, spread)
            middle = shared + (point.pull - shared @ point.curvature) @ left
            known[number].append(middle + _draw_around(np.zeros(size), left, m, rng=rng))
    order = rng.permutation(n_draws)
    return CentreDraws(
        [np.concatenate(parts)[order] for parts in known], np.concatenate(new)[order]
    )


def _find_left(point: Point, spread: FloatArray) -> FloatArray:
    """Return the covariance of a centre's deviation, given what is shared."""
    left = np.linalg.inv(np.eye(len(spread)) + spread[:, np.newaxis] * point.curvature) * spread
    return np.asarray((left + left.T) / 2)


def _draw_around(
    mean: FloatArray, covariance: FloatArray, n_draws: int, *, rng: np.random.Generator
) -> FloatArray:
    size, axes = np.linalg.eigh(covariance)
    noise = rng.standard_normal((n_draws, len(mean))) * np.sqrt(np.maximum(size, 0.0))
    return np.asarray(mean + noise @ axes.T)


def estimate_centres(
    points: Sequence[Point],
    precision: FloatArray,
    straight: BoolArray,
    heterogeneity: Heterogeneity,
) -> tuple[FloatArray, FloatArray]:
    """Return the posterior means of what :func:`draw_centres` draws.

    Returns
    -------
    known : ndarray of shape (n_centres, 1 + n_columns)
        Intercept and coefficients at each centre.
    new : ndarray of shape (1 + n_columns,)
        At a new one.
    """
    weights = heterogeneity.posterior.ravel()
    cells = np.flatnonzero(weights)
    spreads = _list_spreads(straight)[cells]
    found = _condition(points, precision, spreads)
    known = np.zeros((len(points), 1 + len(precision)))
    for weight, spread, mean in zip(weights[cells], spreads, found.mean, strict=True):
        for number, point in enumerate(points):
            left = _find_left(point, spread)
            known[number] += weight * (mean + left @ (point.pull - point.curvature @ mean))
    return known, np.asarray(weights[cells] @ found.mean)


def shrink_intercepts(
    intercepts: FloatArray, curvature: FloatArray, heterogeneity: Heterogeneity
) -> tuple[FloatArray, float]:
    """Return the centres' intercepts drawn toward their mean, and that mean.

    Parameters
    ----------
    intercepts : ndarray of shape (n_centres,)
        Each as the centre's own patients have it, given the coefficients.
    curvature : ndarray of shape (n_centres,)
        Minus the second derivative of each log-likelihood there: one over the variance; above 0.
    heterogeneity : Heterogeneity
        What taus are possible, and how likely each.

    Returns
    -------
    known : ndarray of shape (n_centres,)
        Posterior means of the centres' intercepts.
    new : float
        That of the intercept at a new centre: of their mean.
    """
    known, new = np.zeros(len(intercepts)), 0.0
    for share, tau in zip(heterogeneity.posterior.sum(axis=1), TAUS, strict=True):
        weight = 1 / (1 / curvature + tau**2)
        mean = float(np.average(intercepts, weights=weight))
        known += share * (mean + tau**2 * weight * (intercepts - mean))
        new += float(share) * mean
    return known, new
