"""What stands between the fields of a text table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from features.numerals import parse_number

__all__ = ["DELIMITERS", "find_delimiter", "find_table"]

_MOST_ABOVE = 20
_LOOKED_AT = 100_000

DELIMITERS = ("\t", ";", "|", ",")
"""What may stand between fields. A comma may also stand before decimals, so it comes last."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def find_delimiter(text: str, *, candidates: Sequence[str] = DELIMITERS) -> str:
    """Return the delimiter that fits a whole table; what stands in quotes does not count.

    Parameters
    ----------
    text : str
        A table with a header line; empty lines do not count.
    candidates : sequence of str
        What may stand between fields, the likeliest first.

    Returns
    -------
    str
        The one that splits every line into as many fields as the header (or one more: R leaves
        the corner of a table out), at least two; of several, the likeliest. Where none fits every
        line, the one that fits most lines: the lines that do not fit are for whoever reads the
        table to list.

    Examples
    --------
    >>> find_delimiter('sample;"miR-16, FAM";"miR-21, FAM"\\nP01;22,1;23,4\\n')
    ';'
    """
    usable = [mark for mark in candidates if _splits_header(text, mark)]
    if len(usable) <= 1:  # the others need not be tried on every line
        return usable[0] if usable else candidates[0]
    most: tuple[int, int] = (-1, -1)
    best = usable[0]
    for delimiter in usable:
        widths = _count_fields(text, delimiter)
        header = widths[0] if widths else 0
        fits = sum(width == header for width in widths)
        if widths and (fits == len(widths) or set(widths[1:]) == {header + 1}):
            return delimiter
        if (fits, header) > most:
            most, best = (fits, header), delimiter
    return best


def find_table(text: str) -> tuple[int, int]:
    """Return the line in which a table begins below other lines, and its number of fields.

    Returns
    -------
    line, width : int
        The first line with as many fields as two thirds of the lines from there on; 0 and 0 where
        that is the first one that is not blank, or too far below, or has numbers and so no
        headings, or there is none with any delimiter.

    Examples
    --------
    >>> find_table("Study X, 2021\\n\\nid;age;nrs\\nP1;41;7\\nP2;50;8\\n")
    (3, 3)
    """
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text[:_LOOKED_AT], newline=None), delimiter=delimiter)
        records: dict[int, list[str]] = {}
        before = 0
        try:
            for cells in reader:
                if any(map(str.strip, cells)):
                    records[before + 1] = cells
                before = reader.line_num
        except csv.Error:
            continue
        lines, widths = list(records), [len(cells) for cells in records.values()]
        for above, width in enumerate(widths[: _MOST_ABOVE + 1]):
            fits = sum(other == width for other in widths[above:])
            if width > 1 and fits > 1 and 3 * fits > 2 * (len(widths) - above):
                cells = records[lines[above]]
                headings = above > 0 and all(parse_number(cell.strip()) is None for cell in cells)
                if headings:
                    return lines[above], width
                break
    return 0, 0


def _splits_header(text: str, delimiter: str) -> bool:
    # Line by line: to look at the header, a long text need not be copied.
    lines = (line[0] for line in _LINE.finditer(text))
    try:
        rows = csv.reader(lines, delimiter=delimiter)
        return len(next((row for row in rows if any(map(str.strip, row))), [])) > 1
    except csv.Error:
        return False


def _count_fields(text: str, delimiter: str) -> list[int]:
    """Return the number of fields of each line that is not empty."""
    try:
        rows = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
        return [len(row) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error:
        return []
