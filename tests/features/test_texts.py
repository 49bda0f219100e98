"""What nobody sees is taken out; what can be seen stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.texts import clean, count_invisible, holds_invisible, squash

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
    assert clean(text) == text
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
