"""A text with one record to a line becomes a header and rows, each with its line."""

from __future__ import annotations

import csv
import io
import re

from features.errors import InputError, Problem
from features.files.delimiter import DELIMITERS, find_delimiter, find_table
from features.files.records import Records, trim

__all__ = ["parse_delimited"]

_MOST_PROBLEMS = 1000
_NO_SIGN = "; no sign of , ; | or tab stands between its fields: save it as CSV"
# Excel's own word for the delimiter, above the header.
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?[\t ]*(\r\n|\r|\n)")
_FORMULA = re.compile(r'\A\s*="([^"]*)"\s*\Z')
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


def parse_delimited(text: str, *, name: str, header_line: int | None = None) -> Records:
    """Read a text whose fields have a delimiter between them, found by what fits every line.

    Parameters
    ----------
    text : str
        With any line ends. Quoted cells may hold the delimiter and line breaks. A first line
        ``sep=;`` says the delimiter.
    name : str
        What to call the text in an error.
    header_line : int or None
        As :class:`~features.files.options.TableOptions` has it.

    Raises
    ------
    InputError
        Listing every line that does not have as many fields as the header, or naming the line
        in which the table seems to begin.
    """
    above = (header_line or 1) - 1
    text = _drop_lines(text, above)
    stated = _SEPARATOR_LINE.match(text)
    delimiter = stated[1] if stated else find_delimiter(text)
    first = 1 if stated else 0
    records, lines = _read_records(text, delimiter, first, above, name=name)
    if len(records) <= first:
        what = f"has nothing from line {header_line} on: header_line is wrong"
        raise InputError(f"{name} {what if header_line else 'is empty'}")
    records, notes = _unwrap(text, records)
    header, rows, lines = records[first], records[first + 1 :], lines[first + 1 :]
    filled = [cells for cells in rows if any(map(str.strip, cells))]
    widths = {len(cells) for cells in filled}
    if not header_line and (len(header) == 1 or widths - {len(header), len(header) + 1}):
        _check_start(text, header, name=name)
    if widths != {len(header) + 1}:
        _check_widths(len(header), rows, lines, name=name)
        return trim(header, rows, lines, notes)
    if not any(cells[-1].strip() for cells in filled):
        rows = [cells[:-1] for cells in rows]
        notes = (*notes, "Each row ends with a delimiter: passed over.")
        return trim(header, rows, lines, notes)
    if not _has_row_numbers(text, filled):
        _refuse_column_without_heading(len(header), name=name)
    note = "The first column has no heading and numbers the rows, as R writes them."
    return trim(["", *header], rows, lines, (*notes, note))


def _drop_lines(text: str, count: int) -> str:
    end = 0
    for _ in range(count):
        match = _LINE.match(text, end)
        end = match.end() if match else end
    return text[end:]


def _read_records(
    text: str, delimiter: str, first: int, above: int, *, name: str
) -> tuple[list[list[str]], list[int]]:
    """Return the records that are not blank lines, and the line that each begins on.

    No further than to where it is plain that they are no table.
    """
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    lines: list[int] = []
    before = misfits = 0
    try:
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                records.append(cells)
                lines.append(above + before + 1)
                if len(records) > first and not 0 <= len(cells) - len(records[first]) <= 1:
                    misfits += any(map(str.strip, cells))
                if misfits == _MOST_PROBLEMS:
                    break
            before = reader.line_num
    except csv.Error as error:
        line = above + before + 1
        signs = "" if any(map(text.__contains__, DELIMITERS)) else _NO_SIGN
        raise InputError(
            f"{name} cannot be read as CSV near line {line}: {error}{signs}"
        ) from error
    return records, lines


def _unwrap(text: str, records: list[list[str]]) -> tuple[list[list[str]], tuple[str, ...]]:
    """Return cells without the formula that keeps a spreadsheet from reading a text as a number."""
    if '="' not in text:
        return records, ()
    plain = [[_FORMULA.sub(r"\1", cell) for cell in cells] for cells in records]
    count = sum(map(list.__ne__, plain, records))
    note = f'Took the text out of formulas such as ="001" in {count} rows.'
    return plain, (note,) if count else ()


def _check_start(text: str, header: list[str], *, name: str) -> None:
    """Refuse a table that begins below its first line."""
    line, width = find_table(text)
    if line:
        got = f"{len(header)} in the first line, {width} in line {line} and most below it"
        action = (
            f"if line {line} has the headings, delete what stands above it, or import the file "
            f"with a mapping that says header_line = {line}"
        )
        raise InputError(name, [Problem("fields", "as many in each line", got, action=action)])


def _check_widths(width: int, rows: list[list[str]], lines: list[int], *, name: str) -> None:
    problems = []
    for cells, line in zip(rows, lines, strict=True):
        if len(cells) == width or not any(map(str.strip, cells)):
            continue
        action = "put a text that holds the delimiter in quotes" if len(cells) > width else ""
        problems.append(
            Problem("fields", f"{width}, as in the header", str(len(cells)), line, action)
        )
        if len(problems) == _MOST_PROBLEMS:
            raise InputError(f"{name} is not a table", problems)
    if problems:
        raise InputError(name, problems)


def _has_row_numbers(text: str, rows: list[list[str]]) -> bool:
    """Return whether the first column is surely R's own.

    R counts the rows and puts the numbers in quotes, as it does headings. A study's own number
    of a patient may count as well, but who writes it in quotes gives it a heading.
    """
    names = [cells[0].strip() for cells in rows]
    if not text.lstrip().startswith('"') or not all(map(str.isdecimal, names)):
        return False
    numbers = [int(name) for name in names]
    quoted = re.findall(r'^"(\d+)"', text, flags=re.MULTILINE)
    return quoted == names and numbers == sorted(set(numbers))


def _refuse_column_without_heading(width: int, *, name: str) -> None:
    expected, got = f"{width}, as in the header", f"{width + 1} in each row"
    action = (
        "give the column without a heading one; if it is the first and holds R's row names, "
        "export with row.names = FALSE; if a decimal comma splits a field, put ; between fields"
    )
    raise InputError(name, [Problem("fields", expected, got, action=action)])
