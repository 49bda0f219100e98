"""A reason is words, enough of them, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.approval.reasons import (
    SHORTEST_REASON,
    check_reason,
    count_words,
    find_repeated,
    fold,
    is_alike,
)

# 40 characters, and 39.
FORTY = "we have one centre and no other patients"
GOOD = "Only one centre treats these patients, so that nobody else could be tried."


def test_a_reason_has_forty_characters_at_least() -> None:
    assert (len(FORTY), SHORTEST_REASON) == (40, 40)
    assert check_reason(FORTY, []) == []
    (fault,) = check_reason(FORTY[:-1], [])
    assert fault.startswith("its reason has 39 characters; say in at least 40")


@given(st.text(alphabet=" \t\n\u00a0\u200b", min_size=40), st.sampled_from(["", "ok", "fine"]))
def test_white_space_and_what_nobody_sees_make_no_reason(blank: str, word: str) -> None:
    assert "characters" in check_reason(blank + word + blank, [])[0]


@given(st.sampled_from(["ok ", "x", "ok, ok. ", "..", "12 ", "yes no "]))
def test_a_word_that_is_repeated_is_no_reason(word: str) -> None:
    assert "different words" in check_reason(word * 40, [])[0]


@given(st.lists(st.sampled_from(" \n\t\u00a0"), min_size=1, max_size=3), st.booleans())
def test_a_reason_of_another_gate_is_none_in_whatever_case_and_spacing(
    spaces: list[str], upper: bool
) -> None:
    again = "".join(spaces).join(GOOD.split(" "))
    again = again.upper() if upper else again.lower()
    assert fold(again) == fold(GOOD)
    (fault,) = check_reason(again, [(9, GOOD)])
    assert fault == "its reason is that of gate 9; a waiver has a reason of its own"
    assert check_reason(again, [(9, FORTY)]) == []


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Nobody was asked.", "nobody was asked", True),
        ("answer 1", "Answer 54", True),
        ("The ethics board said yes to it", "said yes to it the ethics board", True),
        # four of five words
        ("it was seen by nobody", "it was seen by everyone", True),
        ("it was seen by nobody", "it was told to everyone", False),
        ("Physicians of the pain unit", "Physicians and nurses of two wards", False),
        ("...", "???", False),
        ("", "", True),
    ],
)
def test_texts_are_alike_but_for_numbers_signs_order_and_one_word_in_five(
    one: str, other: str, alike: bool
) -> None:
    assert is_alike(one, other) is alike
    assert is_alike(other, one) is alike


@given(st.text(max_size=60), st.text(max_size=60))
def test_alike_is_the_same_from_either_side_and_with_itself(one: str, other: str) -> None:
    assert is_alike(one, one)
    assert is_alike(one, other) == is_alike(other, one)


def test_the_first_that_is_alike_is_named() -> None:
    said = [("a", "nobody was asked"), ("b", "the board decides"), ("c", "Nobody was asked!")]
    assert find_repeated("nobody was asked 2", said) == "a"
    assert find_repeated("something else entirely", said) == ""


def test_words_are_counted_once() -> None:
    assert count_words("bla bla Bla a 12 ok") == 2
