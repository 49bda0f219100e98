import numpy as np
import pytest
from scipy.special import expit

from training.network.arithmetic.heterogeneity import assess_heterogeneity
from training.network.arithmetic.likelihood import Point, expand_likelihood
from training.network.arithmetic.unlike import compare_with_others, measure_break

COEF = np.array([1.0, -0.6])
COVARIANCE = 0.01 * np.eye(2)


def make_point(rng, *, coef=COEF, intercept=0.3, n=150):
    Z = rng.normal(size=(n, 2))
    y = (rng.random(n) < expit(intercept + Z @ coef)).astype(float)
    return expand_likelihood(Z, y, np.array([0.3, *COEF]))


def compare(point, *, coef=COEF, others=(0.25, 0.3, 0.3, 0.35, 0.3)):
    """Compare with five centres of many patients, alike unless said otherwise."""
    curvature = np.full(5, 60.0)
    points = [Point(np.array([a]), -10.0, np.zeros(1), np.array([[60.0]])) for a in others]
    apart = assess_heterogeneity(points, np.empty(0), np.zeros(0, dtype=bool))
    return compare_with_others(point, coef, COVARIANCE, (np.array(others), curvature), apart)


def test_a_centre_like_the_others_contradicts_nothing():
    """By chance one in twenty does at 5%: over many, p values are spread evenly."""
    rng = np.random.default_rng(1)
    found = [compare(make_point(rng)) for _ in range(200)]
    assert np.mean([one.p_rate < 0.05 for one in found]) < 0.06
    assert np.mean([one.p_coefficients < 0.05 for one in found]) < 0.06
    assert np.mean([one.slope for one in found]) == pytest.approx(1.0, abs=0.1)
    assert max(one.p_slope for one in found) <= 1
    assert min(one.p_slope for one in found) > 0.5


def test_labels_turned_round_are_seen():
    found = compare(make_point(np.random.default_rng(2), coef=-COEF, intercept=-0.3))
    assert found.slope < 0
    assert found.p_slope < 0.01
    assert found.p_coefficients < 0.01


def test_another_share_of_responders_is_seen_unless_centres_differ_so_much():
    point = make_point(np.random.default_rng(3), intercept=1.6)
    assert compare(point).p_rate < 0.01
    wide = compare(point, others=(-1.0, 1.6, 0.3, -0.6, 1.2))
    assert wide.p_rate > 0.1


def test_a_model_that_gives_everyone_the_same_has_no_slope():
    point = make_point(np.random.default_rng(4))
    found = compare(point, coef=np.zeros(2))
    assert np.isnan(found.slope)
    assert np.isnan(found.p_slope)


def test_sums_of_the_same_patients_at_two_places_follow_from_each_other():
    rng = np.random.default_rng(5)
    Z = rng.normal(size=(60, 2))
    y = (rng.random(60) < expit(0.3 + Z @ COEF)).astype(float)
    here, there = (expand_likelihood(Z, y, np.array(at)) for at in ([0, 0, 0], [0.3, *COEF]))
    assert measure_break(here, there) < 0.2
    others = expand_likelihood(Z, np.roll(y, 30), np.array([0.3, *COEF]))
    assert measure_break(here, others) > 0.5
