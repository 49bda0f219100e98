"""What nobody sees is taken out; what can be seen stays."""

import copy
import json
import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.texts import clean, count_invisible, holds_invisible, say, say_count, say_list, squash

_NOTHING = "\u200b\u200c\u200d\u2060\ufeff"
_SPACES = "\u00a0\u2007\u202f"


@given(st.lists(st.sampled_from([*_NOTHING, *_SPACES, "P", "0", "é", " ", "-"]), max_size=8))
def test_what_is_left_is_what_is_seen(characters: list[str]) -> None:
    seen = ["" if c in _NOTHING else " " if c in _SPACES else c for c in characters]
    assert clean("".join(characters)) == "".join(seen).strip()
    assert holds_invisible("".join(characters)) == bool({*_NOTHING, *_SPACES} & {*characters})


def test_texts_that_hold_any_are_counted() -> None:
    assert count_invisible(["a", "b\u200b\u200b", "é", "\u00a0"]) == 2
    assert count_invisible(["a", "b"]) == count_invisible([]) == 0


@pytest.mark.parametrize("text", ["P01", "Zürich", "a b", "−1", "1\u20442", ""])
def test_what_is_seen_stays(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)
    assert not holds_invisible(text)


@pytest.mark.parametrize(
    ("text", "squashed"),
    [
        ("Std. Dev.", "stddev"),
        ("\u00c9CART-type", "ecarttype"),
        ("Stra\u00dfe", "strasse"),
        (" _-", ""),
    ],
)
def test_a_word_is_its_letters_and_digits(text: str, squashed: str) -> None:
    assert squash(text) == squashed


_RANGES = [
    *(0xAD, 0x34F, 0x61C, 0x180E, 0x200E, 0x200F, 0x202A, 0x202E, 0x2060, 0x2064, 0x2066, 0xFE0F),
    *(0xFEFF, 0xE0100, 0xE01EF, 0x2009, 0x3000),
]


@given(st.sampled_from(_RANGES).map(chr), st.integers(0, 6))
def test_no_character_that_nobody_sees_tells_two_words_apart(sign: str, at: int) -> None:
    text = f"{'female'[:at]}{sign}{'female'[at:]}"
    assert holds_invisible(text) and count_invisible([text, "female"]) == 1
    assert clean(text).replace(" ", "") == "female"


@given(st.characters())
def test_what_is_taken_out_is_what_unicode_says_to_ignore(sign: str) -> None:
    # Of its categories: format characters, separators of words, fillers and selectors.
    if holds_invisible(sign):
        assert unicodedata.category(sign) in ("Cf", "Cn", "Zs", "Mn", "Lo")
    elif unicodedata.category(sign) == "Zs":
        assert sign in " \u1680"


def test_a_sentence_is_english_text_and_remembers_what_it_was_made_of():
    text = say("{label} is {n:g}", label=say("Age"), n=2.0)
    assert text == "Age is 2" and json.loads(json.dumps([text])) == ["Age is 2"]
    assert type(str(text)) is str
    again = pickle.loads(pickle.dumps(copy.deepcopy(text)))
    assert (again, again.pattern, again.values) == (text, text.pattern, text.values)
    assert text.values["label"].pattern == "Age"


def test_a_value_may_have_any_name_and_hold_braces():
    assert say("{pattern}, {values}", pattern="{x}", values="{") == "{x}, {"


def test_counts_choose_between_two_patterns():
    told = [say_count("{count} of {n} day", "{count} of {n} days", c, n=3) for c in (0, 1, 2)]
    assert told == ["0 of 3 days", "1 of 3 day", "2 of 3 days"]


def test_a_list_of_nothing_says_nothing():
    assert say_list([]) == "" and say_list(["a"]) == "a" and say_list("ab", "{") == "a{b"
