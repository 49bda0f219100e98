import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from experiments.truth.blend_scale import fit_probability_weights
from experiments.truth.known_truth import compute_interval, make_text, run, score
from experiments.truth.peers import PEERS, RMS, explain_missing_rms, predict_rms
from experiments.truth.truth_tables import (
    DEFAULT,
    compare_with_limits,
    compare_with_peers,
    compute_summary,
    format_table,
    plot_errors,
)
from experiments.truth.truths import TRUTHS, compute_risks, draw_patients, simulate_truth
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


def _rows(rmse: dict[str, tuple[float, float]], *, truth: str = "noise", n: int = 48) -> list:
    rest = {"auc": 0.6, "slope": 1.0, "coverage": np.nan, "width": np.nan}
    return [
        {"truth": truth, "n": n, "cohort": cohort, "method": method, "rmse": value} | rest
        for method, values in rmse.items()
        for cohort, value in enumerate(values)
    ]


_CANDIDATES = {name: (0.16, 0.16) for name in DEFAULT_CANDIDATES if name != "prevalence"}
_EXAMPLE = _rows(
    _CANDIDATES
    | {"default": (0.10, 0.14), "prevalence": (0.20, 0.20), "firth": (0.10, 0.12), "p": (0.1, 0.2)}
)


def test_summary_by_hand() -> None:
    # RMSE 0.10 and 0.14: mean 0.12, SD 0.0283, error 0.02. Skill 1 - (0.10 / 0.20)^2 = 0.75 and
    # 1 - (0.14 / 0.20)^2 = 0.51: mean 0.63.
    row = compute_summary(pd.DataFrame(_EXAMPLE)).loc[("noise", 48, DEFAULT)]
    assert row["cohorts"] == 2
    assert row["rmse"] == pytest.approx(0.12)
    assert row["rmse_se"] == pytest.approx(0.02)
    assert row["skill"] == pytest.approx(0.63)


def test_limits_by_hand() -> None:
    # The best candidate is Firth's with (0.10 + 0.12) / 2 = 0.11: the default is 0.01 above it.
    # The same errors at n = 480 with the default 0.02 worse are 0.03 above, over the limit 0.015.
    worse = [dict(row, n=480) for row in _EXAMPLE]
    for row in worse:
        row["rmse"] += 0.02 if row["method"] == "default" else 0.0
    table = compare_with_limits(compute_summary(pd.DataFrame(_EXAMPLE + worse)))
    small, large = table.loc[("noise", 48)], table.loc[("noise", 480)]
    assert small["single"] == large["single"] == "firth"
    assert small["excess"] == pytest.approx(0.01)
    assert large["excess"] == pytest.approx(0.03)
    assert (small["limit"], large["limit"]) == (0.025, 0.015)
    assert small["within"]
    assert not large["within"]


def test_gain_over_a_peer_by_hand() -> None:
    # The peer less the default: 0.00 and 0.06, mean 0.03, SD 0.0424, error 0.03. A second truth
    # with gains 0.01 and 0.01: over both truths 0.02, error sqrt(0.03^2 + 0) / 2 = 0.015.
    rows = pd.DataFrame(_EXAMPLE + _rows({"default": (0.2, 0.2), "p": (0.21, 0.21)}, truth="bent"))
    table = compare_with_peers(rows, ["p"]).set_index("n")
    assert list(table.index) == [48, "all"]
    assert table.loc["all", "gain"] == pytest.approx(0.02)
    assert table.loc["all", "se"] == pytest.approx(0.015)
    assert table.loc["all", "rmse"] == pytest.approx(0.16)


def test_markdown_of_a_small_table() -> None:
    table = pd.DataFrame({"n": [48], "rmse": [0.12345], "slope": [np.nan], "within": [False]})
    assert format_table(table).splitlines() == [
        "| n | rmse | slope | within |",
        "| --- | --- | --- | --- |",
        "| 48 | 0.123 | - | NO |",
    ]


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
    text = make_text(rows)
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


def test_blended_probabilities_give_the_truth_the_weight() -> None:
    rng = np.random.default_rng(10)
    truth = expit(rng.normal(size=4000))
    y = (rng.random(4000) < truth).astype(float)
    risks = np.stack([rng.random(4000), truth])
    weights = fit_probability_weights(
        risks, np.full(4000, y.mean()), y, price=np.ones(2), n_patients=4000
    )
    assert weights[0] < 0.05
    assert weights[1] > 0.9


def test_rms_is_near_maximum_likelihood_where_there_is_plenty_of_data() -> None:
    if explain_missing_rms():
        pytest.skip(explain_missing_rms())
    rng = np.random.default_rng(11)
    Z = rng.normal(size=(3000, 2))
    y = (rng.random(3000) < expit(Z[:, 0])).astype(float)
    constant = np.column_stack([Z, np.zeros(3000)])
    first, second = predict_rms([(Z, y, Z[:5]), (constant, y, constant[:5])])
    expected = PEERS["ML logistic"](Z, y, Z[:5])
    assert first == pytest.approx(expected, abs=0.005)
    assert second == pytest.approx(first, abs=1e-9)
