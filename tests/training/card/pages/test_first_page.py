"""The first page of a card."""

from __future__ import annotations

from typing import Any

from tests.training.helpers.cards import small_card, small_results
from training.approval.gate import Gate
from training.card.pages.first_page import list_said, make_sureness, name_checked


def _gate(number: int, status: Any) -> Gate:
    return Gate(number, "a gate", status, "", "")


def test_gates_that_failed_are_named_before_those_that_passed() -> None:
    gates = [_gate(1, "pass"), _gate(2, "waived"), _gate(3, "fail"), _gate(4, "fail")]
    told = [(words, [gate.number for gate in found]) for words, found in name_checked(gates)]
    assert told == [("Failed", [3, 4]), ("Failed, and let pass", [2]), ("Passed", [1])]
    assert [words for words, _ in name_checked(gates[:1])] == ["Passed"]


def test_the_picture_has_a_row_for_each_group_of_patients() -> None:
    body = small_card().body
    drawings = make_sureness(body)
    for drawing, horizon in zip(drawings.items, body.results.horizons, strict=True):
        groups = body.results.calibration[horizon].groups
        assert drawing.svg.count("<path") == len(groups)  # what they were told
        assert drawing.svg.count("<circle") == len(groups) + 1  # how many responded; and of all
        assert f"all {body.results.counts[horizon].n} known" in drawing.svg
    assert "told little" in drawings.note


def test_of_a_constant_model_there_is_one_row_and_what_everyone_is_told() -> None:
    results = small_results()
    for found in results["findings"].values():
        found["constant"] = True
    drawings = make_sureness(small_card(results).body)
    for drawing in drawings.items:
        assert drawing.svg.count("<circle") == drawing.svg.count("<path") == 1
    assert "what everyone is told" in drawings.note


def test_what_it_says_is_all_of_its_sentences() -> None:
    body = small_card().body
    said = list_said(body, "Stamp.")
    assert {"Stamp.", body.plain.what, *body.plain.when_not, body.results.verdict[0]} <= set(said)
