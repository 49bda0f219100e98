"""Noise that hides one patient."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from tests.training.helpers.disclosed import agree_basis, draw_rows
from training.network.arithmetic.combining import combine_points
from training.network.arithmetic.likelihood import expand_likelihood
from training.network.disclosure.accounting import compute_rho
from training.network.disclosure.noise import (
    NoisePlan,
    add_noise,
    add_noise_to_count,
    bound_patient,
    plan_noise,
    tell_cost,
)

BASIS = agree_basis()
ALL = np.ones(len(BASIS.groups_), dtype=bool)
PLAN = NoisePlan(rho=0.02, gradient=3.0, curvature=4.0, count=2.0)


def test_the_bound_of_a_basis_worked_by_hand() -> None:
    # One number from 0 to 10, centre 5, scale 2.5: at an end (5 / 2.5)^2 = 4. One flag, share
    # 1/2, scale 1/2: 1. With the intercept's 1 the square is 6.
    basis = agree_basis().__class__(categories={1: 2})
    basis.fit(np.array([[2.5, 0.0], [7.5, 1.0]]))
    basis = basis.with_ends(np.array([0.0, 0.0]), np.array([10.0, 1.0]))
    assert bound_patient(basis, np.ones(2, dtype=bool)) ** 2 == pytest.approx(6.0)
    assert bound_patient(basis, np.array([False, True])) ** 2 == pytest.approx(2.0)


def test_no_patient_changes_a_sum_by_more_than_its_bound() -> None:
    rng = np.random.default_rng(1)
    longest = bound_patient(BASIS, ALL)
    rows = draw_rows(400, rng)
    rows[::3, 0] = rng.normal(0, 100, len(rows[::3]))  # clipped
    rows[::7, 1] = 500.0
    rows[rng.random(rows.shape) < 0.1] = np.nan
    Z = BASIS.expand(rows)
    reached = 0.0
    for row, outcome in zip(Z, rng.integers(0, 2, len(Z)), strict=True):
        at = 2 * rng.standard_normal(1 + len(row))
        one = expand_likelihood(row[np.newaxis], np.array([float(outcome)]), at)
        reached = max(reached, float(np.linalg.norm(one.gradient)) / longest)
        assert np.linalg.norm(one.gradient) <= longest
        assert np.linalg.norm(one.curvature) <= longest**2 / 4
    assert reached > 0.8  # not far from it either


def test_all_releases_together_keep_within_the_budget() -> None:
    plan = plan_noise(BASIS, ALL, epsilon=2, delta=1e-5, gradients=8, curvatures=4, counts=6)
    longest = bound_patient(BASIS, ALL)
    spent = 8 * longest**2 / (2 * plan.gradient**2)
    spent += 4 * (longest**2 / 4) ** 2 / (2 * plan.curvature**2)
    spent += 6 * 1 / (2 * plan.count**2)
    assert spent == pytest.approx(compute_rho(2, 1e-5))
    assert plan.rho == pytest.approx(spent)


def test_noise_has_the_planned_spread() -> None:
    rng = np.random.default_rng(2)
    exact = 1000 * np.eye(3)  # far from where eigenvalues are cut
    drawn = [add_noise(np.zeros(3), exact, PLAN, rng=rng) for _ in range(4000)]
    gradients = np.array([gradient for gradient, _ in drawn])
    curvatures = np.array([curvature for _, curvature in drawn]) - exact
    np.testing.assert_allclose(gradients.std(axis=0), 3.0, rtol=0.05)
    np.testing.assert_allclose(curvatures[:, 0, 0].std(), 4.0, rtol=0.05)
    np.testing.assert_allclose(curvatures[:, 0, 1].std(), 4 / np.sqrt(2), rtol=0.05)
    np.testing.assert_array_equal(curvatures[:, 0, 1], curvatures[:, 1, 0])
    counts = [add_noise_to_count(100, PLAN, rng=rng) for _ in range(4000)]
    assert np.std(counts) == pytest.approx(2.0, rel=0.07)


def test_a_curvature_bends_one_way_only_after_noise() -> None:
    _, noisy = add_noise(np.zeros(4), np.zeros((4, 4)), PLAN, rng=np.random.default_rng(3))
    assert noisy is not None
    assert np.linalg.eigvalsh(noisy).min() > -1e-9
    np.testing.assert_allclose(noisy, noisy.T)
    assert add_noise(np.zeros(4), None, PLAN)[1] is None
    assert add_noise_to_count(0, NoisePlan(1, 1, 1, 1e-9)) == 0


def test_noise_of_the_system_cannot_be_drawn_again() -> None:
    np.random.seed(0)
    first = add_noise(np.zeros(5), None, PLAN)[0]
    np.random.seed(0)
    assert (first != add_noise(np.zeros(5), None, PLAN)[0]).all()


def test_the_cost_is_told_in_plain_words() -> None:
    # 45 * 0.25 = 11.25; sqrt(1 + 9 / 11.25) = 1.34; 9 / (0.25 * 0.44) = 81.8
    mild = replace(PLAN, curvature=2.0)
    said = tell_cost(mild, n=45, rate=0.5, epsilon=1, delta=1e-5)
    assert "with 45 patients a centre" in said
    assert "1.3 times as wide" in said
    assert "would need 82 patients" in said
    assert "lead astray" not in said
    strong = NoisePlan(rho=0.001, gradient=30.0, curvature=40.0, count=1.0)
    assert "lead astray" in tell_cost(strong, n=45, rate=0.5, epsilon=0.1, delta=1e-5)


def test_estimates_spread_about_as_much_as_was_told() -> None:
    # Four centres of 400, two rounds from a common start. 400 * 0.24 = 96; the gradient's noise of
    # 7 makes intervals sqrt(1 + 49 / 96) = 1.23 times as wide, the curvature's some more.
    rng = np.random.default_rng(4)
    plan = NoisePlan(rho=1.0, gradient=7.0, curvature=10.0, count=1.0)
    assert "lead astray" not in tell_cost(plan, n=400, rate=0.6, epsilon=10, delta=1e-5)
    columns = BASIS.linear_
    truth = np.array([0.4, 0.3, -0.2, 0.2, 0.0, 0.1])
    found: dict[bool, list[np.ndarray]] = {True: [], False: []}
    for _ in range(60):
        centres = []
        for _ in range(4):
            Z = BASIS.expand(draw_rows(400, rng))[:, columns]
            risk = expit(truth[0] + Z @ truth[1:])
            centres.append((Z, (rng.random(400) < risk).astype(float)))
        for noisy, estimates in found.items():
            estimates.append(_estimate(centres, plan if noisy else None, rng))
    wider = np.std(found[True], axis=0).mean() / np.std(found[False], axis=0).mean()
    assert 1.1 < wider < 1.6


def _estimate(
    centres: list[tuple[np.ndarray, np.ndarray]], plan: NoisePlan | None, rng: np.random.Generator
) -> np.ndarray:
    places = [np.zeros(6)] * len(centres)
    for _ in range(2):
        points = []
        for (Z, y), at in zip(centres, places, strict=True):
            point = expand_likelihood(Z, y, at)
            if plan is not None:
                gradient, curvature = add_noise(point.gradient, point.curvature, plan, rng=rng)
                assert curvature is not None
                point = replace(point, gradient=gradient, curvature=curvature)
            points.append(point)
        combined = combine_points(points, np.full(5, 1e-6))
        places = [combined.at(place) for place in range(len(centres))]
    return combined.coef
