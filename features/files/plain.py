"""A large text table that is written plainly becomes columns in a tenth of the time.

Most exports are: every line has the same fields, and quotes stand around whole cells. All others,
and what is wrong with them, are left to :func:`features.files.delimited.parse_delimited`; a plain
text it reads alike.
"""

from __future__ import annotations

import csv

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from features.files.delimiter import find_delimiter
from features.files.records import TextColumns

__all__ = ["parse_plain"]


def parse_plain(text: str) -> TextColumns | None:
    """Read a text table if it is plain.

    Parameters
    ----------
    text : str
        A table with a header line and any line ends.

    Returns
    -------
    TextColumns or None
        None where quotes stand inside a cell or behind ``=``, a cell holds a line break, lines are
        blank or differ in their number of fields, a heading at the end is empty, or the first line
        says the delimiter.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    first, _, body = text.partition("\n")
    delimiter = find_delimiter(text)
    if not body or '="' in text or not _quotes_whole_cells(first, delimiter):
        return None
    header = next(csv.reader([first], delimiter=delimiter), [])
    if len(header) < 2 or not header[-1].strip() or not _quotes_whole_cells(body, delimiter):
        return None
    names = [str(at) for at in range(len(header))]
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(body.encode()),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string())
            ),
        )
    except pa.ArrowInvalid:
        return None
    # Fewer rows than lines: one is blank, or a cell holds a line break. A blank first cell may
    # begin a line of nothing but delimiters.
    if table.num_rows != body.count("\n") + 1 or _holds_blank(table.column(0)):
        return None
    cells = [column.combine_chunks() for column in table.columns]
    return TextColumns(header, cells, range(2, table.num_rows + 2))


def _quotes_whole_cells(text: str, delimiter: str) -> bool:
    """Return whether every quote begins a cell, ends it, or is one of two in a quoted cell."""
    pieces = text.split('"')
    if len(pieces) == 1:
        return True
    ends = (delimiter, "\n")
    outside = set(pieces[2:-1:2])
    return (
        len(pieces) % 2 == 1
        and pieces[0][-1:] in ("", *ends)
        and pieces[-1][:1] in ("", *ends)
        and all(not piece or (piece[0] in ends and piece[-1] in ends) for piece in outside)
    )


def _holds_blank(cells: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.equal(pc.utf8_trim_whitespace(cells), "")).as_py())
