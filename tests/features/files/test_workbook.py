"""A sheet is read as it is seen; what cannot be told is asked for."""

from __future__ import annotations

import builtins
import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import InputError
from features.files.workbook import parse_workbook


def _make(**sheets: list[list[Any]]) -> tuple[openpyxl.Workbook, bytes]:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return book, _save(book)


def _save(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_cells_are_what_the_sheet_shows() -> None:
    day = datetime(2026, 1, 31)
    book, _ = _make(S=[[None], ["id", "score", "day", "ok", "relief", None], ["P01", 7.0, day]])
    sheet = book["S"]
    for column, value in enumerate(["P02", 7.5, None, True, 0.3, None], start=1):
        sheet.cell(5, column, value)
    sheet["E5"].number_format = "0%"
    sheet["F9"].font = openpyxl.styles.Font(bold=True)  # the sheet's size tells nothing
    found = parse_workbook(_save(book), name="t")
    assert found.header == ["id", "score", "day", "ok", "relief"]
    assert found.rows == [["P01", "7", "2026-01-31", "", ""], ["P02", "7.5", "", "yes", "30%"]]
    assert list(found.lines) == [3, 5]


@settings(max_examples=25)
@given(
    st.lists(
        st.lists(
            st.none() | st.integers(-999, 9999) | st.decimals(-99, 99, places=2).map(float)
            | st.text("aé ,;|\n\"'", max_size=5).map(lambda text: f"x{text}"),
            min_size=3,
            max_size=3,
        ).filter(lambda row: any(cell is not None for cell in row)),
        min_size=1,
        max_size=5,
    )
)  # fmt: skip
def test_what_a_sheet_holds_is_read(rows: list[list[Any]]) -> None:
    _, data = _make(S=[["a", "b", "c"], *rows])
    found = parse_workbook(data, name="t")
    written = [["" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)
                for cell in row] for row in rows]  # fmt: skip
    assert [[float(c) if c[-1:].isdigit() else c for c in row] for row in found.rows] == [
        [float(c) if c[-1:].isdigit() else c for c in row] for row in written
    ]


def test_the_sheet_is_the_only_filled_one_or_the_one_stated() -> None:
    one, two = [["a"], [1]], [["b"], [2]]
    assert parse_workbook(_make(Empty=[], Data=one)[1], name="t").header == ["a"]
    _, data = _make(First=one, Second=two)
    assert parse_workbook(data, name="t", sheet="Second").header == ["b"]
    assert parse_workbook(data, name="t", sheet=1).header == ["a"]
    for sheet, got in ((None, "no sheet stated"), ("second", "'second', which"), (3, "3, which")):
        with pytest.raises(InputError) as caught:
            parse_workbook(data, name="t", sheet=sheet)
        [problem] = caught.value.problems
        assert problem.expected == "one of 'First', 'Second'" and got in problem.got
        assert "sheet = 'First'" in problem.action
    with pytest.raises(InputError, match="is empty"):
        parse_workbook(_make(Empty=[])[1], name="t")


def test_formulas_that_were_never_computed_are_not_missing_values() -> None:
    _, data = _make(S=[["id", "sum"], ["P01", "=1+1"], ["P02", 3]])
    with pytest.raises(InputError) as caught:
        parse_workbook(data, name="t")
    assert [(p.row, p.column) for p in caught.value.problems] == [(2, "B")]


def test_what_is_no_workbook_and_a_missing_reader_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="is no Excel workbook"):
        parse_workbook(b"PK\x03\x04", name="t")
    real = builtins.__import__

    def refuse(name: str, *args: Any) -> Any:
        if name == "openpyxl":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InputError, match=r"openpyxl is needed: pip install '\.\[files\]'"):
        parse_workbook(b"", name="t")


def test_headings_stand_where_it_is_said() -> None:
    _, data = _make(S=[["Study X", None], [None], ["id", "n"], ["A", 7], ["B", 8]])
    found = parse_workbook(data, name="t", header_line=3)
    assert (found.header, found.rows) == (["id", "n"], [["A", "7"], ["B", "8"]])
    assert list(found.lines) == [4, 5]


