"""What does not count in a text: characters that nobody sees, and how a word is spelt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

__all__ = ["clean", "count_invisible", "holds_invisible", "replace_invisible", "squash"]

# What Unicode calls default ignorable, by first and last: soft hyphens, zero-width spaces and
# joiners, marks of direction, variation selectors, the byte order mark, tags.
_RANGES = (
    "\u00ad\u00ad\u034f\u034f\u061c\u061c\u115f\u1160\u17b4\u17b5\u180b\u180f\u200b\u200f\u202a\u202e"
    "\u2060\u206f\u3164\u3164\ufe00\ufe0f\ufeff\ufeff\uffa0\uffa0\ufff0\ufff8\U0001bca0\U0001bca3"
    "\U0001d173\U0001d17a\U000e0000\U000e0fff"
)
_NOTHING = "".join(f"{a}-{b}" for a, b in zip(_RANGES[::2], _RANGES[1::2], strict=True))
# Spaces that do not break a line, and those of other widths: spreadsheets and web pages put them
# between a number and its unit.
_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_INVISIBLE = re.compile(f"[{_NOTHING}{_SPACES}]")
_IGNORED = re.compile(f"[{_NOTHING}]")
_OTHER_SPACES = re.compile(f"[{_SPACES}]")


def holds_invisible(text: str) -> bool:
    """Return whether a text holds any character that :func:`clean` takes out."""
    return not text.isascii() and _INVISIBLE.search(text) is not None


def count_invisible(texts: Sequence[str]) -> int:
    """Return how many of the texts hold such a character."""
    return 0 if "".join(texts).isascii() else sum(map(holds_invisible, texts))


def replace_invisible(text: str) -> str:
    """Return a text without zero-width characters, its spaces plain and its letters whole.

    A letter may be written as one with its accent or as two, which nobody sees: a Mac does so.
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    return _OTHER_SPACES.sub(" ", _IGNORED.sub("", text)) if holds_invisible(text) else text


def clean(text: str) -> str:
    """Return a text without zero-width characters, its letters whole, no spaces at its ends.

    Examples
    --------
    >>> clean("\\ufeffP\\u200b01\\u00a0")
    'P01'
    """
    return replace_invisible(text).strip()


def squash(text: str) -> str:
    """Return the letters and digits of a text: without case, accents, spaces and signs.

    Examples
    --------
    >>> squash("Std. Dev."), squash("\u00c9cart-type")
    ('stddev', 'ecarttype')
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if letter.isalnum())
