"""Tables as files: read as they stand, written whole or not at all.

Reading turns CSV and Parquet into the same thing, a table of texts, and decides nothing about
their meaning: that is for the dictionary of variables.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Sequence, Sized
from pathlib import Path

import pandas as pd

from features.errors import InputError, Problem
from features.files.headings import find_repeated_headings, number_headings
from features.files.options import TableOptions
from features.files.text import decode

__all__ = [
    "TABLE_ENDINGS",
    "check_output",
    "parse_table",
    "read_bytes",
    "read_table",
    "write_bytes",
    "write_table",
]

TABLE_ENDINGS = (".csv", ".parquet")
"""The endings of a table that can be written."""

_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_AS_IT_TELLS = TableOptions()
_DELIMITERS = (",", ";", "\t")
_MOST_PROBLEMS = 1000


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
    """Read a CSV or Parquet file as texts.

    Parameters
    ----------
    path : Path
        CSV with a header line, delimiter ``,`` ``;`` or tab; or Parquet.
    options : TableOptions
        What the file does not tell about itself.

    Returns
    -------
    DataFrame of str
        One row per line, cells as they stand and "" where empty.

    Raises
    ------
    InputError
        If the file cannot be read as a table, naming every line that does not fit.
    """
    return parse_table(read_bytes(path), name=str(path), options=options)


def parse_table(data: bytes, *, name: str, options: TableOptions = _AS_IT_TELLS) -> pd.DataFrame:
    """Read the bytes of a CSV or Parquet file, `name` in errors; see :func:`read_table`."""
    if data.startswith(_PARQUET):
        return _parse_parquet(data, name=name, options=options)
    if data.startswith(_ZIP):
        raise InputError(f"{name} looks like a workbook; save the sheet as CSV (UTF-8)")
    text = decode(data, name=name, encoding=options.encoding)
    if not text.strip():
        raise InputError(f"{name} is empty")
    header, rows = _parse_csv(text, name=name)
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()  # spreadsheets leave empty lines at the end
    return pd.DataFrame(rows, columns=_check_header(header, rows, name, options), dtype="str")


def _check_header(
    header: Sequence[str], rows: Sized, name: str, options: TableOptions
) -> list[str]:
    names = [column.strip() or f"(unnamed column {i})" for i, column in enumerate(header, start=1)]
    problems = [] if options.number_repeated else find_repeated_headings(names)
    if problems:
        raise InputError(name, problems)
    if len(rows) == 0:
        raise InputError(f"{name} has a header and no rows")
    return number_headings(names)


def _parse_csv(text: str, *, name: str) -> tuple[list[str], list[list[str]]]:
    header: list[str] = []
    rows: list[list[str]] = []
    problems = []
    first = next(line for line in io.StringIO(text, newline=None) if line.strip())
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, strict=True)
    try:
        for cells in filter(None, reader):
            if not header:
                header = cells
                continue
            rows.append(cells)
            if len(cells) != len(header):
                more = len(cells) > len(header)
                expected = f"{len(header)} fields as in the header"
                got = f"{len(cells)} fields"
                action = "put a text that holds the delimiter in quotes" if more else ""
                problems.append(Problem(f"line {reader.line_num}", expected, got, action=action))
            if len(problems) == _MOST_PROBLEMS:
                raise InputError(f"{name} is not a table", problems)
    except csv.Error as error:
        raise InputError(
            f"{name} cannot be read as CSV near line {reader.line_num}: {error}"
        ) from error
    if problems:
        raise InputError(name, problems)
    return header, rows


def _parse_parquet(data: bytes, *, name: str, options: TableOptions) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(io.BytesIO(data))
    except (OSError, ValueError) as error:
        raise InputError(f"{name} is a damaged Parquet file") from error
    if frame.index.name is not None:
        frame = frame.reset_index()
    names = _check_header([str(column) for column in frame], frame.index, name, options)
    cells = {
        column: [_cell_text(value) for value in frame.iloc[:, i].tolist()]
        for i, column in enumerate(names)
    }
    return pd.DataFrame(cells, dtype="str")


def _cell_text(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value)) if value.is_integer() else str(value)
    return str(value)


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


def write_bytes(data: bytes, path: Path, *, force: bool = False) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    InputError
        As :func:`check_output` does, or if the file cannot be written.
    """
    check_output(path, force=force)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def write_table(frame: pd.DataFrame, path: Path, *, force: bool = False) -> None:
    """Write a table as CSV or Parquet, as the file's ending tells, whole or not at all.

    Parameters
    ----------
    frame : DataFrame
        The table; its index is not written, missing cells are empty.
    path : Path
        A name that ends in ``.csv`` or ``.parquet``.
    force : bool
        Whether a file that is there may be replaced.

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
    write_bytes(buffer.getvalue(), path, force=force)
