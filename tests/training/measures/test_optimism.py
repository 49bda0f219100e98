from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from features.dictionary.contract import CONTRACT
from tests.places import SHARED
from training.fitting.bootstrap import predict_from_bootstraps
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData, fit_response
from training.measures.optimism import _correct, _correct_632, compute_optimism
from training.measures.weighted import fit_logistic_rows


class MaximumLikelihood:
    """Plain logistic regression, as a procedure that can be rerun."""

    def __init__(self, data: TrainingData) -> None:
        design = np.column_stack([np.ones(len(data)), data.X])
        self.beta = fit_logistic_rows(design, data.y["t1"], np.ones((1, len(data))))[0]

    def probability(self, X: np.ndarray) -> np.ndarray:
        return expit(self.beta[0] + X @ self.beta[1:])[:, np.newaxis]


def fit_ml(data: TrainingData, *, rng: np.random.Generator) -> MaximumLikelihood:
    return MaximumLikelihood(data)


def _data(X: np.ndarray, y: np.ndarray) -> TrainingData:
    n = len(y)
    return TrainingData(X, (), ("t1",), {"t1": y}, np.full(n, np.nan), np.arange(n))


def _validate(data: TrainingData, *, n_resamples: int, seed: int = 1) -> pd.DataFrame:
    reruns = predict_from_bootstraps(data, fit_ml, n_resamples=n_resamples, seed=seed)
    served = MaximumLikelihood(data).probability(data.X)[:, 0]
    return compute_optimism(
        data.y["t1"],
        served,
        reruns.predictions[:, :, 0],
        reruns.counts,
        n_resamples=reruns.n_resamples,
    )


def _read(*parts: str) -> pd.DataFrame:
    path = (SHARED / "data").joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{parts[-1]} is not beside the project (../shared/data)")
    return pd.read_csv(path)


def test_sixty_patients_agree_with_rms_validate() -> None:
    # R 4.2.2, rms 6.5, validate(lrm(y ~ x1 + x2 + x3 + x4), B = 2000), first 60 rows: mean of
    # the seeds 1 to 4 (Dxy 0.5421 to 0.5467, slope 0.7449 to 0.7604, Brier 0.2112 to 0.2127)
    rows = _read("calibration_curves", "traindata.csv").head(60)
    X, y = rows[["x1", "x2", "x3", "x4"]].to_numpy(float), rows["y"].to_numpy(float)
    table = _validate(_data(X, y), n_resamples=700)
    assert 2 * table.loc["auc", "apparent"] - 1 == pytest.approx(0.6409, abs=5e-4)
    assert 2 * table.loc["auc", "corrected"] - 1 == pytest.approx(0.5454, abs=0.015)
    assert table.loc["calibration_slope", "apparent"] == pytest.approx(1)
    assert table.loc["calibration_slope", "corrected"] == pytest.approx(0.7548, abs=0.03)
    assert table.loc["brier", "apparent"] == pytest.approx(0.1763, abs=5e-5)
    assert table.loc["brier", "corrected"] == pytest.approx(0.2118, abs=0.004)


def test_seven_hundred_and_fifty_patients_agree_with_rms_validate() -> None:
    # R 4.2.2, rms 6.5, validate(lrm(cancer ~ age + marker + famhistory), B = 1000)
    rows = _read("dcurves_df_binary", "df_binary.csv")
    X, y = rows[["age", "marker", "famhistory"]].to_numpy(float), rows["cancer"].to_numpy(float)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    table = _validate(_data(X, y), n_resamples=400)
    dxy = 2 * table.loc[["auc"], ["apparent", "corrected"]].to_numpy()[0] - 1
    assert dxy == pytest.approx([0.7213, 0.7168], abs=0.003)
    assert table.loc["calibration_slope", "corrected"] == pytest.approx(0.9833, abs=0.006)
    assert table.loc["brier", "apparent"] == pytest.approx(0.0849, abs=5e-5)
    assert table.loc["brier", "corrected"] == pytest.approx(0.0866, abs=0.001)


