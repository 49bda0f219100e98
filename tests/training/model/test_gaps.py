"""What a missing value may be, given the others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from training.model.gaps import Gaps, average_fillings, compute_normal_scores
from training.store.skops_bytes import to_bytes

NAN = np.nan


def _make(correlation: float, *, seed: int = 0) -> Gaps:
    rng = np.random.default_rng(seed)
    even = ndtri((np.arange(100) + 0.5) / 100)
    values = np.column_stack([rng.permutation(even) for _ in range(3)])
    values[:, 2] = values[:, 2] > 0.3
    matrix = np.eye(3)
    matrix[0, 1] = matrix[1, 0] = correlation
    return Gaps(values, matrix)


def test_scores_are_normal_and_equal_values_share_one() -> None:
    values = np.arange(100.0)[:, np.newaxis]
    scores = compute_normal_scores(np.array([[-5.0], [49.5], [200.0], [NAN]]), values)[:, 0]
    np.testing.assert_allclose(scores[:3], [ndtri(0.005), 0.0, ndtri(0.995)])
    assert np.isnan(scores[3])
    flags = np.repeat([0.0, 1.0], [70, 30])[:, np.newaxis]
    found = compute_normal_scores(np.array([[0.0], [1.0]]), flags)[:, 0]
    np.testing.assert_allclose(found, ndtri([0.35, 0.85]))


def test_where_nothing_goes_together_the_rows_themselves_fill() -> None:
    gaps = _make(0.0)
    filled = gaps.fill(np.array([[NAN, 1.5, NAN]]))[0]
    np.testing.assert_array_equal(filled[:, [0, 2]], gaps.values[:, [0, 2]])
    assert (filled[:, 1] == 1.5).all()


@pytest.mark.parametrize("known", [-1.5, 0.0, 1.0])
def test_what_is_known_tells_of_what_is_not(known: float) -> None:
    # Of two standard normals: mean r x, variance 1 - r^2.
    filled = _make(0.8).fill(np.array([[NAN, known, 0.0]]))[0, :, 0]
    assert filled.mean() == pytest.approx(0.8 * known, abs=0.06)
    assert filled.std() == pytest.approx(0.6, abs=0.06)


def test_what_is_missing_together_goes_together() -> None:
    filled = _make(0.8).fill(np.array([[NAN, NAN, 0.0]]))[0]
    assert np.corrcoef(filled[:, :2].T)[0, 1] == pytest.approx(0.8, abs=0.1)


def test_columns_behind_the_predictors_are_left_as_they_are() -> None:
    filled = _make(0.8).fill(np.array([[NAN, 1.0, 0.0, NAN, 7.0]]))[0]
    assert not np.isnan(filled[:, 0]).any()
    assert np.isnan(filled[:, 3]).all() and (filled[:, 4] == 7.0).all()


@given(seed=st.integers(0, 10**6), n=st.integers(1, 8))
def test_a_patient_alone_gets_the_bits_of_a_batch(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    gaps = _make(0.5)
    X = rng.normal(size=(n, 3))
    X[rng.random(X.shape) < 0.5] = NAN

    def judge(rows: np.ndarray) -> np.ndarray:
        return np.nan_to_num(np.sum(rows * [0.3, -0.7, 1.1], axis=1))[:, np.newaxis]

    together = average_fillings(judge, X, gaps)
    alone = np.vstack([average_fillings(judge, x[np.newaxis], gaps) for x in X])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(gaps.fill(X), np.concatenate([gaps.fill(x[None]) for x in X]))


def test_the_average_is_of_the_judgement_not_of_the_values() -> None:
    gaps = _make(0.0)
    X = np.array([[NAN, 0.0, 0.0], [2.0, 0.0, 0.0]])
    found = average_fillings(lambda rows: rows[:, 0] ** 2, X, gaps)
    np.testing.assert_allclose(found, [np.mean(gaps.values[:, 0] ** 2), 4.0])
    left = average_fillings(lambda rows: rows[:, 0], X, None)
    assert np.isnan(left[0]) and left[1] == 2.0


def test_what_was_worked_out_on_the_way_is_not_stored() -> None:
    gaps = _make(0.5)
    before = to_bytes(gaps)
    gaps.fill(np.array([[NAN, 1.5, NAN]]))
    assert to_bytes(gaps) == before