def test_cells_merged_over_rows_are_refused_with_their_range() -> None:
    book, _ = _make(S=[["Study", None, None], ["id", "site", "n"], *[["A", "north", 7]] * 4])
    sheet = book["S"]
    for merged in ("A1:C1", "B3:B5", "C6:D6"):
        sheet.merge_cells(merged)
    with pytest.raises(InputError) as caught:
        parse_workbook(_save(book), name="t", header_line=2)
    [problem] = caught.value.problems
    assert (problem.column, problem.row) == ("site", 3) and "B3:B5" in problem.got
    sheet.unmerge_cells("B3:B5")
    assert parse_workbook(_save(book), name="t", header_line=2).rows[1] == ["A", "", "7"]
    sheet.merge_cells("A6:C6")
    with pytest.raises(InputError) as caught:
        parse_workbook(_save(book), name="t", header_line=2)
    assert "A6:C6" in caught.value.problems[0].got


def test_what_is_hidden_is_read_and_told() -> None:
    book, _ = _make(S=[["id", "n", None, "m"], *[["A", 7, None, 1]] * 4], Lists=[["x"], ["y"]])
    sheet = book["S"]
    for row in (3, 4, 9):
        sheet.row_dimensions[row].hidden = True
    sheet.column_dimensions["D"].hidden = True
    book["Lists"].sheet_state = "hidden"
    found = parse_workbook(_save(book), name="t")
    assert len(found.rows) == 4
    assert found.notes == (
        "Read 2 rows that are hidden in the sheet (3, 4).",
        "Read a column hidden in the sheet: m.",
    )


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, "an OpenDocument file"),
        ({"[Content_Types].xml": b"", "xl/workbook.bin": b""}, "a binary workbook"),
        ({"Index/Document.iwa": b""}, "a Numbers file"),
        ({"cohort.csv": b"id,n\n"}, "an archive"),
    ],
)
def test_what_is_packed_as_a_workbook_and_is_none_is_named(
    parts: dict[str, bytes], kind: str
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=rf"is {kind}.*CSV \(UTF-8\)"):
        parse_workbook(buffer.getvalue(), name="t")


def test_a_number_that_is_shown_with_zeros_keeps_them() -> None:
    book, _ = _make(S=[["id", "n", "p"], [7, 7, 7], [12345, 8, 8]])
    sheet = book["S"]
    for row in (2, 3):
        sheet.cell(row, 1).number_format = "0000"
        sheet.cell(row, 2).number_format = "0"
        sheet.cell(row, 3).number_format = '"P"000'
    found = parse_workbook(_save(book), name="t")
    assert found.rows == [["0007", "7", "P007"], ["12345", "8", "P008"]]


def _edit(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook whose sheet was changed behind Excel's back."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if "/sheet" in part else content)
    return buffer.getvalue()


@pytest.mark.parametrize("size", ["A1", "A1:B2", "A1:ZZ9"])
def test_what_a_sheet_says_of_its_size_does_not_count(size: str) -> None:
    _, data = _make(S=[["id", "n", "m"], ["A", 7, 1], ["B", 8, 2]])
    wrong = _edit(data, lambda part: re.sub(b'ref="A1:C3"', f'ref="{size}"'.encode(), part))
    assert wrong != data
    found = parse_workbook(wrong, name="t")
    assert (found.header, found.rows) == (["id", "n", "m"], [["A", "7", "1"], ["B", "8", "2"]])


def test_a_damaged_sheet_is_one_clear_error() -> None:
    _, data = _make(S=[["id"], ["A"]])
    with pytest.raises(InputError, match="is no Excel workbook that can be read"):
        parse_workbook(_edit(data, lambda part: part[: len(part) // 2]), name="t")


def test_failed_formulas_are_told_by_what_they_show() -> None:
    book, _ = _make(S=[["id", "site"], ["A", "#REF!"], ["B", "north"]])
    book["S"]["B2"].data_type = "e"
    assert parse_workbook(_save(book), name="t").rows[0] == ["A", "#REF!"]
