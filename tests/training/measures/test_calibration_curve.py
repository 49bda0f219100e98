import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from tests.places import SHARED
from training.measures.calibration_curve import (
    compute_calibration,
    compute_calibration_curve,
    fit_in_the_large_rows,
    fit_recalibration_rows,
)

# Thirty made-up patients; results of R 4.2.2 (loess, glm, confint) stand in the tests.
NUMBER = np.arange(1, 31)
P = NUMBER / 31
Y = ((NUMBER * 7) % 11 < NUMBER / 3).astype(float)
WEIGHT = np.tile([1, 2, 0.5], 10)


@pytest.fixture(scope="module")
def external() -> tuple[np.ndarray, np.ndarray]:
    folder = SHARED / "data" / "calibration_curves"
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


@settings(max_examples=25, deadline=None)
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
    intercept, slope = fit_recalibration_rows(Y, lp, WEIGHT[None, :])[0]
    again = fit_recalibration_rows(Y, intercept + slope * lp, WEIGHT[None, :])[0]
    np.testing.assert_allclose(again, [0, 1], atol=1e-8)
    large = fit_in_the_large_rows(Y, intercept + slope * lp, WEIGHT[None, :])
    np.testing.assert_allclose(large, 0, atol=1e-8)


def test_rows_that_cannot_be_fitted_leave_the_others_alone() -> None:
    lp = np.log(P / (1 - P))
    weights = np.stack([np.ones(30), np.where(Y == 1, 1.0, 0.0), np.ones(30)])
    slopes = fit_recalibration_rows(Y, lp, weights)[:, 1]
    assert slopes[0] == slopes[2] == pytest.approx(1.340444588)
    assert np.isnan(slopes[1])


# ---------------------------------------------------------------- the curve


def test_curve_gives_back_the_external_validation(external: tuple[np.ndarray, np.ndarray]) -> None:
    # golden: R's loess and scikit-misc's agree
    summary = compute_calibration_curve(*external, n_bootstrap=0, seed=1).summary
    expected = [0.0474745, 0.0502052, 0.0904702, 0.0965983]
    np.testing.assert_allclose(summary["estimate"], expected, atol=5e-7)
    assert summary.index.to_list() == ["ici", "e50", "e90", "emax"]


def test_curve_agrees_with_r() -> None:
    found = compute_calibration_curve(Y, P, n_points=30, n_bootstrap=0, seed=1)
    expected = [0.03698711916, 0.03523002325, 0.06168939738, 0.11869598642]
    np.testing.assert_allclose(found.summary["estimate"], expected, atol=1e-5)
    at = np.interp([0.2, 0.5, 0.8], found.curve["risk"], found.curve["observed"])
    np.testing.assert_allclose(at, [0.1712743747, 0.4705238102, 0.8515172178], atol=2e-3)


def test_a_smooth_that_leaves_the_range_of_risks_is_told() -> None:
    # R: max(abs(predict(loess(y ~ p)) - p)) is the same number, above any distance of two risks.
    p = np.linspace(0.05, 0.95, 19)
    found = compute_calibration_curve((p < 0.3).astype(float), p, n_bootstrap=0, seed=1)
    assert found.summary.loc["emax", "estimate"] == pytest.approx(1.12980186, abs=1e-5)
    assert found.summary["note"].str.startswith("the smooth runs below 0 or above 1").all()
    assert found.curve["observed"].between(0, 1).all()


def test_weighted_curve_agrees_with_r() -> None:
    found = compute_calibration_curve(Y, P, sample_weight=WEIGHT, n_bootstrap=0, seed=1)
    assert found.summary.loc["ici", "estimate"] == pytest.approx(0.1006082504, abs=1e-5)
    at = np.interp([0.2, 0.5, 0.8], found.curve["risk"], found.curve["observed"])
    np.testing.assert_allclose(at, [0.3231533263, 0.3740265034, 0.7953806050], atol=2e-3)


def test_the_scale_of_the_weights_does_not_matter() -> None:
    one, seven = (
        compute_calibration_curve(Y, P, sample_weight=scale * WEIGHT, n_bootstrap=5, seed=1)
        for scale in (1, 7)
    )
    pd.testing.assert_frame_equal(one.summary, seven.summary)
    pd.testing.assert_frame_equal(one.curve, seven.curve)


def test_band_and_intervals_are_those_of_resampled_patients() -> None:
    found = compute_calibration_curve(Y, P, n_points=5, n_bootstrap=40, seed=3)
    counts = np.random.default_rng(3).multinomial(30, np.full(30, 1 / 30), size=40)
    ici = []
    for count in counts:
        rows = np.repeat(np.arange(30), count)
        alone = compute_calibration_curve(Y[rows], P[rows], n_bootstrap=0, seed=1)
        ici.append(alone.summary.loc["ici", "estimate"])
    low, high = np.nanpercentile(ici, [2.5, 97.5])
    assert found.summary.loc["ici", "low"] == pytest.approx(low)
    assert found.summary.loc["ici", "high"] == pytest.approx(high)
    assert found.summary.loc["ici", "n_failed"] == np.isnan(ici).sum()
    band = found.curve
    assert (band["low"] <= band["observed"]).all()
    assert (band["observed"] <= band["high"]).all()
    assert band[["low", "observed", "high"]].min(axis=None) >= 0
    assert band[["low", "observed", "high"]].max(axis=None) <= 1


def test_repeats_are_averaged() -> None:
    second = np.clip(P + 0.05 * np.sin(NUMBER), 0, 1)
    alone = [
        compute_calibration_curve(Y, p, n_bootstrap=0, seed=1).summary["estimate"]
        for p in (P, second)
    ]
    both = compute_calibration_curve(Y, [P, second], n_bootstrap=0, seed=1)
    np.testing.assert_allclose(both.summary["estimate"], np.mean(alone, axis=0))
    assert both.curve["risk"].iloc[0] == pytest.approx((P.min() + second.min()) / 2)


def test_order_of_patients_changes_no_estimate() -> None:
    order = np.random.default_rng(1).permutation(30)
    one = compute_calibration_curve(Y, P, n_bootstrap=0, seed=1)
    two = compute_calibration_curve(Y[order], P[order], n_bootstrap=0, seed=1)
    np.testing.assert_allclose(one.curve, two.curve, atol=1e-10)


def test_patients_without_outcome_or_weight_count_nowhere() -> None:
    y = np.r_[Y, np.nan, 1]
    p = np.r_[P, np.nan, 0.01]
    weight = np.r_[np.ones(31), 0]
    one = compute_calibration_curve(y, p, sample_weight=weight, n_bootstrap=10, seed=1)
    two = compute_calibration_curve(Y, P, n_bootstrap=10, seed=1)
    pd.testing.assert_frame_equal(one.curve, two.curve)
    pd.testing.assert_frame_equal(one.summary, two.summary)


@pytest.mark.parametrize(
    "p",
    [
        np.full(30, 0.4),
        np.repeat([0.1, 0.3, 0.5, 0.6, 0.8], 6),
        np.r_[np.full(24, 0.4), np.linspace(0.5, 0.9, 6)],  # one neighbourhood holds one risk
    ],
)
def test_too_few_different_risks_are_told_and_counted(p: np.ndarray) -> None:
    found = compute_calibration_curve(Y, p, n_bootstrap=10, seed=1)
    assert found.summary["estimate"].isna().all()
    assert (found.summary["n_failed"] == 10).all()
    assert (found.summary["note"] == "too few different risks: not estimable").all()
    assert found.curve[["observed", "low", "high"]].isna().all(axis=None)
