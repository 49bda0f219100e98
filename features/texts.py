"""What does not count in a text: characters that nobody sees, and how a word is spelt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

__all__ = ["clean", "count_invisible", "holds_invisible", "replace_invisible", "squash"]

# Zero-width space, non-joiner and joiner, word joiner and the byte order mark; then the spaces
# that do not break a line, which spreadsheets and web pages put between a number and its unit.
_NOTHING = "\u200b\u200c\u200d\u2060\ufeff"
_SPACES = "\u00a0\u2007\u202f"
_INVISIBLE = re.compile(f"[{_NOTHING}{_SPACES}]")
_PLAIN = str.maketrans({**dict.fromkeys(_NOTHING, ""), **dict.fromkeys(_SPACES, " ")})


def holds_invisible(text: str) -> bool:
    """Return whether a text holds any character that :func:`clean` takes out."""
    return not text.isascii() and _INVISIBLE.search(text) is not None


def count_invisible(texts: Sequence[str]) -> int:
    """Return how many of the texts hold such a character."""
    return 0 if "".join(texts).isascii() else sum(map(holds_invisible, texts))


def replace_invisible(text: str) -> str:
    """Return a text without zero-width characters and its spaces plain."""
    return text.translate(_PLAIN) if holds_invisible(text) else text


def clean(text: str) -> str:
    """Return a text without zero-width characters, its spaces plain and none at its ends.

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
