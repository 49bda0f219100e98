"""The headings of a table: each names one column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from features.errors import Problem

__all__ = ["find_repeated_headings", "number_headings"]

_SHOWN = 40


def find_repeated_headings(names: Sequence[str]) -> list[Problem]:
    """Return a problem for each heading that stands more than once."""
    return [
        Problem(
            name[:_SHOWN],
            "each column once",
            "named twice" if count == 2 else f"named {count} times",
            action="delete or rename one",
        )
        for name, count in Counter(names).items()
        if count > 1
    ]


def number_headings(names: Sequence[str]) -> list[str]:
    """Tell headings that stand several times apart by position, counted from 1.

    A heading that stands once stays as it is, unless it is what a numbered one became: the two
    are then numbered once more.

    Examples
    --------
    >>> number_headings(["id", "Pain", "Pain", "Sleep"])
    ['id', 'Pain (1)', 'Pain (2)', 'Sleep']
    """
    numbered = list(names)
    while len(set(numbered)) < len(numbered):
        counts = Counter(numbered)
        seen = Counter[str]()
        for position, name in enumerate(numbered):
            if counts[name] > 1:
                seen[name] += 1
                numbered[position] = f"{name} ({seen[name]})"
    return numbered
