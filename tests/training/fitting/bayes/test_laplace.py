from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.special import expit

from training.fitting.bayes.laplace import find_mode


def _draw(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, d))])
    y = (rng.random(n) < expit(design[:, 1])).astype(float)
    return design, y, np.concatenate([[100.0], rng.uniform(0.05, 1.0, d)])


def test_the_mode_solves_its_equation() -> None:
    # At the mode: design' (y - risk) = coefficient / prior variance.
    design, y, prior = _draw(50, 4, 1)
    mode = find_mode(design, y, prior)
    coef = prior * (design.T @ mode.residual)
    np.testing.assert_allclose(design @ coef, mode.margin, atol=1e-5)
    np.testing.assert_allclose(mode.residual, y - expit(mode.margin), atol=1e-12)


def test_evidence_comes_near_the_integral_over_the_prior() -> None:
    design, y, _ = _draw(30, 1, 2)
    prior = np.array([4.0, 0.5])

    def density(slope: float, intercept: float) -> float:
        margin = intercept + slope * design[:, 1]
        log = np.sum(y * margin - np.logaddexp(0, margin))
        log -= (intercept**2 / prior[0] + slope**2 / prior[1]) / 2
        return float(np.exp(log) / (2 * np.pi * np.sqrt(prior.prod())))

    whole, _ = dblquad(density, -8, 8, -5, 5, epsabs=1e-16, epsrel=1e-6)
    assert find_mode(design, y, prior).evidence == pytest.approx(np.log(whole), abs=0.03)


@pytest.mark.parametrize("n", [12, 40])
def test_more_columns_than_patients_give_the_same_as_fewer(n: int) -> None:
    # Ten copies of a column, each with a tenth of its prior variance, are that column.
    design, y, prior = _draw(n, 3, 3)
    copies = np.hstack([design[:, :1], np.repeat(design[:, 1:], 10, axis=1)])
    shared = np.concatenate([prior[:1], np.repeat(prior[1:] / 10, 10)])
    few, many = find_mode(design, y, prior), find_mode(copies, y, shared)
    assert many.evidence == pytest.approx(few.evidence, abs=1e-4)
    np.testing.assert_allclose(many.margin, few.margin, atol=1e-4)
    np.testing.assert_allclose(many.variance, few.variance, atol=1e-4)
    together = many.find_covariance(copies, shared)
    spread = np.einsum("ij,jk,ik->i", copies, together, copies)
    np.testing.assert_allclose(spread, few.variance, atol=1e-3)


def test_covariance_is_the_inverse_of_the_posterior_precision() -> None:
    design, y, prior = _draw(60, 3, 4)
    mode = find_mode(design, y, prior)
    precision = (design.T * mode.information) @ design + np.diag(1 / prior)
    np.testing.assert_allclose(
        mode.find_covariance(design, prior), np.linalg.inv(precision), atol=1e-9
    )


def test_leaving_a_patient_out_comes_near_a_fit_without_him() -> None:
    design, y, prior = _draw(60, 3, 5)
    mode = find_mode(design, y, prior)
    pairs = np.arange(60).reshape(30, 2)
    alone, spread = mode.leave_out(design, prior, [np.arange(60)[:, np.newaxis]])
    in_pairs, _ = mode.leave_out(design, prior, [pairs])
    for found, parts in ((alone, np.arange(60)[:, np.newaxis]), (in_pairs, pairs)):
        without = np.empty(60)
        for rows in parts:
            left = np.delete(np.arange(60), rows)
            again = find_mode(design[left], y[left], prior)
            coef = prior * (design[left].T @ again.residual)
            without[rows] = design[rows] @ coef
        assert np.corrcoef(found, without)[0, 1] > 0.999
        assert np.abs(found - without).max() < 0.1
    assert np.all(spread > mode.variance)


def test_a_variance_that_nobody_asks_for_is_not_found() -> None:
    design, y, prior = _draw(40, 3, 6)
    mode = find_mode(design, y, prior)
    asked = find_mode(design, y, prior, least=mode.evidence)
    np.testing.assert_array_equal(asked.variance, mode.variance)
    bare = find_mode(design, y, prior, least=np.nextafter(mode.evidence, np.inf))
    assert bare.variance.size == 0
    np.testing.assert_array_equal(bare.margin, mode.margin)


def test_an_earlier_rest_is_near_the_mode() -> None:
    design, y, prior = _draw(40, 3, 6)
    mode, near = find_mode(design, y, prior), find_mode(design, y, prior, rest=0.3)
    assert 1e-6 < np.abs(near.margin - mode.margin).max() < 0.3


def test_a_start_from_elsewhere_ends_at_the_same_place() -> None:
    design, y, prior = _draw(40, 3, 6)
    starts = [None, np.zeros(40), np.linspace(-3, 3, 40)]
    found = [find_mode(design, y, prior, start=start) for start in starts]
    for one, other in pairwise(found):
        np.testing.assert_allclose(one.margin, other.margin, atol=1e-5)
        assert one.evidence == pytest.approx(other.evidence, abs=1e-5)


def test_separated_classes_have_a_finite_mode() -> None:
    x = np.linspace(-1, 1, 30)
    design, y = np.column_stack([np.ones(30), x]), (x > 0).astype(float)
    mode = find_mode(design, y, np.array([100.0, 100.0]))
    assert np.isfinite(mode.margin).all()
    assert np.all((mode.margin > 0) == (y == 1))
