import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from tests.places import SHARED
from training.measures.recalibration import compute_calibration, fit_in_the_large, fit_recalibration
from training.measures.weighted import fit_logistic_rows

# Thirty made-up patients; results of R 4.2.2 (loess, glm, confint) stand in the tests.
NUMBER = np.arange(1, 31)
P = NUMBER / 31
Y = ((NUMBER * 7) % 11 < NUMBER / 3).astype(float)
WEIGHT = np.tile([1, 2, 0.5], 10)


@pytest.fixture(scope="module")
def external() -> tuple[np.ndarray, np.ndarray]:
    folder = SHARED / "calibration_curves"
    if not folder.exists():
        pytest.skip("the calibration data of ../shared/data are not here")
    train, test = (pd.read_csv(folder / f"{name}data.csv") for name in ("train", "test"))
    columns = ["x1", "x2", "x3", "x4"]
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(train[columns], train.y)
    return test.y.to_numpy(), model.predict_proba(test[columns])[:, 1]


# ---------------------------------------------------------------- intercepts and slope


def test_calibration_gives_back_the_external_validation(
    external: tuple[np.ndarray, np.ndarray],
) -> None:
    found = compute_calibration(*external)
    assert found.in_the_large.estimate == pytest.approx(0.2240468, abs=5e-7)
    np.testing.assert_allclose(found.slope, [0.8227830, 0.6722437, 0.9867143], atol=5e-6)
    assert found.o_e == pytest.approx(1.0703902, abs=5e-7)


def test_profile_intervals_agree_with_r() -> None:
    found = compute_calibration(Y, P)
    np.testing.assert_allclose(found.slope, [1.340444588, 0.54623324, 2.551095], atol=5e-4)
    np.testing.assert_allclose(found.intercept, [0, -0.96429384, 0.96429384], atol=5e-4)
    np.testing.assert_allclose(found.in_the_large, [0, -0.86815135, 0.86815135], atol=5e-4)
    assert found.slope.estimate == pytest.approx(1.340444588, rel=1e-8)


def test_in_the_large_of_a_constant_risk_is_a_difference_of_logits() -> None:
    # 3 of 4 respond where 1 of 2 was predicted: ln 3 - ln 1
    found = compute_calibration([1, 1, 1, 0], [0.5] * 4)
    assert found.in_the_large.estimate == pytest.approx(np.log(3))
    assert found.o_e == pytest.approx(1.5)
    assert np.isnan([*found.slope, *found.intercept]).all()


@pytest.mark.parametrize(
    ("y", "p"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]),  # apart
        ([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.4]),  # touching
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4]),  # apart, the wrong way round
        ([0, 0, 1, 1], [0.3, 0.3, 0.3, 0.3]),
        ([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_a_slope_that_does_not_exist_is_missing(y: list[int], p: list[float]) -> None:
    found = compute_calibration(y, p)
    assert np.isnan(found.slope).all()
    assert np.isnan(found.intercept).all()


def test_in_the_large_of_one_class_is_missing() -> None:
    assert np.isnan(compute_calibration([1, 1], [0.2, 0.4]).in_the_large).all()


def test_certain_risks_are_survived() -> None:
    found = compute_calibration([0, 1, 0, 1, 0, 1], [0, 1, 1, 0, 0.5, 0.5])
    assert found.slope.estimate == pytest.approx(0, abs=1e-9)


@settings(max_examples=25)
@given(st.integers(0, 100_000))
def test_repetition_counts_are_repetitions_intervals_included(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, p = rng.integers(0, 2, 25), rng.uniform(0.05, 0.95, 25)
    counts = rng.integers(0, 4, 25)
    counts[0] = 1
    rows = np.repeat(np.arange(25), counts)
    weighted = compute_calibration(y, p, sample_weight=counts)
    repeated = compute_calibration(y[rows], p[rows])
    for name in ("in_the_large", "intercept", "slope"):
        np.testing.assert_allclose(
            getattr(weighted, name), getattr(repeated, name), rtol=1e-6, atol=1e-8
        )


def test_recalibrating_by_the_fitted_model_leaves_nothing_to_correct() -> None:
    lp = np.log(P / (1 - P))
    weights = WEIGHT[None, None]
    intercept, slope = (found[0, 0] for found in fit_recalibration(Y, lp[None], weights))
    moved = (intercept + slope * lp)[None]
    again = [found[0, 0] for found in fit_recalibration(Y, moved, weights)]
    np.testing.assert_allclose(again, [0, 1], atol=1e-8)
    large = fit_in_the_large(Y, moved, weights)
    np.testing.assert_allclose(large, 0, atol=1e-8)


def test_rows_that_cannot_be_fitted_leave_the_others_alone() -> None:
    lp = np.log(P / (1 - P))
    weights = np.stack([np.ones(30), np.where(Y == 1, 1.0, 0.0), np.ones(30)])
    slopes = fit_recalibration(Y, lp[None], weights[None])[1][0]
    assert slopes[0] == slopes[2] == pytest.approx(1.340444588)
    assert np.isnan(slopes[1])


@settings(max_examples=40)
@given(seed=st.integers(0, 100_000), spread=st.floats(0.1, 4))
def test_both_models_are_those_of_the_general_solver(seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    lp = rng.normal(scale=spread, size=(2, 30))
    y = (rng.random(30) < 0.5).astype(float)
    weights = rng.multinomial(30, np.full(30, 1 / 30), size=(2, 3)).astype(float)
    shift, (intercept, slope) = fit_in_the_large(y, lp, weights), fit_recalibration(y, lp, weights)
    for i, x in enumerate(lp):
        ones = np.ones((30, 1))
        line = fit_logistic_rows(np.column_stack([ones, x]), y, weights[i])
        moved = fit_logistic_rows(ones, y, weights[i], offset=x)[:, 0]
        exists = np.isfinite(slope[i])
        np.testing.assert_allclose(slope[i][exists], line[exists, 1], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(intercept[i][exists], line[exists, 0], rtol=1e-6, atol=1e-9)
        exists = np.isfinite(shift[i])
        np.testing.assert_allclose(shift[i][exists], moved[exists], rtol=1e-6, atol=1e-9)
