"""What changed between two cards."""

from typing import get_args

from tests.training.helpers.cards import full_author, small_card, small_results
from tests.training.helpers.network_cards import network_card, network_facts
from training.card.diff import compare_cards
from training.card.schema import Part


def test_a_card_does_not_differ_from_itself() -> None:
    assert compare_cards(small_card().body, small_card().body) == []


def test_each_change_is_found_under_its_part() -> None:
    results = small_results()
    results["counts"]["t1"]["events"] += 1
    results["predictors"][0]["missing"] += 1
    results["study"]["seed"] += 1
    results["study"]["thresholds"] = None
    for row in results["performance"]["t1"]["rows"]:
        if row["metric"] == "auc":
            row["estimate"] = 0.123
    author = full_author() | {"openness.funding": "another payer"}
    changes = compare_cards(small_card().body, small_card(results, author).body)
    assert {change.part for change in changes} == set(get_args(Part))
    auc = [change for change in changes if change.what == "T1: AUC, held out"]
    assert auc[0].after.startswith("0.12 (")
    gate = [change for change in changes if change.what.startswith("1. ")]
    assert gate[0].before.startswith("pass")
    assert gate[0].after.startswith("fail")


def test_another_centre_is_a_change_of_the_data() -> None:
    centres = network_facts()["centres"][:2]
    before, after = network_card().body, network_card(centres=centres).body
    change = next(c for c in compare_cards(before, after) if c.what == "centres")
    assert change.part == "data"
    assert (change.before, change.after) == (
        "aachen, bonn and cologne, 4 rounds",
        "aachen and bonn, 4 rounds",
    )


def test_what_only_one_card_has_is_a_dash_on_the_other() -> None:
    results = small_results()
    gone = results["predictors"].pop()
    changes = compare_cards(small_card().body, small_card(results).body)
    change = next(change for change in changes if change.what == gone["label"])
    assert (change.part, change.after) == ("predictors", "–")


def test_changes_turn_round_when_the_cards_do() -> None:
    results = small_results()
    results["study"]["seed"] = 99
    there = compare_cards(small_card().body, small_card(results).body)
    back = compare_cards(small_card(results).body, small_card().body)
    assert [(c.what, c.before, c.after) for c in there] == [
        (c.what, c.after, c.before) for c in back
    ]
