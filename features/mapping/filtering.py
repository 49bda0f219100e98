"""Which rows of an export a mapping keeps, and which values it drops, with the near misses.

A filter that is written otherwise than the file (`patient` against `Patient`, `1` against `1,00`)
drops patients and looks well. Nothing is kept for being alike, but it is told.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.cohort.pseudonyms import find_totals
from features.errors import Problem
from features.mapping.codes import normalise_code
from features.texts import squash

__all__ = ["Filtered", "count_rows", "filter_rows", "find_near", "quote_value"]

_SHOWN = 20
_LONGEST = 30
_NUMBER = re.compile(r"([+-]?\d+)(?:[.,](\d+))?")
_ALIKE = 0.8


@dataclass(frozen=True)
class Filtered:
    """What one filter did.

    Attributes
    ----------
    column : str
        The raw column.
    dropped : dict of str to int
        Each value that was dropped, normalised, with its rows; the most frequent first.
    near : dict of str to str
        Dropped values that are nearly one that the filter asks for, and that one.
    absent : tuple of str
        Values that the filter asks for and no row has.
    """

    column: str
    dropped: Mapping[str, int]
    near: Mapping[str, str]
    absent: tuple[str, ...]

    @property
    def rows(self) -> int:
        """The number of rows dropped."""
        return sum(self.dropped.values())

    def list_dropped(self) -> str:
        """Return the dropped values with their rows, in words."""
        parts = [
            f"{quote_value(value)} in {count_rows(count)}"
            for value, count in list(self.dropped.items())[:_SHOWN]
        ]
        if len(self.dropped) > _SHOWN:
            rest = list(self.dropped.values())[_SHOWN:]
            parts.append(f"{len(rest)} more values in {count_rows(sum(rest))}")
        return ", ".join(parts)

    def describe(self) -> list[str]:
        """Return what the filter did, in sentences."""
        dropped = f": {self.list_dropped()}" if self.rows else ""
        told = [f"Dropped {count_rows(self.rows)} by {self.column}{dropped}."]
        if self.near:
            near = (
                f"{quote_value(value)} is nearly {quote_value(wanted)}"
                for value, wanted in self.near.items()
            )
            told.append(f"Look again: {', '.join(near)}. Add it to the filter if it is meant.")
        if self.absent:
            told.append(f"No row has {', '.join(map(quote_value, self.absent))}.")
        return told


def count_rows(count: int) -> str:
    """Return a number of rows in words."""
    return f"{count} row{'s'[: count != 1]}"


def quote_value(value: str) -> str:
    """Return a value as it is told: in quotes, and not longer than a reader will look at."""
    if not value:
        return "an empty cell"
    return repr(value if len(value) <= _LONGEST else f"{value[: _LONGEST - 3]}...")


def filter_rows(
    cells: Mapping[str, Sequence[str]],
    filters: Mapping[str, frozenset[str]],
    *,
    n_rows: int,
    patient: str = "",
) -> tuple[Sequence[int], tuple[Filtered, ...], list[Problem]]:
    """Keep the rows that have, in each column, one of the values asked for.

    Parameters
    ----------
    cells : mapping of str to sequence of str
        The cells of each filter's column, one for each row.
    filters : mapping of str to frozenset of str
        Normalised values to keep, applied in turn.
    n_rows : int
        Rows of the table.
    patient : str
        The column of pseudonyms whose lines of totals are dropped, after the filters; empty where
        none are.

    Returns
    -------
    kept : sequence of int
        Positions of the rows kept, in order.
    filtered : tuple of Filtered
        One for each filter.
    problems : list of Problem
        The filter after which no row is left, if there is one: a cohort of nobody is a mistake in
        the mapping.
    """
    kept: Sequence[int] = range(n_rows)
    done: list[Filtered] = []
    for column, wanted in filters.items():
        codes = {row: normalise_code(cells[column][row]) for row in kept}
        counts = Counter(code for code in codes.values() if code not in wanted)
        near = {code: found for code in counts if (found := find_near(code, wanted))}
        absent = tuple(sorted(wanted - set(codes.values())))
        done.append(Filtered(column, dict(counts.most_common()), near, absent))
        kept = [row for row, code in codes.items() if code in wanted]
        if not kept:
            return kept, tuple(done), [_describe_nothing_left(done[-1], wanted)]
    if patient:
        names = [cells[patient][row] for row in kept]
        totals = find_totals(names)[0]
        dropped = Counter(names[at] for at in totals)
        done.append(Filtered(patient, dict(dropped.most_common()), {}, ()))
        gone = {kept[at] for at in totals}
        kept = [row for row in kept if row not in gone]
    return kept, tuple(done), []


def _describe_nothing_left(last: Filtered, wanted: frozenset[str]) -> Problem:
    expected = "rows with " + " or ".join(quote_value(value) for value in sorted(wanted))
    got = f"no row is left: dropped {last.list_dropped()}"
    # The value itself stands in what came only: a step may be logged.
    action = "ask for a value that is there"
    if last.near:
        got += "".join(
            f"; {quote_value(v)} is nearly {quote_value(asked)}" for v, asked in last.near.items()
        )
        action = "write it as the file does"
    return Problem(f"filter.{last.column}", expected, got, action=action)


def find_near(value: str, wanted: frozenset[str]) -> str:
    """Return the wanted value that `value` is nearly, or nothing.

    Nearly is the same number (``1,00`` and ``1``), the same letters and digits but for case,
    accents, spaces and signs, or a slip of the pen with the same digits.

    Examples
    --------
    >>> find_near("Patient", frozenset({"patient", "1"})), find_near("1,00", frozenset({"1"}))
    ('patient', '1')
    >>> find_near("control", frozenset({"patient"}))
    ''
    """
    if not value:
        return ""
    for other in sorted(wanted):
        one, two = _squash(value), _squash(other)
        if one == two:
            return other
        digits = re.findall(r"\d", one) == re.findall(r"\d", two)
        long = min(len(one), len(two)) > 3
        if long and digits and difflib.SequenceMatcher(None, one, two).ratio() >= _ALIKE:
            return other
    return ""


def _squash(value: str) -> str:
    """Return what is left of a value without case, accents, signs and idle decimals."""
    number = _NUMBER.fullmatch(value)
    if number:
        whole, decimals = str(int(number[1])), (number[2] or "").rstrip("0")
        return f"{whole}.{decimals}" if decimals else whole
    return squash(value) or value
