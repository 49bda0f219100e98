"""What is known about a network's model beside its arithmetic."""

from __future__ import annotations

from dataclasses import replace

from tests.training.helpers.network_runs import make_network_run
from training.network.publishing.network_judgement import judge_network
from training.network.publishing.network_model_facts import make_network_model_facts
from training.network.publishing.network_patients import compute_cohort_sha256
from training.network.result import NetworkResult
from training.store.facts import ModelFacts
from training.store.statements import make_statements


def _make(result: NetworkResult) -> ModelFacts:
    return make_network_model_facts(result, judge_network(result))


def test_simulated_centres_make_a_demonstration_and_real_ones_research() -> None:
    result, _ = make_network_run()
    assert _make(result).status == "demonstration"
    assert _make(replace(result, synthetic=False)).status == "research"


def test_the_facts_are_those_of_protocol_and_shares() -> None:
    result, _ = make_network_run()
    facts = _make(result)
    assert (facts.name, facts.study_sha256) == ("crps-network", result.protocol.sha256)
    assert facts.cohort_sha256 == compute_cohort_sha256(result)
    assert facts.counts == {
        "n_patients": sum(n or 0 for n in result.patients.values()),
        "t1": {"n": 235, "events": 148},
        "t2": {"n": 209, "events": 85},
    }
    assert ModelFacts.from_dict(facts.to_dict()) == facts


def test_ranges_are_the_agreed_ones_in_the_unit_of_the_predictor() -> None:
    ranges = _make(make_network_run()[0]).training_ranges
    assert ranges["nrs_t0"] == {"low": 3, "high": 10}
    assert ranges["disease_duration_years"] == {"low": 0.1, "high": 40}
    assert ranges["opioid"] == {"seen": ["no", "yes"]}


def test_what_stands_on_every_answer_tells_of_centres() -> None:
    told = make_statements(_make(make_network_run()[0]))
    assert any("3 centres shared (rotterdam, aachen, basel)" in text for text in told)
    assert any("at a centre that took part and, wider, at a new one" in text for text in told)


def test_where_nothing_predicts_everyone_at_a_centre_gets_its_share() -> None:
    result, _ = make_network_run()
    outcomes = dict(result.outcomes)
    outcomes["response"] = replace(outcomes["response"], weight=0.0)
    notes = _make(replace(result, outcomes=outcomes)).notes
    assert any("everyone at a centre gets the share of responders there" in n for n in notes)
