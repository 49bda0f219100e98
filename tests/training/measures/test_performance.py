import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from tests.places import SHARED
from training.measures import performance
from training.measures.discrimination import compute_auc
from training.measures.performance import (
    compute_cv_draws,
    compute_cv_performance,
    compute_performance,
)

# Twelve made-up patients; results of R 4.2.2 (pROC 1.18, glm) stand beside the tests.
Y = np.array([0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0.0])
P = np.array([0.1, 0.2, 0.2, 0.35, 0.4, 0.45, 0.6, 0.7, 0.7, 0.8, 0.9, 0.55])
WEIGHT = np.array([1, 2, 1, 3, 1, 1, 2, 1, 1, 1, 2, 1.0])


def simulate(n: int, n_repeats: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    lp = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-lp))).astype(float)
    y[:2] = 0, 1
    noise = rng.normal(scale=0.3, size=(n_repeats, n))
    folds = np.array([rng.permutation(np.arange(n) % 5) for _ in range(n_repeats)])
    return y, 1 / (1 + np.exp(-0.7 * lp - noise)), folds


def external() -> tuple[np.ndarray, np.ndarray]:
    folder = SHARED / "data" / "calibration_curves"
    if not folder.exists():
        pytest.skip("the calibration data of ../shared/data are not here")
    train, test = (pd.read_csv(folder / f"{name}data.csv") for name in ("train", "test"))
    columns = ["x1", "x2", "x3", "x4"]
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(train[columns], train.y)
    return test.y.to_numpy(), model.predict_proba(test[columns])[:, 1]


# ---------------------------------------------------------------- a frozen model


def test_frozen_model_gives_back_the_external_validation() -> None:
    # golden: R (rms, pROC) and an independent Python version
    y, p = external()
    table = compute_performance(y, p, n_bootstrap=100, seed=1)
    expected = {
        "auc": 0.8142673,
        "brier": 0.1770334,
        "scaled_brier": 0.2873052,
        "calibration_in_the_large": 0.2240468,
        "calibration_slope": 0.8227830,
        "calibration_intercept": 0.2075182,
        "o_e": 1.0703902,
    }
    for metric, value in expected.items():
        assert table.loc[metric, "estimate"] == pytest.approx(value, abs=5e-7)
    delong = table.loc["auc_delong", ["estimate", "low", "high"]].to_list()
    np.testing.assert_allclose(delong, [0.8142673, 0.7772551, 0.8512796], atol=5e-7)


def test_frozen_table_holds_the_single_numbers() -> None:
    table = compute_performance(Y, P, sample_weight=WEIGHT, n_bootstrap=20, seed=1)
    assert table.index.to_list() == [
        "auc",
        "auc_delong",
        "brier",
        "scaled_brier",
        "log_loss",
        "calibration_in_the_large",
        "calibration_intercept",
        "calibration_slope",
        "o_e",
    ]
    brier = np.average((Y - P) ** 2, weights=WEIGHT)
    share = np.average(Y, weights=WEIGHT)
    single = {
        "auc": compute_auc(Y, P, sample_weight=WEIGHT),
        "brier": brier,
        "scaled_brier": 1 - brier / (share * (1 - share)),
        "log_loss": log_loss(Y, P, sample_weight=WEIGHT),
    }
    for metric, value in single.items():
        assert table.loc[metric, "estimate"] == pytest.approx(value)
    # R: glm(y ~ qlogis(p), weights = w) and the offset model
    assert table.loc["calibration_intercept", "estimate"] == pytest.approx(-0.1017751954)
    assert table.loc["calibration_slope", "estimate"] == pytest.approx(1.2626368593)
    assert table.loc["calibration_in_the_large", "estimate"] == pytest.approx(-0.1086925114)
    assert table.loc["o_e", "estimate"] == pytest.approx(8 / float(WEIGHT @ P))
    assert table.loc["auc_delong", "note"] == "DeLong's variance takes no weights"
    assert table.attrs["interval"] == performance.FROZEN_INTERVAL


@settings(max_examples=30)
@given(st.integers(0, 100_000))
def test_weights_are_repetitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, p, _ = simulate(25, 1, seed)
    p = np.round(p[0], 1)
    counts = rng.integers(0, 4, 25)
    counts[:2] = 1
    rows = np.repeat(np.arange(25), counts)
    weighted = compute_performance(y, p, sample_weight=counts, n_bootstrap=0, seed=1)
    repeated = compute_performance(y[rows], p[rows], n_bootstrap=0, seed=1)
    np.testing.assert_allclose(weighted["estimate"], repeated["estimate"], rtol=1e-7, atol=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 100_000))
def test_order_of_patients_changes_no_estimate(seed: int) -> None:
    y, p, folds = simulate(30, 2, seed)
    order = np.random.default_rng(seed).permutation(30)
    first = compute_cv_performance(y, p, folds, n_bootstrap=0, seed=1)
    second = compute_cv_performance(y[order], p[:, order], folds[:, order], n_bootstrap=0, seed=1)
    np.testing.assert_allclose(first["estimate"], second["estimate"], rtol=1e-7, atol=1e-9)


