"""What a panel may add: nothing, a few assays, or all of them a little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from training.panel.posterior import HYPOTHESES, find_few, fit_posterior, keep_fewest


def _simulate(effects: dict[int, float], *, n: int = 100, n_assays: int = 60, seed: int = 0):
    rng = np.random.default_rng(seed)
    Z, offset = rng.normal(size=(n, n_assays)), 0.5 * rng.normal(size=n)
    added = sum((b * Z[:, j] for j, b in effects.items()), np.zeros(n))
    y = (rng.random(n) < expit(offset + added)).astype(float)
    return Z, y, offset


def test_one_strong_assay_is_held_to_be_few_and_gets_the_score():
    Z, y, offset = _simulate({7: 2.0})
    posterior = fit_posterior(Z, y, offset)
    assert posterior.mass["few"] > 0.9
    assert posterior.coef.argmax() == 7
    assert 1.0 < posterior.coef[7] < 3.0
    assert np.abs(np.delete(posterior.coef, 7)).max() < 0.5


def test_two_that_tell_by_their_difference_only_get_opposite_coefficients():
    rng = np.random.default_rng(3)
    Z, _, offset = _simulate({}, n=150)
    Z[:, 1] = 0.95 * Z[:, 0] + 0.31 * Z[:, 1]
    between = (Z[:, 0] - Z[:, 1]) / np.std(Z[:, 0] - Z[:, 1])
    y = (rng.random(150) < expit(offset + 2.5 * between)).astype(float)
    coef = fit_posterior(Z, y, offset).coef
    assert coef[0] > 0.5
    assert coef[1] < -0.5


def test_a_little_of_everything_is_held_to_be_all():
    rng = np.random.default_rng(2)
    Z, y, offset = _simulate(dict(enumerate(rng.normal(0, 0.35, 60))), n=200)
    posterior = fit_posterior(Z, y, offset)
    assert posterior.mass["all"] > 0.9


def test_noise_leaves_most_to_nothing_and_adds_little():
    mass, spread = [], []
    for seed in range(12):
        Z, y, offset = _simulate({}, n=60, seed=seed)
        posterior = fit_posterior(Z, y, offset)
        mass.append(posterior.mass["none"])
        spread.append((Z @ posterior.coef).std())
    assert np.median(mass) > 0.4  # 0.2 before
    assert np.median(spread) < 0.3


def _masses_sum_to_one(posterior) -> bool:
    return sum(posterior.mass.values()) == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(12, 40))
def test_any_panel_has_a_posterior_whatever_the_order_of_patients(seed: int, p: int, n: int):
    Z, y, offset = _simulate({0: 1.0}, n=n, n_assays=p, seed=seed)
    y[:2] = 0.0, 1.0
    one = fit_posterior(Z, y, offset)
    order = np.random.default_rng(seed).permutation(n)
    other = fit_posterior(Z[order], y[order], offset[order])
    assert list(one.mass) == ["none", *HYPOTHESES]
    assert _masses_sum_to_one(one)
    np.testing.assert_allclose(other.coef, one.coef, atol=1e-3)
    np.testing.assert_allclose(
        one.coef, sum(one.mass[name] * part for name, part in one.parts.items())
    )


def test_swapping_the_outcomes_turns_every_coefficient_round():
    Z, y, offset = _simulate({3: 1.5})
    one, other = fit_posterior(Z, y, offset), fit_posterior(Z, 1 - y, -offset)
    np.testing.assert_allclose(other.coef, -one.coef, atol=1e-4)


def test_draws_have_the_posteriors_mean_and_the_share_of_nothing():
    Z, y, offset = _simulate({2: 0.8}, n=60, n_assays=20)
    posterior = fit_posterior(Z, y, offset)
    draws = posterior.draw(20_000, rng=np.random.default_rng(0))
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert np.all(np.abs(draws.mean(axis=0) - posterior.coef) < 5 * error + 1e-3)
    nothing = np.mean(~draws.any(axis=1))
    assert nothing == pytest.approx(posterior.mass["none"], abs=0.015)
    # In no order: the first half is like the second.
    halves = draws[:10_000, 2].mean(), draws[10_000:, 2].mean()
    assert halves[0] == pytest.approx(halves[1], abs=0.05)


def test_outside_the_patients_panels_all_assays_are_as_uncertain_as_before():
    # 10 patients tell nothing of most directions of 40 assays: the prior's SD stays there.
    Z, y, offset = _simulate({}, n=10, n_assays=40)
    all_ = fit_posterior(Z, y, offset).all_
    draws = all_.draw(4000, rng=np.random.default_rng(1))
    outside = np.linalg.svd(Z)[2][-1]
    assert np.abs(all_.axes @ outside).max() < 1e-9
    expected = np.sqrt(all_.weight @ all_.scale**2)
    assert (draws @ outside).std() == pytest.approx(expected, rel=0.1)


def test_larger_models_only_add_evidence_of_their_own_size():
    Z, y, offset = _simulate({0: 1.0, 1: -1.0}, n=80, n_assays=15)
    pairs, four = find_few(Z, y, offset, largest=2), find_few(Z, y, offset)
    assert [subsets.columns.shape[1] for subsets in pairs.sizes] == [1, 2]
    assert four.log_evidence > pairs.log_evidence
    np.testing.assert_allclose(pairs.log_weights[1], four.log_weights[1])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_the_assays_kept_carry_the_score_or_are_as_many_as_may_be(seed: int, most: int):
    rng = np.random.default_rng(seed)
    Z, coef = rng.normal(size=(50, 40)), rng.normal(size=40) ** 5
    kept = keep_fewest(coef, Z, most)
    used = np.flatnonzero(kept)
    assert len(used) <= most
    carried = np.corrcoef(Z @ kept, Z @ coef)[0, 1] ** 2
    assert carried >= 0.995 - 1e-9 or len(used) == most or not len(used)
    # The largest are kept, all scaled alike.
    assert set(used) == set(np.argsort(-np.abs(coef))[: len(used)])
    assert np.ptp(kept[used] / coef[used]) < 1e-9


def test_a_score_of_nothing_keeps_no_assay():
    assert not keep_fewest(np.zeros(5), np.eye(5), 3).any()
