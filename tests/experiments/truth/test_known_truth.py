import numpy as np
import pytest
from scipy.special import logit

from experiments.truth.known_truth import compute_interval, describe_rows, run, score
from experiments.truth.peers import PEERS, RMS, explain_missing_rms
from experiments.truth.truth_tables import DEFAULT, compute_summary, plot_errors
from experiments.truth.truths import simulate_truth
from experiments.truth.worlds import TRUTHS
from training.fitting.candidates import DEFAULT_CANDIDATES
from training.fitting.procedure import Procedure
from training.fitting.response import fit_response


def test_scores_of_two_patients_by_hand() -> None:
    # True 0.2 and 0.8, predicted 0.4 and 0.6: each 0.2 off. A pair of responder and nonresponder
    # is ranked rightly with weight 0.8 * 0.8, wrongly with 0.2 * 0.2, tied with 2 * 0.2 * 0.8:
    # AUC 0.64 + 0.32 / 2 = 0.80. The line through both true log-odds has slope
    # logit 0.8 / logit 0.6. One interval of two holds the truth.
    found = score(np.array([0.2, 0.8]), np.array([0.4, 0.6]), np.array([[0.1, 0.5], [0.5, 0.7]]))
    assert found["rmse"] == pytest.approx(0.2)
    assert found["auc"] == pytest.approx(0.8)
    assert found["slope"] == pytest.approx(logit(0.8) / logit(0.6))
    assert found["coverage"] == 0.5
    assert found["width"] == pytest.approx(0.3)


def test_one_risk_for_everyone_has_no_slope() -> None:
    found = score(np.array([0.2, 0.8]), np.full(2, 0.5))
    assert found["auc"] == 0.5
    assert np.isnan(found["slope"])
    assert np.isnan(found["coverage"])


def test_a_tiny_run_judges_every_method_on_the_same_cohorts() -> None:
    rows = run(["noise"], {48: 2}, seed=7, scale=True)
    expected = {DEFAULT, *DEFAULT_CANDIDATES, *PEERS, "blend on the probability scale"}
    if not explain_missing_rms():
        expected.add(RMS)
    assert set(rows["method"]) == expected
    assert (rows.groupby("method").size() == 2).all()
    # Where nothing predicts, the prevalence is off by the same for everyone: share - 0.6.
    for cohort in range(2):
        rng = np.random.default_rng((7, 0, 48, cohort))
        share = simulate_truth(TRUTHS["noise"], 48, n_new=1000, rng=rng).data.y["t1"].mean()
        here = rows[(rows["cohort"] == cohort) & (rows["method"] == "prevalence")]
        assert here["rmse"].item() == pytest.approx(abs(share - 0.6), abs=1e-9)
    text = describe_rows(rows)
    assert "## Against the peers" in text
    assert (RMS in text) == (RMS in expected)
    figure = plot_errors(compute_summary(rows), list(PEERS))
    assert [panel.get_title() for panel in figure.axes] == ["noise"]


def test_intervals_hold_the_served_risk_and_multiply_at_t2() -> None:
    simulated = simulate_truth(TRUTHS["kept"], 120, n_new=50, rng=np.random.default_rng(8))
    rng = np.random.default_rng(9)
    fitted = fit_response(simulated.data, Procedure(("ridge",)), rng=rng)
    low, high = compute_interval(simulated.data, fitted, simulated.X, rng=rng).T
    served = fitted.probability(simulated.X)
    assert (low <= served[:, 1]).all()
    assert (served[:, 1] <= high).all()
    assert (high < 1).all()
