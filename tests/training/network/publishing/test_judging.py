"""What all centres found, put together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from tests.training.helpers.network_runs import make_network_run
from training.measures.decision_curve import (
    COARSE,
    compute_decision_curve,
    compute_threshold_table,
    make_thresholds,
)
from training.measures.pooling.sites import compute_pooled_sites
from training.network.arithmetic.risk_groups import count_above, group_risks
from training.network.publishing.judging import (
    POOLED,
    list_untold,
    pool_centres,
    sum_decisions,
    sum_groups,
    tabulate_performance,
    tabulate_thresholds,
)


def test_centres_are_pooled_as_sites_are_left_out() -> None:
    evaluation = make_network_run()[0].evaluation["t1"]
    pooled = pool_centres(evaluation)
    assert list(pooled.index) == list(POOLED)
    pd.testing.assert_frame_equal(
        pooled.loc[["auc", "o_e", "slope"]], compute_pooled_sites(evaluation), check_dtype=False
    )
    skill = pooled.loc["brier_skill"]
    assert skill["low"] < skill["estimate"] < skill["high"]


def test_before_any_centre_has_judged_nothing_is_estimable() -> None:
    pooled = pool_centres(None)
    assert pooled["estimate"].isna().all()
    table = tabulate_performance(pooled)
    assert {"auc", "brier_skill", "calibration_slope", "o_e"} <= set(table.index)
    assert set(table["note"]) == {"the centres have not judged the model"}


def test_groups_of_like_risk_are_added_up() -> None:
    groups = pd.DataFrame(
        {
            "n": [30, 30, 30, 30],
            "events": [6, 20, 9, 24],
            "expected": [7.5, 18.0, 8.1, 22.5],  # means 0.25, 0.60, 0.27, 0.75
        }
    )
    found = sum_groups(groups)
    assert found["n"].tolist() == [30, 30, 30, 30]
    assert found["predicted"].tolist() == pytest.approx([0.25, 0.27, 0.6, 0.75])
    assert found["observed"].tolist() == pytest.approx([6 / 30, 9 / 30, 20 / 30, 24 / 30])
    small = sum_groups(groups.assign(n=[5, 5, 5, 5], events=[1, 3, 2, 4], expected=[1, 3, 1.2, 4]))
    assert small["n"].tolist() == [20]
    assert small["observed"].tolist() == [0.5]


def test_nobody_is_lost_and_groups_stay_in_order() -> None:
    for horizon, groups in make_network_run()[0].groups.items():
        found = sum_groups(groups)
        assert found["n"].sum() == pytest.approx(groups["n"].sum(), abs=3), horizon  # whole ones
        events = (found["observed"] * found["n"]).sum()
        assert events == pytest.approx(groups["events"].sum(), abs=3)
        assert found["predicted"].is_monotonic_increasing
        assert (found["n"] >= 20).all()


def _tell(y: np.ndarray, p: np.ndarray, sites: np.ndarray, cut: float) -> pd.DataFrame:
    rows = []
    for name in np.unique(sites):
        here = sites == name
        above = here & (p >= cut)
        rows.append(
            {
                "centre": name,
                "threshold": cut,
                "n": here.sum(),
                "events": y[here].sum(),
                "true_positives": y[above].sum(),
                "false_positives": (1 - y[above]).sum(),
            }
        )
    return pd.DataFrame(rows)


def test_added_up_net_benefit_is_that_of_all_patients_in_one_place() -> None:
    rng = np.random.default_rng(4)
    p = rng.random(400)
    y = (rng.random(400) < p).astype(float)
    sites = np.repeat(["a", "b"], [150, 250])
    for cut in (0.3, 0.7):  # below and above the share of responders
        found = sum_decisions(_tell(y, p, sites, cut), (0.2, 0.8)).iloc[0]
        whole = compute_decision_curve(y, p, [cut], n_bootstrap=2000, seed=1).iloc[0]
        for name in ("net_benefit", "treat_all", "avoided_per_100"):
            assert found[name] == pytest.approx(whole[name]), name
            width = whole[f"{name}_high"] - whole[f"{name}_low"]
            # A bootstrap of patients, and its Monte Carlo error.
            for end in ("_low", "_high"):
                assert found[f"{name}{end}"] == pytest.approx(
                    whole[f"{name}{end}"], abs=0.1 * width
                )


def _decide(slope: float, *, seed: int) -> pd.DataFrame:
    """Return what five centres of 60 tell of a model: `slope` of the log-odds by its score."""
    rng = np.random.default_rng(seed)
    told: list[dict[str, object]] = []
    for centre in "abcde":
        score = rng.normal(0, 1.5, size=60)
        y = (rng.random(60) < expit(0.2 + rng.normal(0, 0.3) + slope * score)).astype(float)
        groups = group_risks(y, expit(0.2 + score), limit=5)
        for cut in make_thresholds((0.3, 0.7), COARSE):
            above = {
                f"{side}_positives": sum(
                    count_above(**one, cut=cut, limit=5)
                    for group in groups
                    for one in group[outcome]
                )
                for side, outcome in (("true", "responders"), ("false", "others"))
            }
            told.append({"centre": centre, "threshold": cut, "n": 60, "events": y.sum()} | above)
    return sum_decisions(pd.DataFrame(told), (0.3, 0.7))


def test_a_strong_model_is_of_use_at_every_threshold_and_a_useless_one_is_not() -> None:
    useful = {1.0: 0, 0.0: 0}
    for slope in useful:
        for seed in range(12):
            found = _decide(slope, seed=seed)
            assert len(found) == 9
            gain = found["net_benefit"] - np.maximum(found["treat_all"], 0)
            useful[slope] += bool((gain > 0).all())
    assert useful[1.0] >= 11
    assert useful[0.0] == 0


def test_shares_at_a_threshold_are_those_of_all_patients() -> None:
    rng = np.random.default_rng(4)
    p = rng.random(200)
    y = (rng.random(200) < p).astype(float)
    decisions = sum_decisions(_tell(y, p, np.repeat(["a", "b"], 100), 0.4), (0.2, 0.8))
    found = tabulate_thresholds(decisions)
    whole = compute_threshold_table(y, p, [0.4])
    pd.testing.assert_frame_equal(found, whole, check_dtype=False)


def test_a_threshold_that_one_centre_tells_is_left_out() -> None:
    decision = pd.DataFrame(
        [
            ("a", 0.0, 40, 20, 20, 20),
            ("a", 0.4, 40, 20, 15, 8),
            ("b", 0.0, 40, 20, 20, 20),
            ("b", 0.4, 40, 20, 16, 9),
            ("b", 0.5, 40, 20, 10, 5),
        ],
        columns=["centre", "threshold", "n", "events", "true_positives", "false_positives"],
    )
    found = sum_decisions(decision, (0.3, 0.6))
    assert found["threshold"].tolist() == [0.4]
    assert found["n"].tolist() == [80]
    assert found["true_positives"].tolist() == [31]
    assert list_untold(found, (0.3, 0.6)) == [0.3, 0.35, 0.45, 0.5, 0.55, 0.6]
