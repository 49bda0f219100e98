"""What is true, and the patients drawn from it."""

import numpy as np
import pytest
from scipy.special import logit

from experiments.truth.truths import Simulated, compute_risks, draw_patients, simulate_truth
from experiments.truth.worlds import TRUTHS


@pytest.mark.parametrize("name", list(TRUTHS))
def test_every_truth_has_the_risk_it_says(name: str) -> None:
    truth = TRUTHS[name]
    X = draw_patients(truth, 20_000, np.random.default_rng(3))
    first, kept = compute_risks(truth, X, site=truth.site_effect)
    if truth.site_effect:
        first = (first + compute_risks(truth, X, site=-truth.site_effect)[0]) / 2
    assert first.mean() == pytest.approx(truth.mean_risk, abs=0.01)
    assert not np.isnan(X).any()
    if truth.kept is None:
        assert (kept == 1).all()
    else:
        assert kept.mean() == pytest.approx(truth.mean_kept, abs=0.01)


def test_a_straight_truth_is_straight_in_the_standardised_predictors() -> None:
    # nrs_t0 has SD 1.6 and effect -1.2 per SD: from 6 to 8 the log-odds fall by 1.2 * 2 / 1.6.
    truth = TRUTHS["strong"]
    patients = np.array([[6.0, 5.0, 42.0, 0, 1, 0], [8.0, 5.0, 42.0, 0, 1, 0]])
    risk, _ = compute_risks(truth, patients)
    assert np.diff(logit(risk)) == pytest.approx(-1.5)


def test_gaps_hide_values_but_not_the_risk() -> None:
    rng = np.random.default_rng(4)
    simulated = simulate_truth(TRUTHS["missing"], 400, n_new=400, rng=rng)
    assert np.isnan(simulated.data.X).mean() == pytest.approx(0.3, abs=0.03)
    assert np.isnan(simulated.X).mean() == pytest.approx(0.3, abs=0.03)
    assert simulated.risk.std() > 0.25


def test_who_did_not_respond_is_known_not_to_have_kept_it() -> None:
    data = simulate_truth(TRUTHS["kept"], 500, n_new=10, rng=np.random.default_rng(5)).data
    responders = data.y["t1"] == 1
    assert (data.y["t2"][~responders] == 0).all()
    assert np.isnan(data.kept[~responders]).all()
    assert np.isnan(data.kept[responders]).mean() == pytest.approx(0.15, abs=0.05)


def _simulate(name: str, n: int = 2000) -> Simulated:
    return simulate_truth(TRUTHS[name], n, n_new=n, rng=np.random.default_rng(6))


def test_bounded_risks_are_bounded() -> None:
    risk = _simulate("bounded").risk
    assert risk.min() >= 0.2 and risk.max() <= 0.9


def test_drift_moves_new_patients_alone() -> None:
    found = _simulate("drift")
    age = [variable.name for variable in found.data.predictors].index("age_years")
    assert found.data.X[:, age].mean() == pytest.approx(42, abs=1)
    assert found.X[:, age].mean() == pytest.approx(42 + 0.8 * 14, abs=1)


def test_the_high_values_are_hidden_more_often() -> None:
    found = _simulate("hidden", 8000)
    gaps = np.isnan(found.data.X)
    assert gaps.mean() == pytest.approx(0.21, abs=0.02)
    pain = found.data.X[~gaps[:, 0], 0]
    complete = draw_patients(TRUTHS["hidden"], 8000, np.random.default_rng(7))[:, 0]
    assert pain.mean() < complete.mean() - 0.1


def test_one_label_in_ten_is_wrong_in_the_cohort_and_none_in_new_patients() -> None:
    plain, noisy = _simulate("strong", 8000), _simulate("label_noise", 8000)
    np.testing.assert_array_equal(plain.risk, noisy.risk)
    np.testing.assert_array_equal(plain.y, noisy.y)
    wrong = plain.data.y["t1"] != noisy.data.y["t1"]
    assert wrong.mean() == pytest.approx(0.1, abs=0.01)


def test_two_sites_differ_by_twice_the_effect() -> None:
    truth = TRUTHS["two_sites"]
    X = draw_patients(truth, 10, np.random.default_rng(8))
    low, high = (compute_risks(truth, X, site=side * 0.6)[0] for side in (-1, 1))
    np.testing.assert_allclose(logit(high) - logit(low), 1.2)


def test_tails_are_heavy_and_the_spread_is_kept() -> None:
    X = draw_patients(TRUTHS["heavy_tails"], 40_000, np.random.default_rng(9))
    age = X[:, 2]
    assert np.mean(np.abs(age - 42) > 3 * 14) > 0.005  # 0.0014 of normal ones, below 0 cut off
    assert np.median(np.abs(age - 42)) < 0.6745 * 14


def test_half_of_the_new_worlds_are_kept_from_choosing() -> None:
    apart = [name for name, truth in TRUTHS.items() if not truth.for_choosing]
    assert len(apart) == 6 and len(TRUTHS) == 25
