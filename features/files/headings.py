"""The headings of a table: each names one column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from features.errors import Problem

__all__ = ["find_misplaced", "find_repeated_headings", "number_headings"]

_SHOWN = 40
_MOST_ABOVE = 20


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


def find_misplaced(table: pd.DataFrame, wanted: Sequence[str]) -> Problem | None:
    """Return why a table does not have the headings that are asked for, where it tells.

    Parameters
    ----------
    table : DataFrame of str
        As :func:`features.files.table.read_table` returns it.
    wanted : sequence of str
        Headings that are asked for.

    Returns
    -------
    Problem or None
        That more of them stand in a lower row; that the table has a single column, because
        another sign than the known ones stands between its fields; None where neither is so.
    """
    asked = set(wanted)
    there = len(asked.intersection(map(str, table)))
    for position, cells in enumerate(table.head(_MOST_ABOVE).to_numpy().tolist()):
        found = len(asked.intersection(map(str.strip, cells)))
        if found > there and 2 * found >= min(len(asked), len(cells)):
            line = int(table.index[position]) + 1
            got = f"{found} of those that are asked for in line {line}"
            action = (
                f"delete what stands above line {line}, or import the file with a mapping that "
                f"says header_line = {line}"
            )
            return Problem("headings", "in the first line", got, action=action)
    [*names] = map(str, table)
    if len(names) == 1 and len(asked) > 1 and not there:
        expected = "fields with , ; | or tab between them"
        action = "save the file as CSV with one of these signs"
        return Problem(
            "headings", expected, f"a single column, {names[0][:_SHOWN]!r}", action=action
        )
    return None
