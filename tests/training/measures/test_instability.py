import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from training.measures.instability import (
    compute_calibration_instability,
    compute_classification_instability,
    compute_instability,
    compute_prediction_instability,
)


def test_the_mean_absolute_prediction_error_by_hand() -> None:
    # Patient 1: |0.5-0.4|, |0.3-0.4| -> 0.1; patient 2: |0.8-0.6|, |0.6-0.6| -> 0.1;
    # patient 3: 0.3, 0.3 -> 0.3
    served = np.array([0.4, 0.6, 0.5])
    reruns = np.array([[0.5, 0.8, 0.2], [0.3, 0.6, 0.8]])
    found = compute_instability(served, reruns)
    assert found["mean_absolute_prediction_error"] == pytest.approx(0.5 / 3)
    assert found["p90_prediction_error"] == pytest.approx(0.1 + 0.8 * 0.2)
    assert found["n_resamples"] == 2


def test_classification_instability_by_hand() -> None:
    # At 0.5 the served model treats patients 2 and 3. Rerun 1 turns patients 1 and 3 round,
    # rerun 2 patient 2 only: 3 of 6; each patient in one of two reruns.
    served = np.array([0.4, 0.6, 0.5])
    reruns = np.array([[0.5, 0.8, 0.2], [0.3, 0.4, 0.8]])
    row = compute_classification_instability(served, reruns, [0.5]).iloc[0]
    assert row["share_positive"] == pytest.approx(2 / 3)
    assert row["classification_instability"] == pytest.approx(3 / 6)
    assert row["unstable_patients"] == 1
    nobody = compute_classification_instability(served, reruns, [0.05, 0.95])
    assert nobody["classification_instability"].tolist() == [0, 0]


def test_reruns_that_agree_are_stable() -> None:
    served = np.linspace(0.1, 0.9, 60)
    reruns = np.tile(served, (5, 1))
    assert compute_instability(served, reruns)["mean_absolute_prediction_error"] == 0
    table = compute_prediction_instability(served, reruns)
    assert (table["mean_absolute_prediction_error"] == 0).all()
    assert (table["low"] <= table["risk"]).all()
    assert (table["risk"] <= table["high"]).all()


def test_groups_hold_at_least_ten_patients_and_together_all_of_them() -> None:
    rng = np.random.default_rng(0)
    for n, groups in ((12, 1), (48, 4), (480, 20)):
        served = rng.random(n)
        reruns = np.clip(served + rng.normal(0, 0.1, (50, n)), 0, 1)
        table = compute_prediction_instability(served, reruns)
        assert len(table) == groups
        assert table["n"].min() >= 10
        assert table["n"].sum() == n
        assert table["risk"].is_monotonic_increasing
        ordered = table[["low", "q1", "median", "q3", "high"]].to_numpy()
        assert (np.diff(ordered, axis=1) >= 0).all()
        weighted = (table["mean_absolute_prediction_error"] * table["n"]).sum() / n
        whole = compute_instability(served, reruns)["mean_absolute_prediction_error"]
        assert weighted == pytest.approx(whole)


def test_patients_who_have_one_risk_are_one_group() -> None:
    table = compute_prediction_instability(np.full(60, 0.5), np.full((3, 60), 0.6))
    assert table["n"].tolist() == [60]
    assert table.loc[0, "mean_absolute_prediction_error"] == pytest.approx(0.1)


def test_reruns_that_are_too_extreme_have_flat_calibration_curves() -> None:
    rng = np.random.default_rng(1)
    risk = expit(rng.normal(0, 1, 2000))
    y = (rng.random(2000) < risk).astype(float)
    reruns = np.stack([expit(factor * logit(risk)) for factor in (2.0, 2.2, 1.8)])
    table, curves = compute_calibration_instability(y, reruns)
    assert curves.shape == (3, 51)
    high = table.set_index("risk")["median"]
    # log-odds twice too large: a predicted 0.8 is observed in expit(logit(0.8) / 2) = 0.667
    assert high[0.8] == pytest.approx(2 / 3, abs=0.06)
    assert high[0.2] == pytest.approx(1 / 3, abs=0.06)


def test_constant_reruns_have_no_curve() -> None:
    y = np.tile([0.0, 1.0], 30)
    reruns = np.vstack([np.full(60, 0.5), np.full(60, 0.4)])
    table, curves = compute_calibration_instability(y, reruns)
    assert np.isnan(curves).all()
    assert isinstance(table, pd.DataFrame)
    assert table.empty
