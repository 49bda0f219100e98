"""What is true, and the patients drawn from it."""

import numpy as np
import pytest
from scipy.special import logit

from experiments.truth.truths import TRUTHS, compute_risks, draw_patients, simulate_truth


@pytest.mark.parametrize("name", list(TRUTHS))
def test_every_truth_has_the_risk_it_says(name: str) -> None:
    truth = TRUTHS[name]
    X = draw_patients(truth, 20_000, np.random.default_rng(3))
    first, kept = compute_risks(truth, X)
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