def test_optimism_by_hand() -> None:
    # Patients 1, 0, 1, 0. The served risks rank all four pairs rightly: apparent AUC 1.
    # Rerun 1 drew patients 0, 0, 1, 3 (AUC 1 there, 3/4 in all); rerun 2 drew 0, 1, 2, 2 (in its
    # own sample 1; in all 3/4). Optimism 1/4, corrected 3/4.
    y = np.array([1.0, 0, 1, 0])
    served = np.array([0.8, 0.3, 0.7, 0.2])
    predictions = np.array([[0.9, 0.4, 0.3, 0.2], [0.9, 0.2, 0.6, 0.7]])
    counts = np.array([[2, 1, 0, 1], [1, 1, 2, 0]])
    row = compute_optimism(y, served, predictions, counts).loc["auc"]
    assert row["apparent"] == 1
    assert row["optimism"] == pytest.approx(1 / 4)
    assert row["corrected"] == pytest.approx(3 / 4)
    assert row["n_succeeded"] == row["n_resamples"] == 2
    brier = compute_optimism(y, served, predictions, counts).loc["brier"]
    own = [(2 * 0.01 + 0.16 + 0.04) / 4, (0.01 + 0.04 + 2 * 0.16) / 4]
    original = [(0.01 + 0.16 + 0.49 + 0.04) / 4, (0.01 + 0.04 + 0.16 + 0.49) / 4]
    assert brier["optimism"] == pytest.approx(np.mean(own) - np.mean(original))
    assert brier["left_out"] == pytest.approx((0.49 + 0.49) / 2)


def test_the_632_rule_by_hand() -> None:
    # Apparent Brier 0.065; left out 0.49, worse than without information: the mean of
    # (y - p)^2 over all pairs, 0.5 (1 - 2 x 0.5) + 0.315 = 0.315, is taken. Overfitting is
    # then complete: weight 0.632 / (1 - 0.368) = 1, and the estimate 0.315.
    y = np.array([1.0, 0, 1, 0])
    served = np.array([0.8, 0.3, 0.7, 0.2])
    predictions = np.array([[0.9, 0.4, 0.3, 0.2], [0.9, 0.2, 0.6, 0.7]])
    counts = np.array([[2, 1, 0, 1], [1, 1, 2, 0]])
    table = compute_optimism(y, served, predictions, counts)
    assert table.loc["brier", "apparent"] == pytest.approx(0.065)
    assert table.loc["brier", "corrected_632"] == pytest.approx(0.315)
    # Left-out patients of one class each: no AUC there, so no .632+ either.
    assert np.isnan(table.loc["auc", "corrected_632"])


def test_the_632_rule_between_its_ends() -> None:
    # A third of the way to no information: R = (0.8 - 0.7) / (0.8 - 0.5) = 1/3,
    # w = 0.632 / (1 - 0.368 / 3) = 0.720365, 0.8 - 0.1 w = 0.727964
    assert _correct_632(0.8, 0.7, 0.5) == pytest.approx(0.727964, abs=1e-6)
    assert _correct_632(0.2, 0.3, 0.5) == pytest.approx(0.2 + 0.1 * 0.720365, abs=1e-6)
    # Better in the left out than in its own patients: no overfitting, plain .632.
    assert _correct_632(0.7, 0.75, 0.5) == pytest.approx(0.7 + 0.05 * 0.632)


def test_weights_are_repetitions_and_unknown_outcomes_are_left_out() -> None:
    rng = np.random.default_rng(3)
    y, served = rng.integers(0, 2, 30).astype(float), rng.random(30)
    predictions, counts = rng.random((8, 30)), rng.multinomial(30, np.full(30, 1 / 30), size=8)
    twice = np.where(np.arange(30) < 10, 2, 1)
    rows = np.repeat(np.arange(30), twice)
    weighted = compute_optimism(y, served, predictions, counts, sample_weight=twice)
    repeated = compute_optimism(y[rows], served[rows], predictions[:, rows], counts[:, rows])
    columns = ["apparent", "corrected", "left_out", "corrected_632"]
    pd.testing.assert_frame_equal(weighted[columns], repeated[columns])
    padded = compute_optimism(
        np.append(y, np.nan),
        np.append(served, 0.5),
        np.column_stack([predictions, np.full(8, 0.9)]),
        np.column_stack([counts, np.ones(8, int)]),
        sample_weight=np.append(twice, 1),
    )
    pd.testing.assert_frame_equal(weighted, padded)


def test_pure_noise_is_corrected_to_no_information() -> None:
    corrected, apparent, inside = [], [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        data = _data(rng.normal(size=(60, 5)), rng.integers(0, 2, 60).astype(float))
        row = _validate(data, n_resamples=60, seed=seed).loc["auc"]
        apparent.append(row["apparent"])
        corrected.append(row["corrected"])
        inside.append(row["low"] <= 0.5 <= row["high"])
    assert np.mean(apparent) > 0.62
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.06)
    assert sum(inside) >= 9


