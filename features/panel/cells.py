"""What a single cell of a panel says: a Ct, nothing seen, or something that is neither."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import FloatArray
from features.panel.words import says_not_seen

__all__ = ["HIGHEST_CT", "LOWEST_CT", "find_ceiling", "holds_ct", "is_ct", "parse_numbers"]

HIGHEST_CT = 60.0
"""Cycles that no run exceeds; a larger number is not a Ct."""

LOWEST_CT = 3.0
"""Smaller numbers are codes (a group, a sex) or artefacts of the baseline, not a Ct."""

_FEWEST_AT_CEILING = 3
_LOWEST_CEILING = 30.0


def find_ceiling(ct: FloatArray) -> float | None:
    """Return the cycle at which values pile up, from which nothing counts as detected.

    Parameters
    ----------
    ct : ndarray of shape (n,)
        The Ct values of one run, none missing.

    Returns
    -------
    float or None
        The largest value where at least 3 share it and it is a whole number from 30; else None:
        the values do not tell.
    """
    top = float(ct.max()) if len(ct) else 0.0
    shared = int(np.sum(ct == top))
    if top >= _LOWEST_CEILING and top.is_integer() and shared >= _FEWEST_AT_CEILING:
        return top
    return None


def parse_numbers(cells: pd.Series[Any]) -> FloatArray:
    """Return the numbers in cells, NaN where there is none.

    Parameters
    ----------
    cells : Series of str
        As they stand. A decimal comma is read: a Ct has no thousands.
    """
    comma = cells.str.fullmatch("[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")
    texts = cells.where(~comma, cells.str.replace(",", "."))
    # A number is digits: "nan" and "inf" are words here.
    digits = texts.str.fullmatch(r"[+-]?[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?")
    return np.asarray(pd.to_numeric(texts.where(digits), errors="coerce"), dtype=np.float64)


_CT = re.compile("[0-9]+(?:[.,][0-9]*)?(?:[eE][+-]?[0-9]+)?")


def is_ct(cell: str) -> bool:
    """Return whether a cell holds a number as a Ct is written."""
    return _CT.fullmatch(cell) is not None


def holds_ct(cells: NDArray[Any]) -> bool:
    """Return whether any cell of a column holds a number or a word for "not seen"."""
    return any(is_ct(cell) or says_not_seen(cell) for cell in cells)
