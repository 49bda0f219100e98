"""What a sheet does to its cells beside filling them: it merges and hides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from features.errors import Problem, list_words
from features.files.records import Records

__all__ = ["Layout", "describe_hidden", "find_merged", "read_layout"]

_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]+)(\d+):([A-Z]+)(\d+)\"")
_ROW = re.compile(rb"<(?:\w+:)?row\s[^>]*>")
_COLUMN = re.compile(rb"<(?:\w+:)?col\s[^>]*>")
_HIDDEN = re.compile(rb"\shidden=\"(?:1|true)\"")
_NUMBER = {key: re.compile(rb"\s%s=\"(\d+)\"" % key.encode()) for key in ("r", "min", "max")}
_MOST_COLUMNS = 16384


@dataclass(frozen=True)
class Layout:
    """What a sheet merges and hides; rows and columns are counted from 1.

    Attributes
    ----------
    merged : tuple of (int, int, int, int)
        First row, first column, last row and last column of each range.
    hidden_rows, hidden_columns : frozenset of int
        As a filter, a group or a person hid them.
    """

    merged: tuple[tuple[int, int, int, int], ...]
    hidden_rows: frozenset[int]
    hidden_columns: frozenset[int]


def read_layout(part: bytes) -> Layout:
    """Read the layout of a sheet from its XML, which openpyxl leaves aside in large files."""
    hidden = [tag for tag in _ROW.findall(part) if _HIDDEN.search(tag)]
    rows = frozenset(_read(tag, "r") for tag in hidden)
    columns: set[int] = set()
    for tag in _COLUMN.findall(part):
        if _HIDDEN.search(tag):
            columns.update(range(_read(tag, "min"), min(_read(tag, "max"), _MOST_COLUMNS) + 1))
    merged = tuple(
        (int(top), _to_number(left), int(bottom), _to_number(right))
        for left, top, right, bottom in _MERGED.findall(part)
    )
    return Layout(merged, rows, frozenset(columns))


def _read(tag: bytes, key: str) -> int:
    match = _NUMBER[key].search(tag)
    return int(match[1]) if match else 0


def _to_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _to_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def find_merged(layout: Layout, records: Records) -> list[Problem]:
    """Return a problem for each merged range that gives a value to the first of several cells.

    A range above the rows or beside the columns takes nothing from anyone.
    """
    cells = dict(zip(records.lines, records.rows, strict=True))
    problems = []
    for top, left, bottom, right in layout.merged:
        row = cells.get(top)
        if row is None or left > len(row) or not row[left - 1].strip():
            continue
        if bottom == top and left == min(right, len(row)):
            continue
        place = f"{_to_letters(left)}{top}:{_to_letters(right)}{bottom}"
        got = f"merged cells {place}: only the first has the value"
        action = "unmerge them, and write the value into each"
        problems.append(Problem(records.header[left - 1], "a value in each cell", got, top, action))
    return problems


def describe_hidden(layout: Layout, records: Records) -> tuple[str, ...]:
    """Return what is hidden and was read like the rest, in sentences."""
    notes = []
    rows = [line for line in records.lines if line in layout.hidden_rows]
    if rows:
        shown = list_words([str(line) for line in rows], most=5, more=False)
        several = f"{len(rows)} rows that are hidden in the sheet ({shown})"
        notes.append(f"Read {several if len(rows) > 1 else f'row {shown}, hidden in the sheet'}.")
    columns = [
        heading or _to_letters(column)
        for column, heading in enumerate(records.header, start=1)
        if column in layout.hidden_columns
    ]
    if columns:
        several = f"{len(columns)} columns" if len(columns) > 1 else "a column"
        notes.append(f"Read {several} hidden in the sheet: {list_words(columns)}.")
    return tuple(notes)
