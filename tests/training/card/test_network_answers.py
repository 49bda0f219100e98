"""What a network answers otherwise than one cohort."""

from __future__ import annotations

from tests.training.helpers.cards import DIGEST, full_author, small_card, small_facts
from tests.training.helpers.network_cards import network_card, network_facts, network_results
from training.card.card import make_card
from training.card.network_answers import answer_network
from training.store.results import Results


def test_a_cohort_of_one_place_is_told_as_before() -> None:
    results = network_results()
    alone = Results.model_validate(results.to_json() | {"network": None})
    assert answer_network(alone, in_use="") == {}
    answers = {f.id: f.answer for f in small_card().body.fields}
    assert answers["shared"].startswith("nothing: the cohort was read where it lies")
    assert "the cohort file stays where it is read" in answers["stored"]


def test_the_fields_on_centres_are_filled() -> None:
    answers = {f.id: f.answer for f in network_card().body.fields}
    assert "tau of intercepts 0.30 (0.00 to 1.20)" in answers["12d"]
    assert answers["23b"] == answers["12d"]
    assert "each centre in turn was left out" in answers["12a"]
    assert "3 centres (aachen, bonn and cologne)" in answers["20b"]
    assert answers["20c"] == "centre by centre"
    assert "straight effects, prior standard deviation 0.5, weight 0.70" in answers["12c"]
    assert answers["23a"].startswith("at centres that the model was made without")


def test_data_protection_tells_what_was_shared() -> None:
    answers = {f.id: f.answer for f in network_card().body.fields}
    assert answers["shared"].startswith("12 files of 3 centres, each signed")
    assert "no count under 5. no noise was added" in answers["shared"]
    assert answers["stored"].startswith("every row stays at the centre")
    assert "ketresponse-home holds" in answers["stored"]


def test_what_needs_rows_says_why_it_is_absent() -> None:
    fields = {f.id: f for f in network_card().body.fields}
    for name in ("SafetyReliability.Results", "SafetyReliability.TestType"):
        assert fields[name].status == "not available"
        assert "each centre keeps its own" in fields[name].answer


def test_an_outcome_that_everyone_shares_says_why() -> None:
    outcomes = network_facts()["outcomes"]
    outcomes["response"] |= {"reason": "two centres are needed", "prior_sd": None}
    answers = answer_network(network_results(outcomes=outcomes), in_use="")
    assert "everyone gets the same probability (two centres are needed)" in answers["model"]


def test_what_another_cohort_has_shown_stands_in_place_of_the_centres() -> None:
    results = network_results().to_json()
    results["sites"] |= {"kind": "validation", "text": "another cohort (run r)"}
    card = make_card(small_facts(), DIGEST, Results.model_validate(results), full_author())
    answers = {field.id: field.answer for field in card.body.fields}
    assert answers["20c"] == "another cohort (run r)"
    assert answers["validation.tester"].startswith("the authors themselves")
    told = " ".join([*card.body.limitations, *card.body.plain.how_sure])
    assert "outside the network" not in told
    before = network_card().body
    assert "outside the network" in " ".join(before.limitations)
    assert "outside the network" in " ".join(before.plain.how_sure)
