"""How a network's model does where it was not made, and what so many patients can bear."""

from __future__ import annotations

import pytest

from tests.training.helpers.network_runs import make_network_run, run_network
from training.measures.sample_size.verdict import compute_size_verdict
from training.network.publishing.network_judgement import (
    count_unknown,
    find_network,
    judge_network,
    tabulate_behind,
    tabulate_centres,
    tell_network_verdict,
)


def test_counts_are_those_of_all_centres_that_tell() -> None:
    result, _ = make_network_run()
    count = judge_network(result).counts["t1"]
    assert (count.n, count.events) == (235, 148)
    assert count.base_rate == pytest.approx(148 / 235)
    behind = tabulate_behind(result, "t1")
    assert behind[["n", "events"]].sum().tolist() == [235, 148]


def test_patients_of_a_centre_that_shares_counts_alone_stand_behind_nothing() -> None:
    result, _ = run_network({"rotterdam": 16, "aachen": 70, "basel": 60}, rounds=4)
    assert list(result.outcomes["response"].withheld) == ["rotterdam"]
    behind = tabulate_behind(result, "t1")
    assert list(behind.index) == ["aachen", "basel"]
    count = judge_network(result).counts["t1"]
    assert count.n == behind["n"].sum() == 128
    assert list(tabulate_centres(result, "t1").index) == ["rotterdam", "aachen", "basel"]


def test_outcomes_that_a_centre_does_not_count_are_taken_as_the_most_they_can_be() -> None:
    result, _ = make_network_run()
    assert result.counts["t1"]["unknown"].isna().all()
    assert count_unknown(result, "t1") == 3 * 4  # fewer than five at each
    assert count_unknown(result, "t2") == result.counts["t2"]["unknown"].sum() > 0


def test_the_share_at_t2_is_that_at_t1_times_that_of_those_who_kept_it() -> None:
    result, _ = make_network_run()
    count, kept = judge_network(result).counts["t2"], result.outcomes["kept"]
    assert count.base_rate == pytest.approx(148 / 235 * kept.events / kept.n)


def test_the_size_is_asked_for_as_of_any_study() -> None:
    judged = judge_network(make_network_run()[0])
    size = judged.sizes["t1"]
    assert (size.n, size.events, size.parameters) == (235, 148, 5)
    assert size.needed is not None
    assert size.needed.n == compute_size_verdict(235, 148, 5).needed.n
    assert not size.enough
    assert size.rows[1].source == "own"
    assert size.rows[1].c_statistic == pytest.approx(judged.pooled["t1"].loc["auc", "estimate"])


def test_too_few_patients_are_told_first_and_each_horizon_after() -> None:
    told = tell_network_verdict(judge_network(make_network_run()[0]))
    assert told[0] == "Not enough data: do not deploy."
    assert told[1].startswith("T1: ")
    assert "235 with known T1, 148 events" in told[2]
    assert told[3].startswith("T2: ")


def test_before_the_centres_have_judged_nothing_speaks_for_the_model() -> None:
    result, _ = run_network({"rotterdam": 60, "aachen": 50}, rounds=1)
    judged = judge_network(result)
    told = tell_network_verdict(judged)
    assert told[0] == "Not enough data: do not deploy."
    assert "is not known (the centres have not judged the model)" in told[1]
    found = find_network(result, judged, "t1")
    assert not found.better
    assert found.simulated


def test_a_finding_has_the_numbers_of_its_horizon() -> None:
    result, _ = make_network_run()
    judged = judge_network(result)
    found = find_network(result, judged, "t1")
    assert (found.n, found.where) == (235, "discharge (T1)")
    assert found.better == bool(judged.pooled["t1"].loc["brier_skill", "low"] > 0)
    assert not found.constant
    assert found.low < found.mean < found.high
