import numpy as np
import pytest
from scipy.special import expit

from training.measures.discrimination import compute_auc_delong
from training.network.arithmetic.evaluating import compute_home_measures, compute_weighted_mean


@pytest.fixture
def judged():
    rng = np.random.default_rng(5)
    p = expit(rng.normal(0.3, 0.9, size=80))
    return (rng.random(80) < p).astype(float), p


def test_measures_are_those_of_the_patients(judged):
    y, p = judged
    found, note = compute_home_measures(y, p, 0.55)
    auc, _, _, variance = compute_auc_delong(y, p)
    assert found["auc"] == pytest.approx(auc)
    assert found["auc_se"] == pytest.approx(np.sqrt(variance) / (auc * (1 - auc)))
    assert found["o_e"] == pytest.approx(y.sum() / p.sum())
    assert found["brier"] == pytest.approx(np.mean((y - p) ** 2))
    assert found["brier_prevalence"] == pytest.approx(np.mean((y - 0.55) ** 2))
    moved = expit(found["intercept"] + np.log(p / (1 - p)))
    assert moved.sum() == pytest.approx(y.sum())
    assert note == ""


def test_skill_is_the_paired_gain_over_the_others_share(judged):
    y, p = judged
    found, _ = compute_home_measures(y, p, 0.55)
    assert found["brier_skill"] == pytest.approx(1 - found["brier"] / found["brier_prevalence"])
    gain = (y - 0.55) ** 2 - (y - p) ** 2
    error = np.sqrt(gain.var(ddof=1) / 80) / np.mean((y - 0.55) ** 2)
    assert found["brier_skill_se"] == pytest.approx(error)
    same, _ = compute_home_measures(y, np.full(80, 0.55), 0.55)
    assert (same["brier_skill"], same["brier_skill_se"]) == (0, 0)


def test_few_events_leave_only_what_few_can_tell():
    y = np.array([1.0] * 6 + [0.0] * 20)
    found, note = compute_home_measures(y, np.linspace(0.1, 0.6, 26), 0.4)
    assert "auc" not in found
    assert "brier" in found
    assert "6 events" in note


def test_weights_are_repetition(judged):
    y, p = judged
    times = np.tile([1.0, 2.0, 3.0, 1.0], 20)
    found, _ = compute_home_measures(y, p, 0.55, times)
    rows = np.repeat(np.arange(80), times.astype(int))
    repeated, _ = compute_home_measures(y[rows], p[rows], 0.55)
    for name in ("auc", "o_e", "slope", "intercept", "brier", "brier_prevalence", "brier_skill"):
        assert found[name] == pytest.approx(repeated[name], abs=1e-6), name


def test_a_weighted_mean_knows_that_repeated_patients_are_not_more():
    values = np.random.default_rng(2).normal(size=40)
    mean, error = compute_weighted_mean(values, np.full(40, 3.0))
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(40))
