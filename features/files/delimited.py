"""A text with one record to a line becomes a header and rows, each with its line."""

from __future__ import annotations

import csv
import io
import re

from features.errors import InputError, Problem
from features.files.delimiter import find_delimiter
from features.files.records import Records, trim

__all__ = ["parse_delimited"]

_MOST_PROBLEMS = 1000
# Excel's own word for the delimiter, above the header.
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?[\t ]*(\r\n|\r|\n)")


def parse_delimited(text: str, *, name: str) -> Records:
    """Read a text whose fields have a delimiter between them, found by what fits every line.

    Parameters
    ----------
    text : str
        With any line ends. Quoted cells may hold the delimiter and line breaks. A first line
        ``sep=;`` says the delimiter.
    name : str
        What to call the text in an error.

    Raises
    ------
    InputError
        Listing every line that does not have as many fields as the header.
    """
    stated = _SEPARATOR_LINE.match(text)
    delimiter = stated[1] if stated else find_delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    lines: list[int] = []
    first = 1 if stated else 0
    before = misfits = 0
    try:
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                records.append(cells)
                lines.append(before + 1)
                misfits += len(records) > first and len(cells) != len(records[first])
                if misfits == _MOST_PROBLEMS:
                    break
            before = reader.line_num
    except csv.Error as error:
        raise InputError(f"{name} cannot be read as CSV near line {before + 1}: {error}") from error
    if len(records) <= first:
        raise InputError(f"{name} is empty")
    header, rows, lines = records[first], records[first + 1 :], lines[first + 1 :]
    while rows and not any(map(str.strip, rows[-1])):  # spreadsheets leave them, of any width
        rows.pop()
        lines.pop()
    _check_widths(len(header), rows, lines, name=name)
    return trim(header, rows, lines)


def _check_widths(width: int, rows: list[list[str]], lines: list[int], *, name: str) -> None:
    problems = []
    for cells, line in zip(rows, lines, strict=True):
        if len(cells) == width:
            continue
        action = "put a text that holds the delimiter in quotes" if len(cells) > width else ""
        problems.append(
            Problem("fields", f"{width}, as in the header", str(len(cells)), line, action)
        )
        if len(problems) == _MOST_PROBLEMS:
            raise InputError(f"{name} is not a table", problems)
    if problems:
        raise InputError(name, problems)
