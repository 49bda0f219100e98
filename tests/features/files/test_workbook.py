"""A sheet is read as it is seen; what cannot be told is asked for."""

from __future__ import annotations

import builtins
import io
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
