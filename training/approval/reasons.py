"""Whether somebody has said something in words, and not the same thing twice. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from features.texts import clean

__all__ = ["SHORTEST_REASON", "check_reason", "count_words", "find_repeated", "fold", "is_alike"]

SHORTEST_REASON = 40
"""Characters of a reason for waiving a gate: under that it is a word and no reason."""

_FEWEST_WORDS = 3
_SHARED_WORDS, _SHARED_LETTERS = 0.8, 0.9
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBERS = re.compile(r"[\W\d_]+")


def fold(text: str) -> str:
    """Return a text as it counts when two are compared: without case and white space."""
    return "".join(clean(text).casefold().split())


def _list_words(text: str) -> list[str]:
    """Return the words of a text, of two letters or more, without case."""
    return _WORD.findall(clean(text).casefold())


def count_words(text: str) -> int:
    """Return how many different words a text holds: one that is repeated says nothing more."""
    return len(set(_list_words(text)))


@dataclass(frozen=True)
class _Counted:
    """How often each word or letter stands in a text, and how many there are in all."""

    counts: Counter[str]
    total: int


@lru_cache(maxsize=1024)  # each is compared with many others
def _read(text: str) -> tuple[str, str, _Counted, _Counted]:
    """Return a text folded, its letters alone, these counted, and its words counted."""
    folded = fold(text)
    letters = _NUMBERS.sub("", folded)
    counted = [_Counted(Counter(items), len(items)) for items in (letters, _list_words(text))]
    return folded, letters, counted[0], counted[1]


def _is_shared(one: _Counted, other: _Counted, of: float, least: float) -> bool:
    """Return whether two have at least a share of something in common, in whatever order."""
    if min(one.total, other.total) / of < least:  # most texts are told apart so
        return False
    return (one.counts & other.counts).total() / of >= least


@lru_cache(maxsize=8192)  # a card's answers are compared whenever its gates are
def is_alike(one: str, other: str) -> bool:
    """Return whether two texts say the same, or nearly so.

    They do where nothing but numbers, signs, the order of words or one word in five differs.

    Examples
    --------
    >>> is_alike("Nobody was asked (1).", "nobody was  asked, 2")
    True
    >>> is_alike("Nobody was asked.", "The ethics committee was asked.")
    False
    """
    folded, letters, counted, words = _read(one)
    other_folded, other_letters, other_counted, others = _read(other)
    if folded == other_folded:
        return True
    most = max(words.total, others.total)
    if not most:
        return False
    if _is_shared(words, others, most, _SHARED_WORDS):
        return True
    # What two share in its order is at most what they share in any: a matcher, which takes a
    # hundred times as long, is asked where that is enough.
    mean = (counted.total + other_counted.total) / 2
    if not _is_shared(counted, other_counted, mean, _SHARED_LETTERS):
        return False
    return SequenceMatcher(None, letters, other_letters, False).ratio() >= _SHARED_LETTERS


def find_repeated(text: str, others: Iterable[tuple[str, str]]) -> str:
    """Return the name of the first of the other texts that is alike; empty if none is."""
    return next((name for name, other in others if is_alike(text, other)), "")


def check_reason(reason: str, others: Iterable[tuple[int, str]]) -> list[str]:
    """Return what is wrong with a reason for waiving a gate; empty if nothing is.

    Parameters
    ----------
    reason : str
        In the reviewer's words.
    others : iterable of (int, str)
        The other gates that were waived for the same card, with their reasons.
    """
    faults = []
    length = len(" ".join(clean(reason).split()))
    if length < SHORTEST_REASON:
        faults.append(
            f"its reason has {length} characters; say in at least {SHORTEST_REASON} why the model "
            "may be used although it fails this gate"
        )
    elif count_words(reason) < _FEWEST_WORDS:
        faults.append(f"its reason has fewer than {_FEWEST_WORDS} different words; say it in words")
    same = next((gate for gate, other in others if fold(other) == fold(reason)), None)
    if same is not None:
        faults.append(f"its reason is that of gate {same}; a waiver has a reason of its own")
    return faults
