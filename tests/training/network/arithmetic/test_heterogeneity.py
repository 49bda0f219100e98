import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from features.errors import KetresponseError
from training.network.arithmetic.heterogeneity import (
    assess_heterogeneity,
    assess_others,
    draw_centres,
    estimate_centres,
    shrink_intercepts,
)
from training.network.arithmetic.likelihood import Point, expand_likelihood

NONE = np.zeros(0, dtype=bool)


def make_points(intercepts, curvature=20.0):
    return [Point(np.array([a]), -10.0, np.zeros(1), np.array([[curvature]])) for a in intercepts]


def make_centres(rng, *, tau=0.0, tau_slope=0.0, n_centres=6, n=80):
    points = []
    for _ in range(n_centres):
        Z = rng.normal(size=(n, 2))
        coef = np.array([0.6, -0.4]) + tau_slope * rng.normal(size=2)
        intercept = 0.3 + tau * rng.normal()
        y = (rng.random(n) < expit(intercept + Z @ coef)).astype(float)
        points.append(expand_likelihood(Z, y, np.array([0.3, 0.6, -0.4])))
    return points


def test_equal_centres_have_a_tau_of_zero():
    found = assess_heterogeneity(make_points([0.4, 0.4, 0.4, 0.4]), np.empty(0), NONE)
    assert found.intercept.estimate == 0
    assert found.intercept.p_value == 1
    assert found.intercept.low == 0 < found.intercept.high
    assert not found.random_slopes


def test_the_others_are_assessed_as_if_the_centre_had_never_been_there():
    points = make_centres(np.random.default_rng(3), tau=0.4, n_centres=4)
    precision, straight = np.full(2, 1.0), np.array([True, False])
    found = assess_others(points, precision, straight)
    for place, others in enumerate(found):
        alone = assess_heterogeneity(points[:place] + points[place + 1 :], precision, straight)
        assert others.random_slopes == alone.random_slopes
        assert others.intercept.estimate == pytest.approx(alone.intercept.estimate, abs=1e-6)
        np.testing.assert_allclose(others.posterior, alone.posterior, atol=1e-10)
    with pytest.raises(ValueError, match="at least three centres, got 2"):
        assess_others(points[:2], precision, straight)


def test_tau_is_where_the_restricted_likelihood_is_highest():
    """By numbers: normal means of known variance, the mean free."""
    means, variance = np.array([-0.6, 0.1, 0.5, 1.2, -0.1]), 1 / 20

    def log_likelihood(tau):
        weights = 1 / (variance + tau**2) * np.ones(5)
        middle = np.average(means, weights=weights)
        away = float(weights @ (means - middle) ** 2)
        return (np.log(weights).sum() - np.log(weights.sum()) - away) / 2

    taus = np.linspace(0, 3, 3001)
    best = taus[np.argmax([log_likelihood(tau) for tau in taus])]
    found = assess_heterogeneity(make_points(means), np.empty(0), NONE)
    assert found.intercept.estimate == pytest.approx(best, rel=0.03)
    statistic = 2 * (log_likelihood(best) - log_likelihood(0))
    assert found.intercept.p_value == pytest.approx(norm.sf(np.sqrt(statistic)), rel=0.1)
    inside = [t for t in taus if 2 * (log_likelihood(best) - log_likelihood(t)) <= 3.8415]
    assert found.intercept.low == pytest.approx(inside[0], abs=0.1)
    assert found.intercept.high == pytest.approx(inside[-1], rel=0.2)


def test_the_posterior_of_tau_is_the_likelihood_times_the_prior():
    means, variance = np.array([-0.6, 0.1, 0.5, 1.2, -0.1]), 1 / 20

    def likelihood(tau):
        weights = 1 / (variance + tau**2) * np.ones(5)
        middle = np.average(means, weights=weights)
        log = (np.log(weights).sum() - np.log(weights.sum())) / 2
        return np.exp(log - float(weights @ (means - middle) ** 2) / 2)

    def integrate(function):  # a quarter of the prior is at 0, the rest a half-normal of scale 0.5
        rest = quad(lambda t: function(t) * likelihood(t) * 2 * norm.pdf(t, scale=0.5), 0, 3)[0]
        return 0.25 * function(0.0) * likelihood(0.0) + 0.75 * rest

    whole = integrate(lambda _: 1.0)
    found = assess_heterogeneity(make_points(means), np.empty(0), NONE)
    draws = draw_centres(
        make_points(means), np.empty(0), NONE, found, 40_000, rng=np.random.default_rng(1)
    )
    share = found.posterior.sum(axis=1)
    grid = np.concatenate([[0.0], np.geomspace(0.02, 3.0, 30)])
    assert share @ grid == pytest.approx(integrate(lambda tau: tau) / whole, rel=0.03)
    spread = integrate(lambda tau: tau**2 + (variance + tau**2) / 5) / whole
    assert draws.new.var() == pytest.approx(spread, rel=0.06)


def test_slopes_are_let_differ_where_they_do():
    rng = np.random.default_rng(6)
    straight, precision = np.ones(2, dtype=bool), np.ones(2)
    same = assess_heterogeneity(make_centres(rng), precision, straight)
    other = assess_heterogeneity(make_centres(rng, tau_slope=1.0), precision, straight)
    assert not same.random_slopes
    assert other.random_slopes
    assert other.slope.low > 0.3
    assert same.posterior[0, 0] > 0.3 > 1e-3 > other.posterior[0, 0]
    bent = assess_heterogeneity(make_centres(rng, tau_slope=1.0), precision, ~straight)
    assert bent.slope.p_value == 1  # nothing that may differ does


def test_draws_have_the_means_that_are_estimated():
    rng = np.random.default_rng(11)
    points = make_centres(rng, tau=0.6, tau_slope=0.6)
    straight, precision = np.ones(2, dtype=bool), np.ones(2)
    found = assess_heterogeneity(points, precision, straight)
    draws = draw_centres(points, precision, straight, found, 20_000, rng=rng)
    known, new = estimate_centres(points, precision, straight, found)
    np.testing.assert_allclose(draws.new.mean(axis=0), new, atol=0.04)
    np.testing.assert_allclose([d.mean(axis=0) for d in draws.known], known, atol=0.02)
    assert draws.new.std(axis=0).min() > max(d.std(axis=0).max() for d in draws.known) * 0.9


def test_intercepts_are_drawn_toward_their_mean_by_as_much_as_centres_agree():
    own, curvature = np.array([-0.2, 0.2, 0.6]), np.array([10.0, 20.0, 10.0])
    points = [
        Point(np.array([a]), -10.0, np.zeros(1), np.array([[h]]))
        for a, h in zip(own, curvature, strict=True)
    ]
    found = assess_heterogeneity(points, np.empty(0), NONE)
    known, new = shrink_intercepts(own, curvature, found)
    exact = estimate_centres(points, np.empty(0), NONE, found)
    np.testing.assert_allclose(known, exact[0][:, 0])
    assert new == pytest.approx(exact[1][0])
    assert own[0] < known[0] < new < known[2] < own[2]


def test_one_centre_is_refused():
    with pytest.raises(ValueError, match="at least two centres, got 1"):
        assess_heterogeneity(make_points([0.1]), np.empty(0), NONE)


def test_curvatures_that_add_up_to_none_name_whose_is_least():
    flat = [Point(np.zeros(1), -1.0, np.ones(1), np.array([[c]])) for c in (2.0, -2.0)]
    with pytest.raises(KetresponseError, match=r"-2, by centre 2 of 2"):
        assess_heterogeneity(flat, np.empty(0), np.zeros(0, dtype=bool))
