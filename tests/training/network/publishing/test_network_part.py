"""What results hold of the network itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from tests.training.helpers.network_runs import make_network_run, run_network
from training.network.protocol.tables import Limits, Noise
from training.network.publishing.network_judgement import judge_network
from training.network.publishing.network_part import describe_network, tell_limits, tell_noise
from training.network.result import NetworkResult
from training.store.optional.network_found import NetworkFacts


def _describe(result: NetworkResult) -> NetworkFacts:
    judged = judge_network(result)
    return describe_network(result, judged.pooled, judged.decisions)


def test_every_share_leads_to_its_digest() -> None:
    result, files = make_network_run()
    found = _describe(result)
    assert [(s.centre, s.round, s.sha256) for s in found.shares] == result.shares
    assert len(found.shares) == len(files) == 15
    assert (found.rounds, found.planned) == (5, 5)
    assert found.lead_key == result.protocol.lead_key
    assert found.round_words == list(result.protocol.round_words)


def test_what_each_centre_counted_is_told_as_it_told_it() -> None:
    result, _ = make_network_run()
    found = {centre.name: centre for centre in _describe(result).centres}
    # How many there were was told when the model was judged.
    judged = result.evaluation["t1"].set_index("site")
    assert found["basel"].counts["t1"].n == judged["n"]["basel"]
    assert found["basel"].counts["t2"].unknown == result.counts["t2"]["unknown"]["basel"]
    cells = {(c.centre, c.predictor): c for c in _describe(result).patients}
    pain = cells["basel", "nrs_t0"]
    told = result.summaries["basel"][0].number
    assert told is not None
    assert (pain.mean, pain.sd) == (told.mean, told.sd)
    edges = [f"{edge:g}" for edge in told.edges]
    assert list(pain.counts) == [f"{a} to {b}" for a, b in pairwise(edges)]
    assert sum(n or 0 for n in pain.counts.values()) == pain.n


def test_a_count_that_is_not_told_stays_untold() -> None:
    result, _ = make_network_run()
    counts = {h: table.copy() for h, table in result.counts.items()}
    counts["t1"].loc["basel"] = float("nan")
    bare = replace(result, counts=counts, evaluation={}, groups={}, decision={})
    found = {c.name: c for c in _describe(bare).centres}
    assert found["basel"].counts["t1"].n is None
    assert found["basel"].counts["t2"].n == result.counts["t2"]["n"]["basel"]


def test_a_centre_that_dropped_out_is_told_with_the_reason() -> None:
    result, _ = run_network({"rotterdam": 60, "aachen": 50, "basel": 40}, rounds=2, drops="basel")
    found = _describe(result)
    centres = {centre.name: centre for centre in found.centres}
    assert centres["basel"].dropped == "no share of round 2"
    assert found.names == ["rotterdam", "aachen"]
    assert {share.centre for share in found.shares} == {"rotterdam", "aachen"}


def test_fewer_rounds_say_what_they_lack() -> None:
    told = {5: " ".join(_describe(make_network_run()[0]).lacks)}
    for rounds in (1, 3):
        result, _ = run_network({"rotterdam": 60, "aachen": 50, "basel": 50}, rounds=rounds)
        told[rounds] = " ".join(_describe(result).lacks)
    assert "One round only" in told[1]
    assert "Fewer than four rounds: no centre has judged" in told[1]
    assert "Not converged" in told[1]
    assert "One round only" not in told[3]
    assert "Fewer than four rounds" in told[3]
    assert "Fewer" not in told[5]
    assert "Not converged" not in told[5]
    assert "Net benefit" not in told[5]


def test_thresholds_that_too_few_centres_tell_are_lacking() -> None:
    result = make_network_run()[0]
    tables = {
        h: t[(t["threshold"] < 0.5) | (t["centre"] == "basel")] for h, t in result.decision.items()
    }
    lacks = " ".join(_describe(replace(result, decision=tables)).lacks)
    assert "Net benefit at T1 is told at 4 of 9 thresholds of the range" in lacks


def test_limits_and_noise_are_told_with_their_numbers() -> None:
    limits = Limits(cell=7, remaining=0.1, curvature_decimals=2)
    told = " ".join(tell_limits(limits))
    for words in ("fewer than 7 patients", "uncertain by 10% of its spread", "first 3, to 2"):
        assert words in told
    assert "was not asked" in " ".join(tell_limits(Limits(remaining=0)))
    assert "can work out the last one's values" in tell_noise(limits)
    noisy = tell_noise(Limits(noise=Noise(epsilon=3, delta=1e-6)))
    assert "epsilon 3 and delta 1e-06" in noisy
