"""What training learns of missing values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from training.fitting.bayes.effects import KNOTS, make_effects
from training.fitting.gaps import (
    N_BACKGROUND,
    N_FILLS,
    count_fillings,
    fill_rows,
    learn_gaps,
    make_background,
    make_filled_effects,
)

PREDICTORS = (CONTRACT["nrs_t0"], CONTRACT["disease_duration_years"], CONTRACT["opioid"])


def _draw(n: int, seed: int, *, correlation: float = 0.0, missing: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 3))
    z[:, 1] = correlation * z[:, 0] + np.sqrt(1 - correlation**2) * z[:, 1]
    z[:, 2] = correlation * z[:, 0] + np.sqrt(1 - correlation**2) * z[:, 2]
    columns = [7 + 1.2 * z[:, 0], np.exp(1 + 0.5 * z[:, 1]), z[:, 2] > 0.5]
    X = np.column_stack([np.asarray(c, float) for c in columns])
    X[rng.random(X.shape) < missing] = np.nan
    return X


def test_the_background_has_the_margins_of_training_and_rounds_to_their_precision() -> None:
    # Ten patients fill 100 rows ten times over: each rounded value comes ten times. Of the two
    # smallest and of the two largest there is their mean.
    rng = np.random.default_rng(0)
    X = np.column_stack([np.arange(10) + 0.26, np.arange(10) % 2, rng.permutation(10) % 3])
    variables = (CONTRACT["disease_duration_years"], CONTRACT["opioid"], CONTRACT["crps_type"])
    assert variables[0].precision == 0.1
    background = make_background(X, variables, rng=np.random.default_rng(1))
    assert background.shape == (N_BACKGROUND, 3)
    values, counts = np.unique(np.round(background[:, 0], 6), return_counts=True)
    np.testing.assert_allclose(values, [0.8, *np.arange(2, 8) + 0.3, 8.8])
    assert counts.tolist() == [20, *[10] * 6, 20]
    assert background[:, 1].sum() == 50


def test_the_background_is_nobody() -> None:
    # In every patient the two columns say the same; in the background they are independent.
    X = np.repeat(np.arange(200.0)[:, np.newaxis], 2, axis=1)
    variables = (CONTRACT["nrs_t0"], CONTRACT["age_years"])
    background = make_background(X, variables, rng=np.random.default_rng(2))
    assert len(np.unique(background, axis=0)) > 95
    assert abs(np.corrcoef(background.T)[0, 1]) < 0.3
    assert np.mean(background[:, 0] == background[:, 1]) < 0.05


def test_background_and_every_fifth_of_it_hold_what_is_known() -> None:
    X = np.array([[np.nan], [4.0], [np.nan], [6.0]])
    background = make_background(X, (CONTRACT["nrs_t0"],), rng=np.random.default_rng(3))
    assert np.sum(background == 4.0) == 50
    for block in background.reshape(-1, N_FILLS):
        assert np.sum(block == 4.0) == N_FILLS / 2


def test_a_predictor_that_nobody_has_has_no_background() -> None:
    X = np.column_stack([np.full(5, np.nan), np.arange(5.0)])
    background = make_background(X, PREDICTORS[:2], rng=np.random.default_rng(3))
    assert np.isnan(background[:, 0]).all() and not np.isnan(background[:, 1]).any()


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_many_patients_tell_what_goes_together(correlation: float) -> None:
    found = learn_gaps(_draw(4000, 1, correlation=correlation, missing=0.2), PREDICTORS).correlation
    assert found[0, 1] == pytest.approx(correlation, abs=0.05)
    # A flag's score is coarser than what it was cut from.
    assert 0.6 * correlation - 0.05 < found[0, 2] < correlation + 0.05


def test_few_patients_in_whom_nothing_goes_together_are_told_to_have_little() -> None:
    largest = [
        np.abs(learn_gaps(_draw(30, seed), PREDICTORS).correlation - np.eye(3)).max()
        for seed in range(40)
    ]
    raw = [np.abs(np.corrcoef(_draw(30, seed).T) - np.eye(3)).max() for seed in range(40)]
    assert np.mean(largest) < 0.7 * np.mean(raw)


@given(
    n=st.integers(1, 30),
    seed=st.integers(0, 10**6),
    missing=st.sampled_from([0.0, 0.3, 0.8, 1.0]),
    correlation=st.sampled_from([0.0, 0.99]),
)
def test_whatever_is_missing_there_is_a_correlation_and_a_filling(
    n: int, seed: int, missing: float, correlation: float
) -> None:
    X = _draw(n, seed, missing=missing, correlation=correlation)
    gaps = learn_gaps(X, PREDICTORS)
    np.testing.assert_allclose(np.diag(gaps.correlation), 1.0)
    assert np.linalg.eigvalsh(gaps.correlation).min() > 0
    counts = count_fillings(X)
    rows, patients = fill_rows(X, gaps, counts), np.repeat(np.arange(n), counts)
    nobody = np.isnan(X).all(axis=0)
    assert not np.isnan(rows[:, ~nobody]).any() and np.isnan(rows[:, nobody]).all()
    complete = ~np.isnan(X).any(axis=1)
    np.testing.assert_array_equal(counts, np.where(complete, 1, N_FILLS))
    known = ~np.isnan(X[patients])
    np.testing.assert_array_equal(rows[known], X[patients][known])


def test_nothing_is_drawn_at_random() -> None:
    X = _draw(50, 1, missing=0.2)
    first, second = learn_gaps(X, PREDICTORS), learn_gaps(X, PREDICTORS)
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.correlation, second.correlation)
    assert len(first.values) == N_BACKGROUND


def test_columns_made_a_block_at_a_time_are_those_of_all_rows_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X = _draw(90, 4, missing=0.2)
    basis = make_basis(PREDICTORS, knots=KNOTS, steps=True).fit(X)
    gaps = learn_gaps(X, PREDICTORS)
    counts = count_fillings(X)
    rows = basis.expand(fill_rows(X, gaps, counts))
    whole = make_effects(basis, rows, np.repeat(np.arange(90), counts))
    # Many patients, whose rows are not kept from one look at them to the next.
    monkeypatch.setattr("training.fitting.bayes.directions._ROWS", 16)
    monkeypatch.setattr("training.fitting.bayes.effects.MANY", 20)
    blocks = make_filled_effects(basis, X, learn_gaps(X, PREDICTORS))
    for name in ("design", "apart", "to_basis"):
        np.testing.assert_allclose(getattr(blocks, name), getattr(whole, name), atol=1e-9)
    for name in ("kinds", "needs", "pairs", "counts"):
        np.testing.assert_array_equal(getattr(blocks, name), getattr(whole, name))
