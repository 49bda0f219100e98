import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from training.network.arithmetic.likelihood import (
    Point,
    expand_likelihood,
    find_penalised_mode,
    update_curvature,
)


@pytest.fixture
def patients() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(50, 3))
    return Z, (rng.random(50) < 1 / (1 + np.exp(-0.4 - Z[:, 0]))).astype(float)


def test_the_expansion_has_the_derivatives_of_the_log_likelihood(patients):
    Z, y = patients
    at = np.array([0.3, -0.2, 0.5, 0.1])
    point = expand_likelihood(Z, y, at)

    def gradient(place):
        return expand_likelihood(Z, y, place).gradient

    numeric = approx_fprime(at, lambda place: expand_likelihood(Z, y, place).value, 1e-6)
    np.testing.assert_allclose(point.gradient, numeric, atol=1e-4)
    np.testing.assert_allclose(point.curvature, -approx_fprime(at, gradient, 1e-6), atol=1e-4)
    assert point.value < 0


def test_the_mode_is_where_the_penalised_likelihood_is_highest(patients):
    Z, y = patients
    precision = np.array([0.0, 4.0, 4.0, 4.0])

    def loss(beta):
        return -expand_likelihood(Z, y, beta).value + float(precision @ beta**2) / 2

    found = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(find_penalised_mode(Z, y, precision), found.x, atol=1e-5)


def test_a_separated_centre_has_a_mode_under_a_penalty():
    y = np.repeat([0.0, 1.0], 5)
    mode = find_penalised_mode(y[:, np.newaxis] - 0.5, y, np.array([0.0, 1.0]))
    assert np.isfinite(mode).all()
    assert mode[1] > 1


def test_columns_left_out_stand_at_zero():
    rng = np.random.default_rng(1)
    root = rng.normal(size=(4, 4))
    point = Point(rng.normal(size=4), -20.0, rng.normal(size=4), root @ root.T)
    kept = np.array([True, False, True])
    taken = point.take(kept)
    coef = np.array([0.4, -0.3, 0.2])
    assert taken.estimate(coef) == pytest.approx(point.estimate(np.array([0.4, -0.3, 0.0, 0.2])))


def test_slopes_are_the_curvature_with_the_intercept_free(patients):
    Z, y = patients
    point = expand_likelihood(Z, y, np.zeros(4))
    expected = np.linalg.inv(np.linalg.inv(point.curvature)[1:, 1:])
    np.testing.assert_allclose(point.slopes, expected)


def test_a_curvature_is_brought_up_to_date_along_the_way(patients):
    Z, y = patients
    here, there = np.array([0.3, 0.5, 0.1, 0.0]), np.array([0.4, 0.8, -0.2, 0.1])
    before, after = expand_likelihood(Z, y, here), expand_likelihood(Z, y, there)
    moved, fell = there - here, before.gradient - after.gradient
    updated = update_curvature(before.curvature, moved, fell)
    np.testing.assert_allclose(updated @ moved, fell)
    assert np.linalg.eigvalsh(updated).min() > 0
    away = np.abs(updated - after.curvature).sum()
    assert away < np.abs(before.curvature - after.curvature).sum()


def test_what_rounding_hides_changes_no_curvature():
    curvature = np.diag([4.0, 2.0])
    moved = np.array([1e-6, 0.0])
    assert update_curvature(curvature, moved, np.array([1e-2, 0.0])) is curvature
    assert update_curvature(curvature, 0 * moved, 0 * moved) is curvature
