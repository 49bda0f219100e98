"""A panel's file of any kind becomes a text with its lines: text, a sheet, SPSS, Stata, Parquet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from features.errors import InputError, Problem, list_words
from features.files.options import TableOptions
from features.files.records import Records
from features.files.statistics import is_spss, is_stata, parse_statistics
from features.files.table import parse_table
from features.files.text import decode
from features.files.workbook import list_sheets, parse_workbook

__all__ = ["AsText", "choose_sheet", "decode_text", "find_encoding", "is_workbook", "read_text"]

_COUNTS = re.compile(r'^"?(?:CodeClass\b|Code Class\b|<Code_Summary>)', re.MULTILINE)
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_LOOKED_AT = 4096
_AS_IT_TELLS = TableOptions()


@dataclass(frozen=True)
class AsText:
    """What a file holds, as text.

    Parameters
    ----------
    text : str
        Its lines; a row of a sheet has tabs between its cells, and its own number.
    notes : tuple of str
        What was made out, without patients' values.
    """

    text: str
    notes: tuple[str, ...] = ()


def is_workbook(data: bytes) -> bool:
    """Return whether bytes may be an Excel workbook (.xlsx)."""
    return data.startswith(_ZIP)


def find_encoding(data: bytes) -> str:
    """Return the encoding of a text that states none: UTF-8, UTF-16, else Windows-1252.

    Programs of instruments write UTF-16 with its mark, without it, or the letters of Windows.

    Examples
    --------
    >>> find_encoding("M\u00fcller".encode("cp1252")), find_encoding("Well\tCt".encode("utf-16-le"))
    ('windows-1252', 'utf-16-le')
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    first, second = data[:_LOOKED_AT:2], data[1:_LOOKED_AT:2]
    # Without the mark: each letter of a Latin script has one zero, on the same side.
    for zeros, others, encoding in ((second, first, "utf-16-le"), (first, second, "utf-16-be")):
        if len(data) % 2 == 0 and not others.count(0) and zeros.count(0) > len(zeros) / 2:
            return encoding
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def decode_text(data: bytes, *, name: str, encoding: str | None = None) -> str:
    """Return the text of a file that is one.

    Parameters
    ----------
    data, name : bytes, str
        What the file holds, and what to call it in an error.
    encoding : str or None
        As :class:`~features.files.options.TableOptions` has it; None: :func:`find_encoding` tells.

    Raises
    ------
    InputError
        If it is a workbook, no text at all, or not in the encoding that is stated.
    """
    if data.startswith((_ZIP, _OLD_OFFICE)):
        raise InputError(f"{name} is a workbook; save the sheet with the results as text or CSV")
    _check_counts(data.decode("latin-1"), name=name)
    told = encoding or find_encoding(data)
    if encoding is None and told == "windows-1252" and not _is_text(data):
        raise InputError(f"{name} is not a text file")
    try:
        return decode(data, name=name, encoding=told)
    except InputError as error:
        if not isinstance(error.__cause__, UnicodeError):
            raise
        what = encoding or "UTF-8 and no Windows-1252"
        action = "say its encoding, such as --encoding windows-1250"
        raise InputError(f"{name} is no text in {what}: {action}") from error


def _check_counts(text: str, *, name: str) -> None:
    """Refuse the counts of an nCounter, which read like Ct values and are none."""
    if _COUNTS.search(text) is not None:
        raise InputError(f"{name} has the counts of an nCounter, which are no Ct values: not read")


def _is_text(data: bytes) -> bool:
    """Return whether bytes have no control characters but those of lines and tabs."""
    return not any(byte < 32 and byte not in b"\t\n\r\f\x0b\x1a" for byte in set(data))


def read_text(
    data: bytes,
    *,
    name: str,
    options: TableOptions = _AS_IT_TELLS,
    holds_results: Callable[[str], bool] = lambda text: False,
) -> AsText:
    """Return what a file of any kind holds, as text.

    Parameters
    ----------
    data, name : bytes, str
        What the file holds, and what to call it in an error.
    options : TableOptions
        Its `sheet` and `encoding` are used.
    holds_results : callable
        Whether a sheet's text has the results of wells: where a workbook has several sheets, the
        only one that does is read.

    Raises
    ------
    InputError
        If it cannot be read, or it cannot be told which sheet is meant.
    """
    if is_workbook(data):
        found = _read_workbook(data, name, options.sheet, holds_results)
        _check_counts(found.text, name=name)
        return found
    if data.startswith(_OLD_OFFICE):
        raise InputError(
            f"{name} is an old Excel workbook (.xls), or has a password; save it as .xlsx without "
            "one, or the sheet with the results as text or CSV"
        )
    if is_spss(data) or is_stata(data):
        return _write(parse_statistics(data, name=name, labels=True, encoding=options.encoding))
    if data.startswith(_PARQUET):
        table = parse_table(data, name=name)
        rows = table.to_numpy().tolist()
        return _write(Records(list(map(str, table)), rows, range(2, len(rows) + 2)))
    return AsText(decode_text(data, name=name, encoding=options.encoding))


def _read_workbook(
    data: bytes, name: str, sheet: str | int | None, holds_results: Callable[[str], bool]
) -> AsText:
    sheets = list_sheets(data, name=name)
    if sheet is not None or len(sheets) < 2:
        chosen = choose_sheet(sheets, sheet, name=name)
        return _write(parse_workbook(data, name=name, sheet=chosen))
    texts = {one: _write(parse_workbook(data, name=name, sheet=one)) for one in sheets}
    fitting = [one for one in sheets if holds_results(texts[one].text)]
    found = texts[choose_sheet(fitting if fitting else sheets, None, name=name)]
    others = list_words([one for one in sheets if texts[one] is not found])
    note = f"sheets of {name} that were not read: {others}"
    return AsText(found.text, (*found.notes, note))


def choose_sheet(sheets: list[str], sheet: str | int | None, *, name: str) -> str:
    """Return the sheet that is meant, or the only one.

    Parameters
    ----------
    sheets : list of str
        The titles of the sheets that may be meant.
    sheet : str, int or None
        A title, or a number from 1 where no title is that number.
    name : str
        What to call the workbook in an error.

    Raises
    ------
    InputError
        If there is no sheet, none of that name, or none is stated and there are several.
    """
    if str(sheet) in sheets:
        return str(sheet)
    if str(sheet).isdecimal() and 1 <= int(str(sheet)) <= len(sheets):
        return sheets[int(str(sheet)) - 1]
    if not sheets:
        raise InputError(f"{name} is empty")
    if sheet is None and len(sheets) == 1:
        return sheets[0]
    got = "several, and none stated" if sheet is None else f"{sheet!r}, which it does not have"
    action = f"say which one, --sheet {sheets[0]!r}"
    expected = f"one of its sheets with cells: {list_words(sheets)}"
    raise InputError(name, [Problem("sheet", expected, got, action=action)])


def _write(records: Records) -> AsText:
    """Return records as lines with tabs, each on the line by which it is called."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter="\t", lineterminator="\n")
    first = next(iter(records.lines), 2)
    rows = zip(records.lines, records.rows, strict=True)
    at = 0
    for number, cells in ((first - 1, records.header), *rows):
        buffer.write("\n" * (number - at - 1))
        writer.writerow(map(_to_one_line, cells))
        at = number
    return AsText(buffer.getvalue(), records.notes)


def _to_one_line(cell: str) -> str:
    return " ".join(cell.split()) if any(sign in cell for sign in "\n\r\t\v\f") else cell
