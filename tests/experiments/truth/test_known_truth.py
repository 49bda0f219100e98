import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from experiments.truth import known_truth
from experiments.truth.known_truth import compute_interval, describe_rows, run, run_cohort, score
from experiments.truth.peers import (
    BART,
    EBM,
    PEERS,
    RMS,
    explain_missing_peers,
    explain_missing_rms,
    list_peers,
)
from experiments.truth.truth_tables import BLEND, DEFAULT, compute_summary, plot_errors
from experiments.truth.truths import Truth, simulate_truth
from experiments.truth.worlds import TRUTHS
from training.fitting.candidates import BLENDED
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
    assert "coverage" not in found


def test_a_tiny_run_judges_every_method_on_the_same_cohorts() -> None:
    rows = run(["noise"], {48: 2}, seed=7, n_jobs=2, alternatives=True)
    # In a process of its own or in this one.
    here = pd.DataFrame(run_cohort(TRUTHS["noise"], 48, 0, seed=7, alternatives=True))
    there = rows[(rows["cohort"] == 0) & (rows["method"] != RMS)][here.columns]
    pd.testing.assert_frame_equal(there.reset_index(drop=True), here)
    expected = {DEFAULT, BLEND, *BLENDED, *list_peers(), "blend on the probability scale"}
    if not explain_missing_rms():
        expected.add(RMS)
    assert set(rows["method"]) == expected
    slow = {BART, EBM}
    assert all(
        size == (1 if name in slow else 2) for name, size in rows.groupby("method").size().items()
    )
    # Where nothing predicts, the prevalence is off by the same for everyone: share - 0.6.
    for cohort in range(2):
        rng = np.random.default_rng((7, 0, 48, cohort))
        share = simulate_truth(TRUTHS["noise"], 48, n_new=1000, rng=rng).data.y["t1"].mean()
        here = rows[(rows["cohort"] == cohort) & (rows["method"] == "prevalence")]
        assert here["rmse"].item() == pytest.approx(abs(share - 0.6), abs=1e-9)
    text = describe_rows(rows)
    assert "## Against the peers" in text
    assert all(f"{name} ({reason})" in text for name, reason in explain_missing_peers().items())
    assert "## Against the best of prevalence and peers: " in text
    figure = plot_errors(compute_summary(rows), list(PEERS))
    assert [panel.get_title() for panel in figure.axes] == ["noise"]


def test_all_is_one_queue_with_what_is_slow_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[tuple[str, int, int, bool]] = []

    def run_cohort(
        truth: Truth, n: int, cohort: int, *, slow: bool, **_: object
    ) -> list[dict[str, object]]:
        begun.append((truth.name, n, cohort, slow))
        return [{"truth": truth.name, "n": n, "cohort": cohort, "method": DEFAULT}]

    monkeypatch.setattr(known_truth, "run_cohort", run_cohort)
    monkeypatch.setattr(known_truth, "explain_missing_rms", lambda: "left out here")
    rows = run(["noise", "bent"], {48: 6, 480: 2}, progress=True)
    # BART and EBM in one cohort of five or part of five: in 2 of 6 and in 1 of 2.
    assert begun == [
        *[(truth, 480, 0, True) for truth in ("noise", "bent")],
        *[(truth, 48, cohort, True) for truth in ("noise", "bent") for cohort in (0, 1)],
        *[(truth, 480, 1, False) for truth in ("noise", "bent")],
        *[(truth, 48, cohort, False) for truth in ("noise", "bent") for cohort in (2, 3, 4, 5)],
    ]
    # The rows come in the order that was asked for.
    found = rows[["n", "truth", "cohort"]].itertuples(index=False, name=None)
    cells = [(48, "noise", 6), (48, "bent", 6), (480, "noise", 2), (480, "bent", 2)]
    assert list(found) == [(n, truth, i) for n, truth, count in cells for i in range(count)]
    assert capsys.readouterr().out.splitlines()[-1] == "bent, 48 patients: done"


def test_rows_of_older_and_of_further_runs_are_described_together() -> None:
    # A run from before the tenths were measured, and a peer fitted elsewhere to fewer cohorts.
    methods = {DEFAULT: 0.1, "prevalence": 0.2} | dict.fromkeys([BLEND, *BLENDED[1:]], 0.15)
    key = {"truth": "noise", "n": 48, "auc": 0.6, "slope": 1.0}
    old = [
        key | {"cohort": cohort, "method": method, "rmse": rmse, "coverage": 0.95, "width": 0.5}
        for cohort in range(2)
        for method, rmse in methods.items()
    ]
    further = key | {"cohort": 0, "method": BART, "rmse": 0.05, "coverage": 0.9, "width": 0.6}
    rows = pd.DataFrame([*old, further | {"coverage_1": 0.8}])
    assert "Since" not in describe_rows(rows)
    text = describe_rows(rows, pd.DataFrame(old))
    assert "## Since the earlier run: 1 of 1 within the limit" in text
    assert "0 of 1 within the limit" in text
    assert f"{BART} (" not in text
    assert "| noise | 48 | yes | BART | 1 | 0.900 | - | 0.600 | 0.800 | - |" in text


def test_intervals_hold_the_served_risk_and_multiply_at_t2() -> None:
    simulated = simulate_truth(TRUTHS["kept"], 120, n_new=50, rng=np.random.default_rng(8))
    rng = np.random.default_rng(9)
    fitted = fit_response(simulated.data, Procedure(("ridge",)), rng=rng)
    low, high = compute_interval(simulated.data, fitted, simulated.X, rng=rng).T
    served = fitted.probability(simulated.X)
    assert (low <= served[:, 1]).all()
    assert (served[:, 1] <= high).all()
    assert (high < 1).all()


@pytest.mark.parametrize("number", ["0", "-3", "x"])
def test_a_number_of_worlds_that_is_none_is_refused_before_anything_runs(
    number: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["known_truth", f"--drawn={number}"])
    with pytest.raises(SystemExit):
        known_truth.main()
    assert f"expected a number of at least 1, got {number}" in capsys.readouterr().err
