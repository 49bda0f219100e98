"""What is said of tau, worked out otherwise: integrals over rows, and over a fine grid."""

import numpy as np
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import norm

from experiments.truth.networks.peers import CentreRows
from experiments.truth.networks.pooled import fit_with_intercepts
from training.network.arithmetic.heterogeneity import (
    assess_heterogeneity,
    draw_centres,
    shrink_intercepts,
)
from training.network.arithmetic.likelihood import Point, expand_likelihood

PRECISION = 1.0


def _draw_centres(intercepts: list[float], n: int, seed: int) -> list[CentreRows]:
    rng = np.random.default_rng(seed)
    centres = []
    for intercept in intercepts:
        Z = rng.standard_normal((n, 1))
        y = rng.random(n) < expit(intercept + Z[:, 0])
        centres.append(CentreRows(Z, y.astype(float)))
    return centres


def _integrate_rows(centres: list[CentreRows], taus: list[float]) -> np.ndarray:
    """Return the log marginal likelihood of each tau from rows: no expansion, no normal posterior.

    The centres' deviations by Gauss and Hermite's 20 nodes; the mean intercept (flat) and the
    slope (its prior) on a grid of 21 x 15.
    """
    means, slopes = np.linspace(-1.5, 2.5, 21), np.linspace(0.2, 2.0, 15)
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    log_weights = np.log(weights / weights.sum())
    found = []
    for tau in taus:
        total = norm.logpdf(slopes, scale=PRECISION**-0.5) + np.zeros((21, 1))
        for rows in centres:
            margin = (means[:, None] + tau * nodes)[:, None, :, None] + slopes[
                None, :, None, None
            ] * rows.Z[:, 0]
            log = np.sum(rows.y * margin - np.logaddexp(0, margin), axis=-1)
            total = total + logsumexp(log + log_weights, axis=2)
        found.append(logsumexp(total))
    return np.array(found)


@pytest.mark.parametrize("apart", [0.0, 0.3, 0.7])
def test_the_profile_of_tau_is_that_of_rows(apart: float) -> None:
    # Six centres of 60, intercepts spread evenly around 0.5. What the expansions take for the
    # highest likelihood is, by rows, within 0.1 of the highest of a grid; at the ends of the
    # interval it is lower by half of 3.84, within the grid's step and what is not normal in rows.
    steps = np.linspace(-1, 1, 6) / np.linspace(-1, 1, 6).std()
    centres = _draw_centres((0.5 + apart * steps).tolist(), 60, seed=4)
    intercepts, coef = fit_with_intercepts(centres, np.array([PRECISION]))
    points = [
        expand_likelihood(rows.Z, rows.y, np.append(intercept, coef))
        for rows, intercept in zip(centres, intercepts, strict=True)
    ]
    found = assess_heterogeneity(points, np.array([PRECISION]), np.array([True])).intercept
    others = [0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0]
    at, low, high, *log = _integrate_rows(centres, [found.estimate, found.low, found.high, *others])
    highest = max(at, *log)
    assert at > highest - 0.1
    assert highest - high == pytest.approx(1.92, abs=0.6)
    if found.low > 0:
        assert highest - low == pytest.approx(1.92, abs=0.6)
    else:
        assert highest - low < 2.1


OWN = np.array([0.9, 0.1, 0.5, -0.3, 0.6, 1.2])
VARIANCE = np.array([0.10, 0.07, 0.08, 0.06, 0.09, 0.05])


def _integrate_normal() -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return mean and SD at each centre, and at a new one, of normal estimates, on a fine grid.

    A quarter of the prior at no difference, the rest half-normal of scale 0.5 on tau, and the mean
    flat: the textbook's random-effects model.
    """
    taus = np.append(0.0, np.linspace(1e-4, 3, 6000))
    half = norm.pdf(taus[1:], scale=0.5)
    weights = 1 / (VARIANCE + taus[:, None] ** 2)
    mean = weights @ OWN / weights.sum(axis=1)
    log = np.log(np.append(0.25, 0.75 * half / half.sum())) - np.log(weights.sum(axis=1)) / 2
    log += np.sum(np.log(weights) - weights * (OWN - mean[:, None]) ** 2, axis=1) / 2
    share = np.exp(log - logsumexp(log))
    shrink = taus[:, None] ** 2 * weights
    here = mean[:, None] + shrink * (OWN - mean[:, None])
    spread = shrink * VARIANCE + (1 - shrink) ** 2 / weights.sum(axis=1)[:, None]
    known = share @ here
    known_sd = np.sqrt(share @ (spread + here**2) - known**2)
    new = float(share @ mean)
    new_sd = float(np.sqrt(share @ (taus**2 + 1 / weights.sum(axis=1) + mean**2) - new**2))
    return known, known_sd, new, new_sd


def _make_points() -> list[Point]:
    return [
        Point(np.array([a]), 0.0, np.zeros(1), np.array([[1 / v]]))
        for a, v in zip(OWN, VARIANCE, strict=True)
    ]


def test_draws_are_those_of_the_random_effects_model() -> None:
    points, none = _make_points(), np.zeros(0, dtype=bool)
    heterogeneity = assess_heterogeneity(points, np.empty(0), none)
    rng = np.random.default_rng(5)
    draws = draw_centres(points, np.empty(0), none, heterogeneity, 40_000, rng=rng)
    known, known_sd, new, new_sd = _integrate_normal()
    np.testing.assert_allclose([d.mean() for d in draws.known], known, atol=0.01)
    np.testing.assert_allclose([d.std() for d in draws.known], known_sd, atol=0.01)
    assert draws.new.mean() == pytest.approx(new, abs=0.015)
    assert draws.new.std() == pytest.approx(new_sd, abs=0.015)


def test_intercepts_are_drawn_in_as_in_the_random_effects_model() -> None:
    heterogeneity = assess_heterogeneity(_make_points(), np.empty(0), np.zeros(0, dtype=bool))
    known, new = shrink_intercepts(OWN, 1 / VARIANCE, heterogeneity)
    expected, _, expected_new, _ = _integrate_normal()
    np.testing.assert_allclose(known, expected, atol=0.01)
    assert new == pytest.approx(expected_new, abs=0.005)
