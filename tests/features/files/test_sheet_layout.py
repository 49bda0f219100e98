"""Merged and hidden cells are found in the sheet's XML, with prefixes or without."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from features.files.records import Records
from features.files.sheet_layout import Layout, describe_hidden, find_merged, read_layout


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_a_layout_is_read_from_the_sheet(prefix: str) -> None:
    part = (
        '<cols><col min="2" max="3" width="9" hidden="1"/><col min="4" max="4"/></cols>'
        '<row r="2" spans="1:3" hidden="true"><c r="A2"/></row><row r="3" hidden="0"/>'
        '<mergeCells count="1"><mergeCell ref="B2:AA4"/></mergeCells>'
    )
    part = re.sub(r"<(?=[a-z])", f"<{prefix}", part)
    assert read_layout(part.encode()) == Layout(((2, 2, 4, 27),), frozenset({2}), frozenset({2, 3}))


@given(st.integers(1, 16384), st.integers(2, 99), st.integers(1, 9))
def test_a_merged_range_is_named_as_the_sheet_names_it(left: int, top: int, more: int) -> None:
    letters = get_column_letter(left)
    place = f"{letters}{top}:{letters}{top + more}"
    layout = read_layout(f'<mergeCell ref="{place}"/>'.encode())
    row = [""] * (left - 1) + ["north"]
    records = Records([f"c{i}" for i in range(left)], [row], [top])
    [problem] = find_merged(layout, records)
    assert (problem.column, problem.row) == (f"c{left - 1}", top) and place in problem.got


@pytest.mark.parametrize("merged", [(1, 1, 2, 1), (3, 2, 3, 9), (2, 2, 3, 2), (2, 9, 3, 9)])
def test_a_range_that_takes_no_value_is_no_problem(merged: tuple[int, int, int, int]) -> None:
    layout = Layout((merged,), frozenset(), frozenset())
    records = Records(["id", "n"], [["A", ""], ["B", "7"]], [2, 3])
    assert find_merged(layout, records) == []


def test_hidden_rows_and_columns_of_the_table_are_told() -> None:
    records = Records(["id", ""], [["A", "7"], ["B", "8"]], [2, 3])
    layout = Layout((), frozenset({1, 3, 9}), frozenset({1, 2, 3}))
    assert describe_hidden(layout, records) == (
        "Read row 3, hidden in the sheet.",
        "Read 2 columns hidden in the sheet: id, B.",
    )
    assert describe_hidden(Layout((), frozenset(), frozenset()), records) == ()
