import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from features.dictionary.transformers import PredictorBasis
from training.fitting.bayes import effects as effects_module
from training.fitting.bayes.effects import (
    BEND,
    KNOTS,
    PRODUCT,
    STEP,
    STRAIGHT,
    SWITCH,
    make_effects,
)

NAMES = ("nrs_t0", "disease_duration_years", "opioid", "affected_site")


def _draw(n: int, seed: int) -> tuple[PredictorBasis, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            np.round(np.clip(rng.normal(7, 2, n), 0, 10)),
            np.round(rng.exponential(5, n), 1),
            rng.integers(0, 2, n).astype(float),
            rng.integers(0, 3, n).astype(float),
        ]
    )
    X[rng.random(X.shape) < 0.1] = np.nan
    basis = make_basis([CONTRACT[name] for name in NAMES], knots=KNOTS, steps=True).fit(X)
    return basis, X, basis.expand(X)


@given(n=st.integers(5, 60), seed=st.integers(0, 10**6))
def test_coefficients_on_effects_are_coefficients_on_the_basis(n: int, seed: int) -> None:
    basis, _, Z = _draw(n, seed)
    effects = make_effects(basis, Z)
    rng = np.random.default_rng(seed)
    coef = rng.normal(size=1 + len(effects.kinds))
    way = coef @ effects.to_basis
    together = Z[:, effects.pairs[:, 0]] * Z[:, effects.pairs[:, 1]]
    found = way[0] + np.hstack([Z, together]) @ way[1:]
    np.testing.assert_allclose(found, coef[0] + effects.design[:, 1:] @ coef[1:], atol=1e-8)


def test_a_bend_has_nothing_that_a_straight_line_tells() -> None:
    basis, _, Z = _draw(200, 1)
    effects = make_effects(basis, Z)
    bends = effects.design[:, 1:][:, effects.kinds == BEND]
    straight = effects.design[:, 1:][:, effects.kinds == STRAIGHT]
    assert bends.shape[1] == 4
    np.testing.assert_allclose(bends.T @ straight, 0.0, atol=1e-8)
    np.testing.assert_allclose(bends.std(axis=0), 1.0)


def test_every_column_has_mean_0_and_knows_its_predictors() -> None:
    basis, _, Z = _draw(150, 2)
    effects = make_effects(basis, Z)
    np.testing.assert_allclose(effects.design[:, 1:].mean(axis=0), 0.0, atol=1e-9)
    several = effects.needs.sum(axis=1)
    of_two = np.isin(effects.kinds, (PRODUCT, SWITCH))
    np.testing.assert_array_equal(several, np.where(of_two, 2, 1))
    # Straight: 1 + 1 + 1 + 2. Products of two predictors: 1 + 1 + 2 + 1 + 2 + 2.
    assert np.count_nonzero(effects.kinds == STRAIGHT) == 5
    assert np.count_nonzero(effects.kinds == PRODUCT) == 9
    groups = basis.groups_[effects.pairs]
    np.testing.assert_array_equal(effects.needs[of_two].sum(), 2 * len(groups))
    for pair, needs in zip(groups, effects.needs[of_two], strict=True):
        assert set(pair) == set(np.flatnonzero(needs))


def test_switches_are_of_steps_and_flags_and_never_of_two_flags() -> None:
    basis, _, Z = _draw(300, 3)
    effects = make_effects(basis, Z)
    switches = effects.pairs[effects.kinds[np.isin(effects.kinds, (PRODUCT, SWITCH))] == SWITCH]
    is_step = ~np.isnan(basis.cut_)
    assert len(switches)
    assert np.all(is_step[switches].any(axis=1))


def test_a_predictor_without_spread_gives_no_products() -> None:
    X = np.column_stack([np.full(30, 7.0), np.tile([0.0, 1.0], 15)])
    basis = make_basis([CONTRACT["nrs_t0"], CONTRACT["opioid"]], knots=KNOTS, steps=True).fit(X)
    effects = make_effects(basis, basis.expand(X))
    np.testing.assert_array_equal(effects.kinds, [STRAIGHT, STRAIGHT])


