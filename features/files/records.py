"""What every kind of table file becomes first: a header and rows of texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

import pyarrow as pa

__all__ = ["TextColumns", "Records", "to_text", "trim"]


@dataclass(frozen=True)
class TextColumns:
    """The columns of a file.

    Attributes
    ----------
    header : list of str
        Their headings.
    cells : list of pyarrow.Array
        The texts of each column, "" for an empty cell.
    lines : sequence of int
        As :attr:`Records.lines`.
    """

    header: list[str]
    cells: list[pa.Array]
    lines: Sequence[int]


@dataclass(frozen=True)
class Records:
    """The records of a file.

    Attributes
    ----------
    header : list of str
        The first record that is not blank.
    rows : sequence of list of str
        The other ones, each as wide as the header, "" for an empty cell.
    lines : sequence of int
        What each row is called: its line of a text or row of a sheet; else its number from 1.
    """

    header: list[str]
    rows: Sequence[list[str]]
    lines: Sequence[int]

    def to_columns(self) -> TextColumns:
        """Return the same cells column by column."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.header)
        # By way of Arrow: pandas alone takes three times as long to make texts of Python's.
        return TextColumns(
            self.header, [pa.array(cells, pa.large_string()) for cells in columns], self.lines
        )


def to_text(value: object) -> str:
    """Return a typed cell as people write it: whole numbers without decimals, days as ISO 8601."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != time() else value.date().isoformat()
    return str(value)


def trim(header: list[str], rows: list[list[str]], lines: list[int]) -> Records:
    """Return records without the blank rows and columns that spreadsheets leave at the end."""
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
        lines.pop()
    width = len(header)
    while width > 1 and not header[width - 1].strip():
        if any(cells[width - 1].strip() for cells in rows):
            break
        width -= 1
    if width < len(header):
        header, rows = header[:width], [cells[:width] for cells in rows]
    return Records(header, rows, lines)
