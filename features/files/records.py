"""What every kind of table file becomes first: a header and rows of texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

import numpy as np
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
    notes : tuple of str
        As :attr:`Records.notes`.
    """

    header: list[str]
    cells: list[pa.Array]
    lines: Sequence[int]
    notes: tuple[str, ...] = ()


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
    notes : tuple of str
        What was passed over or made out, in sentences.
    """

    header: list[str]
    rows: Sequence[list[str]]
    lines: Sequence[int]
    notes: tuple[str, ...] = ()

    def to_columns(self) -> TextColumns:
        """Return the same cells column by column."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.header)
        # By way of Arrow: pandas alone takes three times as long to make texts of Python's.
        return TextColumns(
            self.header,
            [pa.array(cells, pa.large_string()) for cells in columns],
            self.lines,
            self.notes,
        )


def to_text(value: object) -> str:
    """Return a typed cell as people write it: whole numbers without decimals, days as ISO 8601."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, np.float32):  # 0.7, not 0.699999988079071
        value = float(str(value))
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != time() else value.date().isoformat()
    return str(value)


def trim(
    header: list[str], rows: list[list[str]], lines: list[int], notes: tuple[str, ...] = ()
) -> Records:
    """Return records without blank rows, and without blank columns at the end.

    Spreadsheets leave both at the end of a table; a blank row between others is told.
    """
    filled = [position for position, cells in enumerate(rows) if any(map(str.strip, cells))]
    if len(filled) < len(rows):
        between = filled[-1] + 1 - len(filled) if filled else 0
        if between:
            blank = next(i for i, position in enumerate([*filled, -1]) if i != position)
            several = f"{between} blank rows, the first in" if between > 1 else "a blank row,"
            notes = (*notes, f"Passed over {several} line {lines[blank]}.")
        rows, lines = [rows[i] for i in filled], [lines[i] for i in filled]
    width = len(header)
    while width > 1 and not header[width - 1].strip():
        if any(cells[width - 1].strip() for cells in rows):
            break
        width -= 1
    if width < len(header):
        header, rows = header[:width], [cells[:width] for cells in rows]
    return Records(header, rows, lines, notes)
