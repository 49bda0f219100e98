"""What stands between the fields of a text table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

__all__ = ["DELIMITERS", "find_delimiter"]

DELIMITERS = ("\t", ";", ",")
"""What may stand between fields. A comma may also stand before decimals, so it comes last."""


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
        the corner of a table out), at least two; of several, that with the most fields, then the
        likeliest. Where none fits every line, the one that fits most lines: the lines that do
        not fit are for whoever reads the table to list.

    Examples
    --------
    >>> find_delimiter('sample;"miR-16, FAM";"miR-21, FAM"\\nP01;22,1;23,4\\n')
    ';'
    """
    scores = []
    for rank, delimiter in enumerate(candidates):
        widths = _count_fields(text, delimiter)
        header = widths[0] if widths else 0
        fits = sum(width == header for width in widths)
        if len(widths) > 1 and set(widths[1:]) == {header + 1}:
            fits = len(widths)
        usable = header > 1
        scores.append((usable, usable and fits == len(widths), fits, header, -rank))
    best = max(range(len(candidates)), key=scores.__getitem__)
    return candidates[best]


def _count_fields(text: str, delimiter: str) -> list[int]:
    """Return the number of fields of each line that is not empty."""
    try:
        rows = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
        return [len(row) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error:
        return []
