"""What nobody sees is taken out; what can be seen stays."""

import unicodedata

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
