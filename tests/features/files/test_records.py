"""Typed cells as people write them, and what spreadsheets leave around a table."""

from datetime import date, datetime

import pytest

from features.files.records import Records, to_text, trim


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (False, "no"),
        (7, "7"),
        (7.0, "7"),
        (7.1, "7.1"),
        (float("nan"), ""),
        (datetime(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 8, 30), "2026-01-31T08:30:00"),
        (date(2026, 1, 31), "2026-01-31"),
        ("x", "x"),
    ],
)
def test_a_typed_cell_is_written_as_people_do(value: object, text: str) -> None:
    assert to_text(value) == text


def test_blank_rows_and_columns_at_the_end_are_left_out() -> None:
    rows = [["1", "", "", ""], ["2", "x", "", ""], ["", "", "", " "]]
    found = trim(["a", "", "c", ""], rows, [2, 4, 5])
    assert found.header == ["a", "", "c"]
    assert found.rows == [["1", "", ""], ["2", "x", ""]]
    assert (found.lines, found.notes) == ([2, 4], ())
    assert trim(["a", ""], [["1", "kept"]], [2]).header == ["a", ""]
    assert trim(["a"], [[" "], [""]], [2, 3]) == Records(["a"], [], [])


@pytest.mark.parametrize(
    ("cells", "lines", "note"),
    [
        (["1", "", "2"], [2, 4], "Passed over a blank row, line 3."),
        (["", "1", " ", "", "2", ""], [3, 6], "Passed over 3 blank rows, the first in line 2."),
    ],
)
def test_blank_rows_between_others_are_left_out_and_told(
    cells: list[str], lines: list[int], note: str
) -> None:
    found = trim(["a"], [[cell] for cell in cells], list(range(2, len(cells) + 2)))
    assert (found.rows, found.lines, found.notes) == ([["1"], ["2"]], lines, (note,))


def test_columns_hold_the_same_cells() -> None:
    found = Records(["a", "b"], [["1", ""], ["2", "ä"]], [2, 3]).to_columns()
    assert [cells.to_pylist() for cells in found.cells] == [["1", "2"], ["", "ä"]]
    assert (found.header, found.lines) == (["a", "b"], [2, 3])
    assert [len(cells) for cells in Records(["a", "b"], [], []).to_columns().cells] == [0, 0]
