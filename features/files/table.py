"""Tables as files: read as they stand, written whole or not at all.

Reading turns every kind of file into the same thing, a table of texts, and decides nothing about
their meaning: that is for the dictionary of variables.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import BoolArray
from features.errors import InputError, Problem
from features.files.delimited import parse_delimited
from features.files.headings import find_repeated_headings, number_headings
from features.files.options import TableOptions
from features.files.plain import parse_plain
from features.files.records import TextColumns, to_text, trim
from features.files.statistics import is_spss, is_stata, parse_statistics
from features.files.text import decode
from features.files.workbook import parse_workbook
from features.texts import clean, count_invisible, holds_invisible, replace_invisible

__all__ = [
    "CLEANED",
    "NOTES",
    "TABLE_ENDINGS",
    "check_output",
    "give_back_memory",
    "make_folder",
    "parse_table",
    "read_bytes",
    "read_table",
    "write_bytes",
    "write_table",
]

TABLE_ENDINGS = (".csv", ".parquet")
"""The endings of a table that can be written."""

CLEANED = "cleaned"
"""Where the `attrs` of a table count what held invisible characters."""

NOTES = "notes"
"""Where the `attrs` of a table say what was passed over or made out, in sentences."""

_AS_TEXT = {pa.large_string(): pd.StringDtype(na_value=np.nan)}
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_AS_IT_TELLS = TableOptions()


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    InputError
        If there is no such file, it is a folder, cannot be read, or is empty.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; a file was expected")
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if not data.strip():
        raise InputError(f"{path} is empty")
    return data


def read_table(path: Path, options: TableOptions = _AS_IT_TELLS) -> pd.DataFrame:
    """Read a table file as texts; its kind is told by how it begins.

    Parameters
    ----------
    path : Path
        Text with a header line and ``,`` ``;`` ``|`` or tab between its fields; Parquet; a sheet
        of an Excel workbook (.xlsx); SPSS (.sav) or Stata (.dta).
    options : TableOptions
        What the file does not tell about itself.

    Returns
    -------
    DataFrame of str
        One row per record, cells as they stand and "" where empty, but without invisible
        characters: ``attrs[CLEANED]`` counts the cells and headings that held any. Blank rows are
        left out: ``attrs[NOTES]`` says so. The index is a row's line of the text or row of the
        sheet, less one; else its position from 0.

    Raises
    ------
    InputError
        If the file cannot be read as a table, naming every line that does not fit.
    """
    return parse_table(read_bytes(path), name=str(path), options=options)


def parse_table(data: bytes, *, name: str, options: TableOptions = _AS_IT_TELLS) -> pd.DataFrame:
    """Read the bytes of a table file, `name` in errors; see :func:`read_table`."""
    found = _drop_above(_parse_columns(data, name=name, options=options), options.data_line)
    header, lines = found.header, found.lines
    names = _check_header([clean(heading) for heading in header], lines, name, options)
    cleaned = [_clean_cells(cells) for cells in found.cells]
    columns = {name: cells for name, (cells, _) in zip(names, cleaned, strict=True)}
    table: pd.DataFrame = pa.table(columns).to_pandas(types_mapper=_AS_TEXT.get)
    table.index = pd.Index([line - 1 for line in lines])
    table.attrs[CLEANED] = count_invisible(header) + sum(count for _, count in cleaned)
    table.attrs[NOTES] = found.notes
    return table


def give_back_memory() -> None:
    """Give back what was needed to read tables, which would be kept for others to come.

    Of a million rows it is a gigabyte, held as long as the process lasts.
    """
    pa.default_memory_pool().release_unused()


def _drop_above(found: TextColumns, data_line: int | None) -> TextColumns:
    """Return the table without what stands between its headings and its data."""
    kept = [row for row, line in enumerate(found.lines) if line >= (data_line or 0)]
    above = len(found.lines) - len(kept)
    if not above:
        return found
    note = f"Passed over {above} row{'s'[: above != 1]} between the headings and line {data_line}."
    return TextColumns(
        found.header,
        [cells.take(pa.array(kept, pa.int64())) for cells in found.cells],
        [found.lines[row] for row in kept],
        (*found.notes, note),
    )


def _clean_cells(cells: pa.Array) -> tuple[pa.Array, int]:
    """Return the texts of a column without invisible characters, and how many held any."""
    if pc.all(pc.string_is_ascii(cells)).as_py():
        return cells, 0
    encoded = cells.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    held = np.array([holds_invisible(text) for text in texts])
    plain = [
        clean(text) if found else replace_invisible(text)
        for text, found in zip(texts, held, strict=True)
    ]
    positions = encoded.indices.to_numpy()
    return pa.array(plain, pa.large_string()).take(encoded.indices), int(held[positions].sum())


def _parse_columns(data: bytes, *, name: str, options: TableOptions) -> TextColumns:
    """Tell the kind of a file by how it begins, whatever its ending."""
    lineless = data.startswith(_PARQUET) or is_spss(data) or is_stata(data)
    if lineless and (options.header_line or options.data_line):
        expected, got = "a text or a workbook", "a file without lines"
        action = "leave header_line and data_line out"
        raise InputError(name, [Problem("header_line", expected, got, action=action)])
    if data.startswith(_PARQUET):
        return _parse_parquet(data, name=name)
    if data.startswith(_ZIP):
        return parse_workbook(
            data, name=name, sheet=options.sheet, header_line=options.header_line
        ).to_columns()
    if is_spss(data) or is_stata(data):
        labels, encoding = options.labels, options.encoding
        return parse_statistics(data, name=name, labels=labels, encoding=encoding).to_columns()
    if data.startswith(_OLD_OFFICE):
        raise InputError(
            f"{name} is an old Excel workbook (.xls), or has a password; save it as .xlsx without "
            "one, or the sheet as CSV (UTF-8)"
        )
    text = decode(data, name=name, encoding=options.encoding)
    if not text.strip():
        raise InputError(f"{name} is empty")
    plain = None if options.header_line else parse_plain(text)
    return plain or parse_delimited(text, name=name, header_line=options.header_line).to_columns()


def _check_header(
    header: Sequence[str], rows: Sequence[int], name: str, options: TableOptions
) -> list[str]:
    names = [column.strip() or f"(unnamed column {i})" for i, column in enumerate(header, start=1)]
    problems = [] if options.number_repeated else find_repeated_headings(names)
    if problems:
        raise InputError(name, problems)
    if len(rows) == 0:
        raise InputError(f"{name} has a header and no rows")
    return number_headings(names)


def _parse_parquet(data: bytes, *, name: str) -> TextColumns:
    try:
        frame = pd.read_parquet(io.BytesIO(data))
    except (OSError, ValueError) as error:
        raise InputError(f"{name} is a damaged Parquet file") from error
    if frame.index.name is not None:
        frame = frame.reset_index()
    header = [str(heading) for heading in frame]
    columns, filled = [], np.zeros(len(frame), dtype=bool)
    for _ in header:
        cells, told = _to_texts(frame.pop(frame.columns[0]))
        columns.append(cells)
        filled |= told
    del frame
    give_back_memory()
    lines = range(1, len(filled) + 1)
    if filled.all() and header[-1].strip():
        return TextColumns(header, columns, lines)
    rows = [list(cells) for cells in zip(*(each.to_pylist() for each in columns), strict=True)]
    return trim(header, rows, list(lines)).to_columns()


def _to_texts(column: pd.Series[Any]) -> tuple[pa.Array, BoolArray]:
    """Return a column's cells as people write them, and which of them are not blank."""
    place, values = np.arange(len(column)), column
    if column.dtype != object:  # there 1 and True are one value, and two texts
        place, distinct = pd.factorize(column)
        values = pd.Series(distinct)
    texts = [
        "" if value is None or value is pd.NA or value is pd.NaT else to_text(value)
        for value in _list_values(values)
    ]
    texts.append("")  # at place -1 stands what is missing
    place[place < 0] = len(texts) - 1
    filled = np.array([bool(text.strip()) for text in texts])
    return pa.array(texts, pa.large_string()).take(pa.array(place)), filled[place]


