import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from tests.places import SHARED
from training.measures.calibration_curve import compute_calibration_curve, compute_curve_alone

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


def test_the_band_is_that_of_resampled_patients() -> None:
    # Of 41 draws the 2.5% and 97.5% points are draws themselves, clipped like them.
    found = compute_calibration_curve(Y, P, n_points=5, n_bootstrap=41, seed=3)
    counts = np.random.default_rng(3).multinomial(30, np.full(30, 1 / 30), size=41)
    band = found.curve
    middle = band.loc[2, "risk"]
    draws = []
    for count in counts:
        rows = np.repeat(np.arange(30), count)
        y, p = Y[rows], P[rows]
        points = np.linspace(p.min(), p.max(), 401)
        alone = compute_calibration_curve(y, p, n_points=401, n_bootstrap=0, seed=1).curve
        draws.append(np.interp(middle, points, alone["observed"]))
    low, high = np.percentile(draws, [2.5, 97.5])
    assert band.loc[2, "low"] == pytest.approx(low, abs=1e-3)
    assert band.loc[2, "high"] == pytest.approx(high, abs=1e-3)
    assert (band["low"] <= band["observed"]).all()
    assert (band["observed"] <= band["high"]).all()
    assert band[["low", "observed", "high"]].min(axis=None) >= 0
    assert band[["low", "observed", "high"]].max(axis=None) <= 1


def test_a_resample_lies_further_off_so_that_distances_have_no_interval() -> None:
    # Risks are the truth: every distance is 0. Each resample's is above the patients' own more
    # often than not, and no interval of them can reach 0.
    rng = np.random.default_rng(7)
    p = rng.uniform(0.1, 0.9, 60)
    y = (rng.random(60) < p).astype(float)
    own = compute_calibration_curve(y, p, n_bootstrap=20, seed=1).summary
    again = []
    for _ in range(60):
        rows = rng.integers(0, 60, 60)
        alone = compute_calibration_curve(y[rows], p[rows], n_bootstrap=0, seed=1)
        again.append(alone.summary["estimate"])
    assert (np.mean(again, axis=0) > own["estimate"]).all()
    assert np.min(again) > 0
    assert list(own) == ["estimate", "note"]


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
    assert (found.summary["note"] == "too few different risks: not estimable").all()
    assert found.curve[["observed", "low", "high"]].isna().all(axis=None)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(3, 40), n_different=st.integers(1, 40))
def test_the_curve_alone_is_that_of_the_whole(seed: int, n: int, n_different: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.choice(rng.uniform(size=n_different), size=n)
    y, weight = rng.choice([0.0, 1.0, np.nan], size=n), rng.choice([0.0, 1.0, 2.5], size=n)
    y[0], weight[0] = 1.0, 1.0
    curve = compute_calibration_curve(
        y, p, sample_weight=weight, n_points=11, n_bootstrap=0, seed=1
    ).curve
    risk, observed = compute_curve_alone(y, p, sample_weight=weight, n_points=11)
    np.testing.assert_array_equal(risk, curve["risk"])
    np.testing.assert_array_equal(observed, curve["observed"])