def test_degenerate_reruns_are_survived_and_counted() -> None:
    # Of four reruns one drew a single class (no AUC in its own sample), one predicts a constant
    # (an AUC of 0.5 both times, no slope), and one of five drawn gave no model at all.
    rng = np.random.default_rng(4)
    y = np.array([1.0] * 6 + [0.0] * 6)
    predictions = rng.random((4, 12))
    predictions[1] = 0.5
    counts = np.ones((4, 12), dtype=int)
    counts[0, 6:] = 0
    table = compute_optimism(y, rng.random(12), predictions, counts, n_resamples=5)
    assert table.loc["auc", "n_succeeded"] == 3
    assert table.loc["brier", "n_succeeded"] == 4
    assert table.loc["calibration_slope", "n_succeeded"] == 2
    assert set(table["n_resamples"]) == {5}
    assert np.isnan(table.loc["calibration_slope", "corrected"])
    assert "fewer than half" in table.loc["calibration_slope", "note"]
    assert table.loc["auc", "note"] == "one risk for everyone in 1 of 5 reruns"


def test_a_constant_model_has_no_optimism_to_lose() -> None:
    y = np.array([1.0, 0, 1, 0, 1, 1])
    counts = np.random.default_rng(5).multinomial(6, np.full(6, 1 / 6), size=30)
    table = compute_optimism(y, np.full(6, 4 / 6), np.full((30, 6), 4 / 6), counts)
    assert table.loc["auc", ["apparent", "corrected", "low", "high"]].tolist() == [0.5] * 4
    assert np.isnan(table.loc["calibration_slope", "apparent"])
    assert table.loc["calibration_slope", "note"] == (
        "not estimable; the model itself has one risk for everyone; one risk for everyone in 30 of "
        "30 reruns"
    )


def test_a_constant_model_is_not_corrected_to_less_than_chance() -> None:
    # The reruns overfit (0.75 at least in their own samples), the model itself gave up: its AUC
    # is 0.5 in any patients, and 0.5 less their optimism would be no AUC of anything.
    rng = np.random.default_rng(8)
    data = _data(rng.normal(size=(40, 6)), rng.integers(0, 2, 40).astype(float))
    reruns = predict_from_bootstraps(data, fit_ml, n_resamples=20, seed=1)
    table = compute_optimism(
        data.y["t1"], np.full(40, 0.5), reruns.predictions[:, :, 0], reruns.counts
    )
    columns = ["apparent", "optimism", "corrected", "low", "high", "corrected_632"]
    assert table.loc["auc", columns].tolist() == [0.5, 0.0, 0.5, 0.5, 0.5, 0.5]


def test_a_slope_that_a_few_reruns_decide_is_no_number() -> None:
    # 12 reruns whose gap is 0.1 or 0.3 (own slope 1, 0.9 and 0.7 in all: mean 0.2, SD 0.104,
    # known to within 2.201 x 0.104 / sqrt(12) = 0.066); then one of them hardly tells patients
    # apart, and its gap of 20 makes the mean 1.84, known to within 3.6.
    gaps = np.tile([0.1, 0.3], 6)
    draws = np.column_stack([np.ones(12), 1 - gaps, np.full(12, np.nan)])
    row = _correct("calibration_slope", 1.4, draws, 12, margin=0.01)
    assert row["corrected"] == pytest.approx(1.2)
    assert row["note"] == ""
    draws[3, :2] = 22.0, 2.0
    row = _correct("calibration_slope", 1.4, draws, 12, margin=0.01)
    assert np.isnan([row["optimism"], row["corrected"], row["low"], row["high"]]).all()
    assert row["n_succeeded"] == 12
    assert "these reruns give the optimism only to within 3.6" in str(row["note"])


def test_the_study_procedure_is_corrected_too() -> None:
    rng = np.random.default_rng(6)
    n = 60
    X = np.column_stack([rng.integers(2, 11, n), rng.integers(0, 2, n)]).astype(float)
    y = (rng.random(n) < expit(0.5 * (X[:, 0] - 6))).astype(float)
    data = TrainingData(
        X,
        (CONTRACT["nrs_t0"], CONTRACT["opioid"]),
        ("t1",),
        {"t1": y},
        np.full(n, np.nan),
        np.arange(n),
    )
    fit = partial(fit_response, procedure=Procedure(("prevalence", "ridge"), inner_repeats=1))
    reruns = predict_from_bootstraps(data, fit, n_resamples=25, seed=1)
    served = fit(data, rng=np.random.default_rng(0)).probability(X)[:, 0]
    table = compute_optimism(y, served, reruns.predictions[:, :, 0], reruns.counts)
    auc = table.loc["auc"]
    assert auc["optimism"] > 0
    assert auc["low"] < auc["corrected"] < auc["high"]
    assert auc["corrected"] < auc["apparent"]
