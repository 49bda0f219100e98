"""Columns as distinct values hold what the rows hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from features.cohort.distinct import Distinct, combine, find_distinct, find_rows

_VALUES = st.lists(st.sampled_from(["a", "b", None, 1.0, 2.5]), min_size=1, max_size=20)


def _split(values: list[float | str | None]) -> Distinct:
    distinct = list(dict.fromkeys(values))
    return Distinct(distinct, np.array([distinct.index(value) for value in values], dtype=np.intp))


def test_numbers_and_texts_are_those_of_the_rows() -> None:
    column = Distinct([7.0, None, 3.5], np.array([0, 2, 1, 0]))
    np.testing.assert_array_equal(column.to_floats(), [7, 3.5, np.nan, 7])
    texts = Distinct(["x", None], np.array([1, 0])).to_texts()
    pd.testing.assert_series_equal(texts, pd.Series([None, "x"], dtype="str"))


@given(cells=st.lists(st.sampled_from(["7", "7,5", "", "ä"]), min_size=1, max_size=20))
def test_distinct_cells_are_each_there_once(cells: list[str]) -> None:
    distinct, positions = find_distinct(pd.Series(cells, dtype="str"))
    assert distinct == list(dict.fromkeys(cells))
    assert [distinct[at] for at in positions] == cells


def test_cells_that_are_missing_are_distinct_too() -> None:
    distinct, positions = find_distinct(pd.Series(["a", None, "a", None], dtype=object))
    assert distinct[0] == "a" and pd.isna(distinct[1])
    assert positions.tolist() == [0, 1, 0, 1]


@given(data=st.data(), values=_VALUES)
def test_combined_columns_hold_each_row(
    data: st.DataObject, values: list[float | str | None]
) -> None:
    n = len(values)
    others = data.draw(st.lists(st.lists(_VALUES.map(lambda v: v[0]), min_size=n, max_size=n)))
    columns = [values, *others]
    rows, positions = combine([_split(column) for column in columns])
    assert [rows[at] for at in positions] == list(zip(*columns, strict=True))
    assert len(set(rows)) == len(rows)


def test_rows_are_found_by_their_value() -> None:
    assert find_rows([7.0, None, 3.0], np.array([1, 0, 0, 2, 1]), lambda v: v is None) == [0, 4]
    assert find_rows([], np.array([], dtype=np.intp), bool) == []
