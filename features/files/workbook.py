"""A sheet of an Excel workbook becomes records: what the sheet shows, as text."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from features.errors import InputError, Problem, list_words
from features.files.records import Records, to_text, trim
from features.files.sheet_layout import describe_hidden, find_merged, read_layout

__all__ = ["list_sheets", "parse_workbook"]

_SHOWN = 60
# A pseudonym 7 that is shown as 0007 or P007.
_ZEROS = re.compile(r'(?:"([^"]*)")?(0+)')
# What openpyxl and the archive raise at a workbook that is damaged, or has what they do not know; a
# way of packing that is not known is a RuntimeError. All become one InputError, with its cause.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError),
    *(SyntaxError, KeyError, IndexError, AttributeError, ValueError, TypeError),
)


def parse_workbook(
    data: bytes, *, name: str, sheet: str | int | None = None, header_line: int | None = None
) -> Records:
    """Read one sheet of a workbook (.xlsx, .xlsm).

    Parameters
    ----------
    data : bytes
        What the file holds.
    name : str
        What to call it in an error.
    sheet, header_line
        As :class:`~features.files.options.TableOptions` has them.

    Returns
    -------
    Records
        Of the first row that is not blank and those below it. A cell that is shown as a percentage
        keeps its sign: 30% is not 0.3; a pseudonym its zeros. A formula is its last result.
        What is hidden is read, and told.

    Raises
    ------
    InputError
        If openpyxl is not installed, the file is no such workbook, it cannot be told which sheet
        is meant, or listing the formulas that were never computed, or the cells that are merged
        with those below them.
    """
    with _opening(data, name=name) as load:
        book = load(data_only=True)
        chosen = _choose(book, sheet, name=name)
        records = _read(book[chosen], header_line or 1)
        part = zipfile.ZipFile(io.BytesIO(data)).read(book[chosen]._worksheet_path)
        if _holds_formulas(data):
            _check_computed(book[chosen], load()[chosen], name=name)
    layout = read_layout(part)
    merged = find_merged(layout, records)
    if merged:
        raise InputError(name, merged)
    return replace(records, notes=(*records.notes, *describe_hidden(layout, records)))


def list_sheets(data: bytes, *, name: str) -> list[str]:
    """Return the titles of a workbook's sheets with cells; hidden ones where there are no others.

    Raises
    ------
    InputError
        As :func:`parse_workbook` does.
    """
    with _opening(data, name=name) as load:
        return _list_filled(load(data_only=True))


@contextmanager
def _opening(data: bytes, *, name: str) -> Iterator[Callable[..., Any]]:
    """Give what opens a workbook, and tell a file that is none."""
    _check_kind(data, name=name)
    try:
        import openpyxl
    except ImportError as error:
        raise InputError(
            f"{name} is a workbook, for which openpyxl is needed: pip install '.[files]', or save "
            "the sheet as CSV (UTF-8)"
        ) from error
    try:
        with warnings.catch_warnings():
            # openpyxl tells which of Excel's ornaments it passes over.
            warnings.simplefilter("ignore")
            yield lambda **options: openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, **options
            )
    except _DAMAGED as error:
        raise InputError(
            f"{name} is no Excel workbook that can be read; save the sheet as CSV (UTF-8)"
        ) from error


def _check_kind(data: bytes, *, name: str) -> None:
    """Say what a file is that is packed as a workbook is, and is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = set(archive.namelist())
            kind = archive.read("mimetype") if "mimetype" in parts else b""
    except (zipfile.BadZipFile, OSError):
        return  # told by whoever opens the workbook
    what = ""
    if kind.startswith(b"application/vnd.oasis.opendocument"):
        what, action = "an OpenDocument file (.ods)", "save it as .xlsx"
    elif "xl/workbook.bin" in parts:
        what, action = "a binary workbook (.xlsb)", "save it as .xlsx"
    elif any(part.endswith(".iwa") for part in parts):
        what, action = "a Numbers file", "export it as .xlsx"
    elif "[Content_Types].xml" not in parts:
        what, action = "an archive (zip)", "unpack it first"
    if what:
        raise InputError(f"{name} is {what}; {action}, or the sheet as CSV (UTF-8)")


def _choose(book: Any, sheet: str | int | None, *, name: str) -> str:
    names: list[str] = [one.title for one in book.worksheets]
    if isinstance(sheet, int) and 1 <= sheet <= len(names):
        return names[sheet - 1]
    if sheet in names:
        return str(sheet)
    filled = _list_filled(book)
    if sheet is None and len(filled) == 1:
        return filled[0]
    if not filled:
        raise InputError(f"{name} is empty")
    listed = list_words([repr(title[:_SHOWN]) for title in filled])
    got = "no sheet stated" if sheet is None else f"{sheet!r}, which it does not have"
    action = f"import it with a mapping that has sheet = {filled[0][:_SHOWN]!r}, or another one"
    raise InputError(name, [Problem("sheet", f"one of {listed}", got, action=action)])


def _list_filled(book: Any) -> list[str]:
    filled = [one for one in book.worksheets if any(True for _ in _rows(one))]
    # Lists that cells choose from stand on hidden sheets.
    seen = [one for one in filled if one.sheet_state == "visible"]
    return [one.title for one in seen or filled]


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the texts of each row that is not blank."""
    sheet.reset_dimensions()  # what a file says of its size may be wrong
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = ["" if cell.value is None else _show(cell) for cell in cells]
        if any(text.strip() for text in texts):
            yield number, texts


def _show(cell: Any) -> str:
    number = isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool)
    if number and "%" in str(cell.number_format):
        return f"{100 * cell.value:.15g}%"
    zeros = _ZEROS.fullmatch(str(cell.number_format)) if number and cell.value >= 0 else None
    if zeros and (zeros[1] or len(zeros[2]) > 1):
        return (zeros[1] or "") + to_text(cell.value).zfill(len(zeros[2]))
    return to_text(cell.value)


def _read(sheet: Any, header_line: int) -> Records:
    records = [(number, texts) for number, texts in _rows(sheet) if number >= header_line]
    width = max((len(texts) for _, texts in records), default=0)
    padded = [texts + [""] * (width - len(texts)) for _, texts in records]
    if not padded:
        return Records([], [], [])
    return trim(padded[0], padded[1:], [number for number, _ in records[1:]])


def _holds_formulas(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [part for part in archive.namelist() if part.startswith("xl/worksheets/sheet")]
        return any(b"<f" in archive.read(part) for part in sheets)


def _check_computed(values: Any, formulas: Any, *, name: str) -> None:
    """Refuse formulas without a result: they would be read as missing values."""
    formulas.reset_dimensions()
    rows = zip(values.iter_rows(), formulas.iter_rows(), strict=True)
    problems = [
        Problem(
            cell.column_letter,
            "a value",
            "a formula that was never computed",
            row=cell.row,
            action="open the workbook, save it again, or paste the values",
        )
        for shown, written in rows
        for value, cell in zip(shown, written, strict=True)
        if value.value is None and cell.value is not None and cell.data_type == "f"
    ]
    if problems:
        raise InputError(name, problems)