def test_a_maximum_likelihood_model_is_calibrated_on_its_own_data() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(80, 2))
    y = (rng.random(80) < 1 / (1 + np.exp(-x[:, 0]))).astype(int)
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(x, y)
    estimate = compute_performance(y, model.predict_proba(x)[:, 1], n_bootstrap=0, seed=1).estimate
    assert estimate["calibration_in_the_large"] == pytest.approx(0, abs=1e-6)
    assert estimate["calibration_intercept"] == pytest.approx(0, abs=1e-6)
    assert estimate["calibration_slope"] == pytest.approx(1, abs=1e-6)
    assert estimate["o_e"] == pytest.approx(1, abs=1e-6)


def test_one_class_is_told_and_does_not_fail() -> None:
    table = compute_performance(np.ones(6), np.linspace(0.2, 0.8, 6), n_bootstrap=10, seed=1)
    missing = table[table["note"] == "one class only: not estimable"].index
    assert set(missing) == {
        "auc",
        "auc_delong",
        "scaled_brier",
        "calibration_in_the_large",
        "calibration_intercept",
        "calibration_slope",
    }
    assert table.loc[missing, ["estimate", "low", "high"]].isna().all(axis=None)
    assert table.loc["auc", "n_failed"] == 10
    assert table.loc["brier", "estimate"] == pytest.approx(np.mean(np.linspace(0.2, 0.8, 6) ** 2))


def test_risks_that_separate_the_classes_have_no_slope() -> None:
    table = compute_performance([0, 0, 0, 1, 1, 1], np.linspace(0.1, 0.9, 6), seed=1)
    assert table.loc["auc", "estimate"] == 1
    assert table.loc["auc_delong", "note"].startswith("no interval: a perfect ranking")
    # Every resample ranks perfectly too: "1.00 (1.00 to 1.00)" would read as certainty.
    assert table.loc["auc", "note"] == "no interval: a perfect ranking"
    assert table.loc["auc", ["low", "high"]].isna().all()
    assert np.isnan(table.loc["calibration_slope", "estimate"])
    note = "the risks separate the classes: not estimable"
    assert table.loc["calibration_slope", "note"] == note
    assert table.loc["calibration_slope", "n_failed"] == 500


def test_risks_of_exactly_zero_or_one_are_told_where_they_decide_the_number() -> None:
    # One of three certain risks is wrong: it costs -ln 1e-12 = 27.63 of the log loss, / 6 = 4.6.
    y, p = [0, 0, 1, 1, 0, 1], [0.0, 0.4, 0.0, 1.0, 0.6, 0.5]
    table = compute_performance(y, p, n_bootstrap=10, seed=1)
    assert table.loc["log_loss", "estimate"] == pytest.approx(
        (-np.log(1e-12) - np.log(0.6) - np.log(0.4) - np.log(0.5)) / 6
    )
    told = table.index[table["note"].str.contains("3 patients with a risk of 0 or 1, taken as")]
    assert set(told) == {
        "log_loss",
        "calibration_in_the_large",
        "calibration_intercept",
        "calibration_slope",
    }


# ---------------------------------------------------------------- repeated cross-validation


def test_auc_compares_patients_within_folds_only() -> None:
    # Fold 0 ranks its 2 pairs rightly, fold 1 its only pair wrongly: 2 / 3. Pooled, the case of
    # fold 1 would lose to all three controls: 3 / 6.
    y = [1, 0, 0, 1, 0]
    p = [[0.9, 0.8, 0.7, 0.1, 0.2]]
    folds = [[0, 0, 0, 1, 1]]
    table = compute_cv_performance(y, p, folds, n_bootstrap=0, seed=1)
    assert table.loc["auc", "estimate"] == pytest.approx(2 / 3)
    assert compute_auc(y, p[0]) == pytest.approx(3 / 6)


def test_leave_one_out_has_no_auc() -> None:
    y, p, _ = simulate(20, 1)
    table = compute_cv_performance(y, p, [np.arange(20)], n_bootstrap=5, seed=1)
    assert np.isnan(table.loc["auc", "estimate"])
    assert table.loc["auc", "note"] == "no fold holds both classes: not estimable"
    assert table.loc["auc", "n_failed"] == 5
    assert table.loc["calibration_slope", "estimate"] == pytest.approx(
        compute_performance(y, p[0], n_bootstrap=0, seed=1).loc["calibration_slope", "estimate"]
    )


def test_repeats_are_averaged() -> None:
    y, p, folds = simulate(40, 3)
    together = compute_cv_performance(y, p, folds, n_bootstrap=0, seed=1)["estimate"]
    alone = [
        compute_cv_performance(y, p[[r]], folds[[r]], n_bootstrap=0, seed=1)["estimate"]
        for r in range(3)
    ]
    np.testing.assert_allclose(together, np.mean(alone, axis=0))


