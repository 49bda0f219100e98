import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import chi2

from features.arrays import FloatArray
from tests.places import SHARED
from training.updating.closed_testing import compute_closed_test

DATA = SHARED / "data" / "calibration_curves"


def _fit(Z: FloatArray, y: FloatArray) -> FloatArray:
    """Return the maximum-likelihood coefficients, intercept first, by plain Newton steps."""
    design = np.column_stack([np.ones(len(y)), Z])
    beta = np.zeros(design.shape[1])
    for _ in range(25):
        risk = expit(design @ beta)
        beta += np.linalg.solve((design.T * risk * (1 - risk)) @ design, design.T @ (y - risk))
    return beta


def _log_likelihood(risk: FloatArray, y: FloatArray) -> float:
    return float(np.sum(np.log(np.where(y == 1, risk, 1 - risk))))


def _draw(risk: FloatArray, seed: int) -> FloatArray:
    return (np.random.default_rng(seed).random(len(risk)) < risk).astype(float)


# ---------------------------------------------------------------- the test


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")
def test_closed_testing_gives_the_numbers_of_r() -> None:
    # ML logistic model of CalibrationCurves' traindata, updated on its testdata; R 4.2.2
    train, test = (pd.read_csv(DATA / f"{name}data.csv") for name in ("train", "test"))
    names = ["x1", "x2", "x3", "x4"]
    beta = _fit(train[names].to_numpy(), train["y"].to_numpy(float))
    Z, y = test[names].to_numpy(), test["y"].to_numpy(float)
    found = compute_closed_test(y, beta[0] + Z @ beta[1:], Z)
    np.testing.assert_allclose(
        found.table["log_likelihood"], [-265.48124, -263.49467, -261.26527, -260.51956], atol=5e-6
    )
    assert found.table["parameters"].tolist() == [0, 1, 2, 5]
    assert found.table.loc["keep", "p_value"] == pytest.approx(0.0774, abs=5e-5)
    assert found.method == "keep"
    assert (found.n, found.events) == (500, int(y.sum()))
    # The refit is the model fitted to the test data alone.
    np.testing.assert_allclose(beta + found.estimates["refit"], _fit(Z, y), atol=1e-8)
    # At a laxer level 0.0774 rejects keeping; 2 (263.49467 - 260.51956) = 5.95 on 4 does not.
    assert compute_closed_test(y, beta[0] + Z @ beta[1:], Z, alpha=0.1).method == "intercept"


def _simulate(n: int, k: int, seed: int) -> tuple[FloatArray, FloatArray]:
    Z = np.random.default_rng(seed).normal(size=(n, k))
    return Z, Z @ np.linspace(0.4, 1.0, k) - 0.3


@pytest.mark.parametrize(
    ("truth", "method"),
    [
        (lambda Z, lp: lp, "keep"),
        (lambda Z, lp: lp + 0.8, "intercept"),
        (lambda Z, lp: 0.5 + 0.3 * lp, "logistic"),
        (lambda Z, lp: lp - 2.0 * Z[:, 0], "refit"),
    ],
)
def test_the_simplest_update_that_the_data_do_not_reject_is_taken(truth, method: str) -> None:  # type: ignore[no-untyped-def]
    Z, lp = _simulate(4000, 4, 3)
    y = _draw(expit(truth(Z, lp)), 4)
    assert compute_closed_test(y, lp, Z).method == method


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(60, 200), st.integers(2, 5))
def test_likelihoods_are_nested_and_tests_are_against_the_largest(
    seed: int, n: int, k: int
) -> None:
    Z, lp = _simulate(n, k, seed)
    y = _draw(expit(0.5 * lp), seed)
    found = compute_closed_test(y, lp, Z)
    table = found.table.dropna(subset="log_likelihood")
    assert (np.diff(table["log_likelihood"]) > -1e-9).all()
    smaller, largest = table.iloc[:-1], table.iloc[-1]
    gain = 2 * (largest["log_likelihood"] - smaller["log_likelihood"])
    df = largest["parameters"] - smaller["parameters"]
    np.testing.assert_allclose(smaller["p_value"], chi2.sf(gain, df), atol=1e-12)
    order = np.random.default_rng(seed).permutation(n)
    again = compute_closed_test(y[order], lp[order], Z[order])
    np.testing.assert_allclose(again.table["log_likelihood"], found.table["log_likelihood"])
    assert again.method == found.method


def test_keeping_a_right_model_is_rejected_at_the_level_asked_for() -> None:
    rejected = 0
    for seed in range(400):
        Z, lp = _simulate(300, 4, seed)
        rejected += compute_closed_test(_draw(expit(lp), seed + 1), lp, Z).method != "keep"
    # binomial(400, 0.05): mean 20, SD 4.4
    assert 8 <= rejected <= 34


def test_unknown_outcomes_are_left_out() -> None:
    Z, lp = _simulate(200, 3, 1)
    y = _draw(expit(lp), 2)
    more = compute_closed_test(
        np.append(y, [np.nan] * 5), np.append(lp, np.zeros(5)), np.vstack([Z, np.ones((5, 3))])
    )
    pd.testing.assert_frame_equal(more.table, compute_closed_test(y, lp, Z).table)


def test_a_column_that_cannot_be_estimated_keeps_its_coefficient() -> None:
    Z, lp = _simulate(300, 3, 5)
    y = _draw(expit(lp - 1.5 * Z[:, 1]), 6)
    wide = np.column_stack([Z[:, 0], np.full(300, 2.0), Z[:, 1:], Z[:, 0] - Z[:, 2]])
    found, plain = compute_closed_test(y, lp, wide), compute_closed_test(y, lp, Z)
    pd.testing.assert_frame_equal(found.table, plain.table)
    assert found.method == "refit"
    np.testing.assert_allclose(found.estimates["refit"][[2, 5]], 0)
    np.testing.assert_allclose(found.estimates["refit"][[0, 1, 3, 4]], plain.estimates["refit"])


def test_separated_classes_leave_what_has_a_finite_estimate() -> None:
    Z, lp = _simulate(80, 2, 7)
    y = _draw(expit(lp), 8)
    apart = np.column_stack([Z, y - 0.5])  # tells the outcome: no finite coefficient
    found = compute_closed_test(y, lp, apart)
    assert "separated" in found.table.loc["refit", "note"]
    assert found.table["p_value"].isna().tolist() == [False, False, True, True]
    none = compute_closed_test(np.ones(80), lp, Z)
    assert none.method == "keep" and list(none.estimates) == ["keep"]


def test_constant_risks_are_kept_or_moved() -> None:
    y = np.repeat([1.0, 0.0], [30, 70])
    flat = np.full(100, logit(0.6))
    moved = compute_closed_test(y, flat, np.empty((100, 0)))
    assert moved.method == "intercept"
    assert expit(flat[0] + moved.estimates["intercept"][0]) == pytest.approx(0.3)
    # 2 (30 ln(0.3 / 0.6) + 70 ln(0.7 / 0.4)) = 36.757 on 1 degree of freedom
    assert moved.table.loc["keep", "statistic"] == pytest.approx(36.757, abs=5e-4)
    assert compute_closed_test(y, np.full(100, logit(0.33)), np.empty((100, 0))).method == "keep"
