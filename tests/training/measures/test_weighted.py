import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.measures.weighted import (
    bootstrap_weights,
    check_evaluation,
    fit_logistic_rows,
    percentile_interval,
    ratio,
)


def test_patients_with_unknown_outcome_are_left_out() -> None:
    y, p, weight = check_evaluation([1, np.nan, 0], [0.2, np.nan, 0.4], [1, 5, 2])
    assert y.tolist() == [1, 0]
    assert p.tolist() == [0.2, 0.4]
    assert weight.tolist() == [1, 2]


def test_every_problem_is_listed_at_once() -> None:
    with pytest.raises(ValueError, match=r"y must be 0.*\[0, 1\].*not negative"):
        check_evaluation([2, 0], [1.5, 0.1], [-1, 1])


@pytest.mark.parametrize(
    ("p", "weight", "match"),
    [
        ([0.1, np.nan], None, "no finite prediction"),
        ([0.1], None, "shapes"),
        ([[0.1, 0.2]], None, "shapes"),
        ([0.1, 0.2], [1], "shapes"),
        ([0.1, 0.2], [0, 0], "above 0"),
        ([0.1, 0.2], [np.inf, 1], "finite"),
    ],
)
def test_input_that_would_give_a_wrong_number_is_refused(
    p: list[float], weight: list[float] | None, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        check_evaluation([1, 0], p, weight)


def test_repeats_are_accepted_only_where_asked_for() -> None:
    p = [[0.1, 0.2], [0.3, 0.4]]
    assert check_evaluation([1, 0], p, repeats=True)[1].shape == (2, 2)
    with pytest.raises(ValueError, match="shapes"):
        check_evaluation([1, 0], p)


def test_resamples_draw_as_many_patients_as_there_are() -> None:
    weights = bootstrap_weights(np.array([1.0, 1.0, 2.0]), n_bootstrap=50, seed=3)
    assert weights.shape == (51, 3)
    assert weights[0].tolist() == [1, 1, 2]
    assert (weights[1:] @ [1, 1, 0.5] == 3).all()


def test_the_same_seed_gives_the_same_resamples() -> None:
    first, second = (bootstrap_weights(np.ones(9), n_bootstrap=5, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_percentile_interval_counts_failures_and_needs_half_of_the_draws() -> None:
    draws = np.column_stack([np.arange(101.0), np.full(101, np.nan), np.arange(101.0)])
    draws[:50, 2] = np.nan  # 51 remain, 50 to 100: 2.5% of the way from 50 to 100 is 51.25
    low, high, failed = percentile_interval(draws)
    np.testing.assert_allclose(low, [2.5, np.nan, 51.25])
    np.testing.assert_allclose(high, [97.5, np.nan, 98.75])
    assert failed.tolist() == [0, 101, 50]
    draws[50, 2] = np.nan
    assert np.isnan(percentile_interval(draws)[0][2])


def test_no_draws_give_no_interval() -> None:
    low, high, failed = percentile_interval(np.empty((0, 2)))
    assert np.isnan([low, high]).all()
    assert failed.tolist() == [0, 0]


def test_a_ratio_over_nothing_is_missing() -> None:
    np.testing.assert_array_equal(ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])), [0.5, np.nan])


def test_logistic_rows_have_the_closed_form_of_a_two_by_two_table() -> None:
    # x = 0: 1 event, 3 none; x = 1: 4 events, 2 none. Intercept ln(1/3), slope ln(2) + ln(3).
    x = np.array([0, 0, 1, 1.0])
    design, y = np.column_stack([np.ones(4), x]), np.array([1, 0, 1, 0.0])
    beta = fit_logistic_rows(design, y, np.array([[1, 3, 4, 2], [1, 1, 1, 1]]))
    np.testing.assert_allclose(beta, [[np.log(1 / 3), np.log(6)], [0, 0]], atol=1e-9)


def test_logistic_rows_take_an_offset() -> None:
    # 2 events in 4 with log-odds 1 given: the intercept takes the offset away
    y = np.array([1, 1, 0, 0.0])
    beta = fit_logistic_rows(np.ones((4, 1)), y, np.ones((1, 4)), offset=np.ones(4))
    np.testing.assert_allclose(beta, [[-1]], atol=1e-9)


def test_an_infinite_estimate_is_missing_and_spares_the_other_rows() -> None:
    x = np.array([-1.5, -0.5, 0.5, 1.5])
    y = np.array([0, 0, 1, 1.0])
    design = np.column_stack([np.ones(4), x])
    apart = fit_logistic_rows(design, y, np.array([[1, 1, 1, 1.0]]))
    assert np.isnan(apart).all()
    one_class = fit_logistic_rows(np.ones((4, 1)), y, np.array([[0, 0, 1, 1], [1, 0, 1, 0.0]]))
    assert np.isnan(one_class[0, 0])
    assert one_class[1, 0] == pytest.approx(0, abs=1e-9)


def test_converges_where_full_newton_steps_diverge() -> None:
    # Risks near 1 where one of four has the event: the first full step would be to -784, where
    # every risk is 0 and there is no second one. The right intercept makes the risks add up to 1.
    offset, y = np.array([6.0, 7, 8, 9]), np.array([0, 0, 0, 1.0])
    intercept = fit_logistic_rows(np.ones((4, 1)), y, np.ones((1, 4)), offset=offset)[0, 0]
    assert (1 / (1 + np.exp(-offset - intercept))).sum() == pytest.approx(1)


@given(st.integers(0, 10_000))
def test_each_row_is_fitted_as_if_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(30), rng.normal(size=(30, 2))])
    y = (rng.random(30) < 0.5).astype(float)
    weights = rng.poisson(1.0, (4, 30)).astype(float)
    together = fit_logistic_rows(design, y, weights)
    for row, beta in zip(weights, together, strict=True):
        repeated = np.repeat(np.arange(30), row.astype(int))
        alone = fit_logistic_rows(design[repeated], y[repeated], np.ones((1, len(repeated))))[0]
        np.testing.assert_allclose(beta, alone, rtol=1e-6, atol=1e-8)