def test_one_fold_and_one_repeat_is_the_frozen_table() -> None:
    y, p, _ = simulate(60, 1)
    cv = compute_cv_performance(y, p, np.zeros((1, 60)), n_bootstrap=50, seed=2)
    frozen = compute_performance(y, p[0], n_bootstrap=50, seed=2)
    pd.testing.assert_frame_equal(cv, frozen.loc[cv.index])


def test_skill_is_against_the_prevalence_of_the_training_folds() -> None:
    # Brier of the risks (0.01 + 0.04) / 2 = 0.025, of the base (0.16 + 0.09) / 2 = 0.125
    table = compute_cv_performance(
        [1, 0], [[0.9, 0.2]], [[0, 0]], base_predictions=[[0.6, 0.3]], n_bootstrap=0, seed=1
    )
    assert table.loc["brier_skill", "estimate"] == pytest.approx(1 - 0.025 / 0.125)
    assert "brier_skill" not in compute_cv_performance([1, 0], [[0.9, 0.2]], [[0, 0]], seed=1).index


def test_a_constant_predictor_has_auc_one_half_and_says_why_there_is_no_slope() -> None:
    y, _, folds = simulate(50, 4)
    base = np.empty(folds.shape)
    for repeat, fold in enumerate(folds):
        for number in range(5):
            base[repeat, fold == number] = y[fold != number].mean()
    table = compute_cv_performance(y, base, folds, base_predictions=base, n_bootstrap=30, seed=1)
    assert table.loc["auc", ["estimate", "low", "high"]].to_list() == [0.5, 0.5, 0.5]
    assert table.loc["auc", "note"] == "constant predictor"
    assert np.isnan(table.loc["calibration_slope", "estimate"])
    assert table.loc["calibration_slope", "note"] == "constant predictor: not estimable"
    assert table.loc["calibration_slope", "n_failed"] == 30
    assert table.loc["brier_skill", "estimate"] == 0
    assert table.loc["o_e", "estimate"] == pytest.approx(1)


def test_folds_with_constant_risks_are_counted() -> None:
    y, p, folds = simulate(50, 2)
    p[0, folds[0] == 3] = 0.4
    exact = compute_cv_performance(y, p, folds, n_bootstrap=5, seed=1)
    p[0, folds[0] == 3] += 1e-15 * (2 * y[folds[0] == 3] - 1)  # noise does not make a predictor
    table = compute_cv_performance(y, p, folds, n_bootstrap=5, seed=1)
    assert table.loc["auc", "estimate"] == exact.loc["auc", "estimate"]
    assert table.loc["auc", "note"] == "constant predictor in 1 of 10 folds"
    assert np.isfinite(table.loc["calibration_slope", "estimate"])


def test_unknown_outcomes_count_nowhere() -> None:
    y, p, folds = simulate(40, 2)
    y[5:9] = np.nan
    p[:, 5:9] = np.nan
    known = ~np.isnan(y)
    first = compute_cv_performance(y, p, folds, n_bootstrap=20, seed=1)
    second = compute_cv_performance(y[known], p[:, known], folds[:, known], n_bootstrap=20, seed=1)
    pd.testing.assert_frame_equal(first, second)


def test_draws_hold_the_estimate_and_every_resample() -> None:
    y, p, folds = simulate(40, 2)
    draws = compute_cv_draws(y, p, folds, n_bootstrap=30, seed=1)
    table = compute_cv_performance(y, p, folds, n_bootstrap=30, seed=1)
    assert draws.shape == (31, 7)
    np.testing.assert_array_equal(draws.iloc[0], table["estimate"])
    np.testing.assert_allclose(draws.iloc[1:].quantile(0.025), table["low"])


def test_each_draw_is_the_estimate_of_the_repeated_patients() -> None:
    y, p, folds = simulate(40, 2)
    draws = compute_cv_draws(y, p, folds, base_predictions=0 * p + 0.5, n_bootstrap=3, seed=7)
    counts = np.random.default_rng(7).multinomial(40, np.full(40, 1 / 40), size=3)
    for draw, count in zip(draws.to_numpy()[1:], counts, strict=True):
        i = np.repeat(np.arange(40), count)
        base = np.full((2, 40), 0.5)
        physical = compute_cv_draws(
            y[i], p[:, i], folds[:, i], base_predictions=base, n_bootstrap=0, seed=1
        )
        np.testing.assert_allclose(draw, physical.iloc[0], rtol=1e-7)


def test_chunks_of_resamples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    y, p, folds = simulate(40, 2)
    whole = compute_cv_draws(y, p, folds, n_bootstrap=30, seed=1)
    monkeypatch.setattr(performance, "_CHUNK", 100)
    parts = compute_cv_draws(y, p, folds, n_bootstrap=30, seed=1)
    pd.testing.assert_frame_equal(whole, parts)


def test_tables_whose_shapes_differ_are_refused() -> None:
    y, p, folds = simulate(40, 2)
    with pytest.raises(ValueError, match="folds has shape"):
        compute_cv_performance(y, p, folds[:1], seed=1)
    with pytest.raises(ValueError, match="1 repeats"):
        compute_cv_performance(y, p, folds, base_predictions=p[:1], seed=1)
