"""A column as its distinct values, so that each is read once, however many rows have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from features.arrays import FloatArray, IntArray

__all__ = ["Distinct", "combine", "find_distinct", "find_rows"]

T = TypeVar("T")
Value = float | str | None


@dataclass(frozen=True, eq=False)
class Distinct:
    """A column of n rows.

    Attributes
    ----------
    values : list of float, str or None
        Its values, None where missing. One may be there twice, if it was written in two ways.
    positions : ndarray of shape (n,)
        Where in `values` the value of each row stands.
    """

    values: list[Value]
    positions: IntArray

    def to_list(self) -> list[Value]:
        """Return the value of each row."""
        return [self.values[at] for at in self.positions.tolist()]

    def to_floats(self) -> FloatArray:
        """Return the number of each row, NaN where missing."""
        return np.array(self.values, dtype=np.float64)[self.positions]

    def to_texts(self) -> pd.Series[str]:
        """Return the text of each row, NaN where missing."""
        texts = pd.Series(self.values, dtype="str").take(self.positions)
        return texts.reset_index(drop=True)


def find_distinct(raw: pd.Series[Any]) -> tuple[list[object], IntArray]:
    """Return the distinct cells of a column, and where each row's stands among them."""
    positions, cells = pd.factorize(raw, use_na_sentinel=False)
    return cells.tolist(), positions


def combine(columns: Sequence[Distinct]) -> tuple[list[tuple[Value, ...]], IntArray]:
    """Return the distinct rows of several columns, and where each row stands among them.

    Rows with equal values may stand apart, if one was written in another way.
    """
    keys = np.zeros(len(columns[0].positions), dtype=np.intp)
    for column in columns:
        keys, _ = pd.factorize(keys * len(column.values) + column.positions)
    _, first = np.unique(keys, return_index=True)
    rows = zip(
        *([column.values[at] for at in column.positions[first]] for column in columns), strict=True
    )
    return list(rows), keys


def find_rows(values: Sequence[T], positions: IntArray, holds: Callable[[T], bool]) -> list[int]:
    """Return the rows, from 0, whose value among the distinct ones is so."""
    held = np.array([holds(value) for value in values], dtype=np.bool_)
    return [int(row) for row in np.flatnonzero(held[positions])]