def _list_values(column: pd.Series[Any]) -> list[Any]:
    # As Python's numbers, half of a short one's digits would be made up.
    return list(column.to_numpy()) if column.dtype == np.float32 else column.tolist()


def check_output(path: Path, *, force: bool, endings: Sequence[str] = ()) -> None:
    """Check that a file may be written, before the work that fills it.

    Raises
    ------
    InputError
        If the ending is another one, the folder is not there, or the file is and `force` is
        False.
    """
    if endings and path.suffix not in endings:
        raise InputError(f"{path} must end in {' or '.join(endings)}")
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise InputError(f"{path} is a folder; a file was expected")
    if path.exists() and not force:
        raise InputError(f"{path} is there already; choose another name, or add --force")


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, unless it is there.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder {folder} cannot be made: {error.strerror}; choose another place"
        ) from error


def write_bytes(data: bytes, path: Path, *, force: bool = False, private: bool = False) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    data : bytes
        What it holds.
    path : Path
        Where.
    force : bool
        Whether a file that is there may be replaced.
    private : bool
        Whether nobody else on this machine may read it.

    Raises
    ------
    InputError
        As :func:`check_output` does, or if the file cannot be written.
    """
    check_output(path, force=force)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(part, flags, 0o600 if private else 0o666), "wb") as file:
            file.write(data)
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def write_table(
    frame: pd.DataFrame, path: Path, *, force: bool = False, private: bool = False
) -> None:
    """Write a table as CSV or Parquet, as the file's ending tells, whole or not at all.

    Parameters
    ----------
    frame : DataFrame
        The table; its index is not written, missing cells are empty.
    path : Path
        A name that ends in ``.csv`` or ``.parquet``.
    force : bool
        Whether a file that is there may be replaced.
    private : bool
        As for :func:`write_bytes`.

    Raises
    ------
    InputError
        As :func:`check_output` does, or if the file cannot be written.
    """
    check_output(path, force=force, endings=TABLE_ENDINGS)
    buffer = io.BytesIO()
    if path.suffix == ".csv":
        frame.to_csv(buffer, index=False, lineterminator="\n")
    else:
        frame.to_parquet(buffer, index=False)
    write_bytes(buffer.getvalue(), path, force=force, private=private)