@pytest.mark.parametrize(("patients", "parts"), [(101, 20), (361, 30), (2001, 40)])
def test_steps_lie_closer_the_more_patients_there_are(patients: int, parts: int) -> None:
    X = np.arange(float(patients))[:, np.newaxis]
    basis = PredictorBasis(steps=True).fit(X)
    shares = (basis.transform(X)[:, 1:] > 0).mean(axis=0)
    wanted = 1 - np.arange(1, parts) / parts
    inside = np.abs(wanted - 0.5) < 0.44
    assert np.sum(np.abs(shares - 0.5) < 0.44) == inside.sum()
    np.testing.assert_allclose(shares[np.abs(shares - 0.5) < 0.44], wanted[inside], atol=0.01)
    kinds = make_effects(basis, basis.expand(X)).kinds
    assert np.sum(kinds == STEP) == len(shares)


def test_a_patient_filled_in_several_ways_counts_once() -> None:
    basis, _, Z = _draw(40, 3)
    effects = make_effects(basis, Z)
    patients = np.repeat(np.arange(40), np.where(np.arange(40) % 3, 1, 7))
    again = make_effects(basis, Z[patients], patients)
    # The same row each time: the same columns, and nothing is left open.
    np.testing.assert_allclose(again.design[:, 1:], effects.design[:, 1:], atol=1e-9)
    np.testing.assert_allclose(again.to_basis, effects.to_basis, atol=1e-9)
    assert again.has_gaps and not effects.has_gaps
    before = again.design.copy()
    again.dampen(np.random.default_rng(0).normal(size=5))
    np.testing.assert_allclose(again.damping, 1.0)
    np.testing.assert_allclose(again.design, before)


@pytest.mark.parametrize("last", [1, 30, 150])
def test_means_of_fillings_are_those_of_patients_wherever_a_block_ends(
    last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects_module, "_CELLS_IN_CACHE", 10_000)
    basis, X, _ = _draw(24, 4)
    counts = np.append(np.tile([1, 9, 20], 8)[:23], last)
    patients = np.repeat(np.arange(24), counts)
    rows = X[patients]
    rows[:, 0] = np.clip(np.nan_to_num(rows[:, 0], nan=5.0) + np.arange(len(rows)) % 3 - 1, 0, 10)
    Z = basis.expand(rows)
    effects = make_effects(basis, Z, patients)
    shares = (patients == np.arange(24)[:, np.newaxis]) / counts[:, np.newaxis]
    together = Z[:, effects.pairs[:, 0]] * Z[:, effects.pairs[:, 1]]
    mean = shares @ np.hstack([np.ones((len(Z), 1)), Z, together])
    coef = np.random.default_rng(1).normal(size=1 + effects.design[:, 1:].shape[1])
    found = coef[0] + effects.design[:, 1:] @ coef[1:]
    np.testing.assert_allclose(found, mean @ (coef @ effects.to_basis), atol=1e-8)
    straight = Z[:, basis.linear_]
    apart = (straight - (shares @ straight)[patients])[counts[patients] > 1]
    np.testing.assert_allclose(effects.apart, apart, atol=1e-12)


def test_log_odds_are_drawn_in_by_what_a_gap_leaves_open() -> None:
    basis, X, _ = _draw(40, 3)
    X = np.where(np.isnan(X), 1.0, X)
    rows = np.repeat(X, 9, axis=0)
    patients = np.repeat(np.arange(40), 9)
    first = np.flatnonzero(patients == 0)
    rows[first, 0] = np.linspace(2, 10, 9)
    effects = make_effects(basis, basis.expand(rows), patients)
    before = effects.design.copy()
    effects.dampen(np.array([2.0, 0.0, 0.0, 0.0, 0.0]))
    variance = np.var(2.0 * basis.expand(rows)[first, 0])
    assert effects.damping[0] == pytest.approx(1 / np.sqrt(1 + np.pi * variance / 8))
    np.testing.assert_allclose(effects.damping[1:], 1.0)
    np.testing.assert_allclose(effects.design[0], effects.damping[0] * before[0])
    # What is damped anew is damped once.
    effects.dampen(np.zeros(5))
    np.testing.assert_allclose(effects.damping, 1.0)
    np.testing.assert_allclose(effects.design, before)
