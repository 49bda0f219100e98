import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from features.dictionary.transformers import PredictorBasis


@pytest.mark.parametrize("knots", [0, 3, 4])
def test_passes_the_common_checks_of_scikit_learn(knots: int) -> None:
    with warnings.catch_warnings():
        # One check is skipped where scipy's array API is off, and says so with a warning.
        warnings.simplefilter("ignore")
        check_estimator(PredictorBasis(knots=knots))


def test_a_missing_number_is_the_training_median_and_a_missing_flag_the_training_share() -> None:
    # Column 0: 1, 2, 9 has median 2; column 1: two of three yes.
    X = np.array([[1.0, 1.0], [2.0, 1.0], [9.0, 0.0]])
    basis = PredictorBasis(categories={1: 2}).fit(X)
    missing = basis.transform([[np.nan, np.nan]])
    at_median = basis.transform([[2.0, 0.0]])
    assert missing[0, 0] == pytest.approx(at_median[0, 0])
    assert missing[0, 1] == pytest.approx(0.0)  # the share is the mean, and columns are centred


def test_filling_does_not_depend_on_the_other_records_of_a_request() -> None:
    rng = np.random.default_rng(0)
    basis = PredictorBasis(knots=3).fit(rng.normal(size=(40, 2)))
    alone = basis.transform([[np.nan, 1.0]])
    together = basis.transform([[np.nan, 1.0], [100.0, -3.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(alone[0], together[0])


def test_values_beyond_training_are_the_nearest_value_seen() -> None:
    basis = PredictorBasis().fit([[2.0], [5.0], [8.0]])
    np.testing.assert_array_equal(basis.transform([[11.0]]), basis.transform([[8.0]]))
    np.testing.assert_array_equal(basis.transform([[-1.0]]), basis.transform([[2.0]]))


def test_log_scale_is_log_of_one_plus_x() -> None:
    X = np.array([[0.0], [1.0], [3.0], [7.0]])
    basis = PredictorBasis(log1p=[0]).fit(X)
    expected = np.log([1.0, 2.0, 4.0, 8.0])
    expected = (expected - expected.mean()) / expected.std()
    np.testing.assert_allclose(basis.transform(X)[:, 0], expected)


def test_a_category_of_three_gets_two_indicators_of_its_own_column() -> None:
    X = np.array([[0.0, 4.0], [1.0, 5.0], [2.0, 6.0], [2.0, 7.0]])
    basis = PredictorBasis(categories={0: 3}).fit(X)
    np.testing.assert_array_equal(basis.groups_, [0, 0, 1])
    raw = basis.transform(X)[:, :2] * basis.scale_[:2] + basis.center_[:2]
    np.testing.assert_allclose(raw, [[0, 0], [1, 0], [0, 1], [0, 1]], atol=1e-12)


def test_a_rare_flag_is_not_blown_up() -> None:
    # One of 48: the SD is 0.143, and dividing by it would give a distance of 7.
    X = np.zeros((48, 1))
    X[0] = 1.0
    Z = PredictorBasis(categories={0: 2}).fit_transform(X)
    assert np.ptp(Z) == pytest.approx(1 / 0.3)


def test_the_bent_term_is_harrells_restricted_cubic_spline() -> None:
    # Knots of 0..10 at the 10th, 50th and 90th percentile: 1, 5, 9. The nonlinear term at x = 10,
    # by hand: ((10-1)^3 - (10-5)^3 * (9-1)/(9-5) + (10-9)^3 * (5-1)/(9-5)) / (9-1)^2
    #        = (729 - 250 + 1) / 64 = 7.5
    X = np.arange(11.0)[:, np.newaxis]
    basis = PredictorBasis(knots=3).fit(X)
    raw = basis.transform([[10.0]]) * basis.scale_ + basis.center_
    np.testing.assert_array_equal(basis.linear_, [True, False])
    assert raw[0, 1] == pytest.approx(7.5)


def test_the_bent_term_is_straight_beyond_its_outer_knots() -> None:
    X = np.arange(101.0)[:, np.newaxis]
    basis = PredictorBasis(knots=3).fit(X)
    right = basis.transform([[92.0], [95.0], [98.0]])[:, 1]
    assert right[1] - right[0] == pytest.approx(right[2] - right[1])
    left = basis.transform([[1.0], [4.0], [7.0]])[:, 1]
    np.testing.assert_allclose(left, left[0])


def test_too_few_distinct_values_stay_straight() -> None:
    X = np.repeat([7.0, 8.0], 20)[:, np.newaxis]
    assert PredictorBasis(knots=3).fit(X).linear_.all()


def test_an_empty_column_gives_zeros() -> None:
    X = np.column_stack([np.full(5, np.nan), np.arange(5.0)])
    basis = PredictorBasis(knots=3).fit(X)
    np.testing.assert_array_equal(basis.transform([[3.0, 2.0], [np.nan, 2.0]])[:, 0], 0.0)


@given(
    arrays(np.float64, (12, 3), elements=st.floats(-50, 50) | st.just(np.nan)), st.integers(0, 2)
)
@settings(max_examples=60)
def test_changing_one_predictor_changes_only_its_own_columns(X: np.ndarray, column: int) -> None:
    basis = PredictorBasis(knots=3).fit(X)
    changed = X.copy()
    changed[:, column] = np.roll(X[:, column], 1)
    same = basis.groups_ != column
    np.testing.assert_array_equal(basis.transform(X)[:, same], basis.transform(changed)[:, same])
    assert np.isfinite(basis.transform(X)).all()


def test_values_too_near_to_each_other_to_be_bent_stay_straight() -> None:
    # The square of such a spread is 0 to a computer, and nothing can be divided by it.
    X = np.zeros((12, 1))
    X[:3, 0] = [1e-200, 2e-200, 3e-200]
    X[3:9, 0] = 1e-200
    basis = PredictorBasis(knots=3).fit(X)
    assert len(basis.knots_[0]) == 0
    assert np.isfinite(basis.transform(X)).all()


def test_the_outcome_is_never_looked_at() -> None:
    X = np.random.default_rng(1).normal(size=(30, 2))
    basis = PredictorBasis(knots=3)
    first = clone(basis).fit(X, np.zeros(30)).transform(X)
    second = clone(basis).fit(X, np.arange(30)).transform(X)
    np.testing.assert_array_equal(first, second)


def test_the_dictionary_decides_what_is_a_category_and_what_is_logged() -> None:
    names = ("nrs_t0", "disease_duration_years", "opioid", "affected_site")
    basis = make_basis([CONTRACT[name] for name in names], knots=3)
    assert basis.get_params() == {
        "categories": {2: 2, 3: 3},
        "log1p": [1],
        "knots": 3,
        "steps": False,
    }


def test_further_numbers_leave_the_other_columns_as_they_were():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=50), rng.integers(0, 2, 50).astype(float)])
    basis = PredictorBasis(categories={1: 2}, knots=3).fit(X)
    wider = basis.with_numbers(
        low=np.array([-1.0]), high=np.array([3.0]), center=np.array([1.0]), scale=np.array([2.0])
    )
    more = np.array([[5.0], [1.0], [np.nan], [-9.0]])
    Z = wider.expand(np.column_stack([X[:4], more]))
    np.testing.assert_array_equal(Z[:, :-1], basis.expand(X[:4]))
    # 5 counts as 3: (3 - 1) / 2; the center and what is missing as 0; -9 as -1: (-1 - 1) / 2.
    np.testing.assert_allclose(Z[:, -1], [1.0, 0.0, 0.0, -1.0])
    assert wider.groups_[-1] == 2
    assert wider.n_features_in_ == 3
    assert basis.n_features_in_ == 2
