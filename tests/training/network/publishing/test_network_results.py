"""What a network found, as the document that cards are made from."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.training.helpers.network_runs import NETWORK, make_network_run, run_network
from training.measures.decision_curve import COARSE, make_thresholds
from training.network.publishing.network_judgement import judge_network
from training.network.publishing.network_results import make_network_results
from training.network.result import NetworkResult
from training.store.found import DecisionCurve
from training.store.optional.network_found import NEEDS_ROWS
from training.store.part import NotDone
from training.store.results import Results


def _make(result: NetworkResult) -> Results:
    importance = pd.DataFrame(
        [(p, h, 0.05) for h in result.protocol.horizons for p in result.protocol.predictors],
        columns=["predictor", "horizon", "mean_absolute_contribution"],
    )
    return make_network_results(result, judge_network(result), importance)


@pytest.fixture(scope="module")
def results() -> Results:
    return _make(make_network_run()[0])


def test_performance_is_that_at_centres_left_out(results: Results) -> None:
    pooled = judge_network(make_network_run()[0]).pooled["t1"]
    for metric, measure in (("auc", "auc"), ("calibration_slope", "slope"), ("o_e", "o_e")):
        row = results.find_performance("t1", metric)
        assert row is not None
        assert row.estimate == pytest.approx(pooled.loc[measure, "estimate"])
        assert row.low == pytest.approx(pooled.loc[measure, "low"])
    assert "Hartung and Knapp" in results.performance["t1"].interval


def test_what_needs_rows_is_absent_with_the_true_reason(results: Results) -> None:
    for part in (results.optimism, results.null_test, results.learning_curve, results.subgroups):
        assert isinstance(part, NotDone)
        assert NEEDS_ROWS in part.reason
    assert results.instability == {}


def test_other_patients_are_those_of_each_centre(results: Results) -> None:
    sites = results.sites
    assert not isinstance(sites, NotDone)
    assert sites.kind == "network"
    assert "T1: 3 centres, AUC 0." in sites.text
    auc = next(row for row in sites.rows if (row.horizon, row.measure) == ("t1", "AUC"))
    performance = results.find_performance("t1", "auc")
    assert performance is not None
    assert performance.low is not None and auc.low is not None
    assert auc.low < performance.low  # where a further centre is expected


def test_decisions_are_added_up_or_say_why_not(results: Results) -> None:
    found = results.decision["t2"]
    assert isinstance(found, DecisionCurve)
    assert [row.threshold for row in found.rows] == make_thresholds((0.3, 0.7), COARSE)
    assert found.range == (0.3, 0.7)
    bare = NETWORK.replace("thresholds = [", "# thresholds = [")
    result, _ = run_network({"rotterdam": 60, "aachen": 50}, rounds=1, text=bare)
    absent = _make(result).decision["t1"]
    assert isinstance(absent, NotDone)
    assert "sets no range" in absent.reason


def test_before_the_centres_have_judged_there_are_no_other_patients() -> None:
    result, _ = run_network({"rotterdam": 60, "aachen": 50}, rounds=2)
    found = _make(result)
    assert isinstance(found.sites, NotDone)
    assert found.calibration["t1"].groups == []
    assert isinstance(found.decision["t1"], NotDone)
    assert found.headline is not None
    assert found.headline[0].startswith("Discharge (T1): Do not use this model")


def test_the_blend_has_the_model_of_all_centres_and_the_share(results: Results) -> None:
    blend = results.blend["response"]
    weight = make_network_run()[0].outcomes["response"].weight
    assert [m.name for m in blend.members] == ["network", "prevalence"]
    assert [m.weight for m in blend.members] == pytest.approx([weight, 1 - weight])
    model, share = (m.log_loss for m in blend.members)
    assert model is not None and share is not None
    assert model < share
    assert not results.by_evidence


def test_asked_is_the_protocol(results: Results) -> None:
    protocol = make_network_run()[0].protocol
    assert results.study.sha256 == protocol.sha256
    assert results.study.thresholds == protocol.thresholds
    assert results.study.resampling.folds == 3
    assert results.cohort.synthetic
    missing = results.missing_outcomes["t1"]
    assert missing.unknown == 12
    assert missing.rows[0].highest == pytest.approx((148 + 12) / (235 + 12))
    assert any("not told by rotterdam, aachen and basel" in text for text in results.notices)
