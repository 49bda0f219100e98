"""What is kept of the smallest and largest values: nothing by which a single patient is known.

The oldest patient of a cohort, or the one who has been ill longest, is easily recognised. A model
needs to know how far its patients reached, not who reached furthest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.arrays import FloatArray
from features.dictionary.variable import Variable

__all__ = ["blur_ends", "find_all_ends", "find_ends"]

_FEW = 5
"""As many patients at an end hide each other."""
_WIDER = (1, 2, 5, 10, 20, 50)
_PART = 8
"""An end is rounded to at most this part of what lies between both."""


def _find_end(values: FloatArray, precision: float, widest: float) -> float:
    """Return the lower end: rounded down as coarsely as it takes for a few to lie within."""
    end = np.nan
    for step in (factor * precision for factor in _WIDER):
        if step > max(widest, precision):
            break
        end = float(np.floor(values[0] / step + 1e-9) * step)
        if np.sum(values < end + step) >= _FEW:
            break
    return end


def find_ends(column: FloatArray, variable: Variable) -> tuple[float, float]:
    """Return between which values training patients lay, rounded outwards.

    Each end is rounded to the variable's precision, and where fewer than five patients lie within
    the last step to a coarser one: up to fifty times it, and to an eighth of the whole range.

    Parameters
    ----------
    column : ndarray of shape (n,)
        NaN where missing; one value at least is known.
    variable : Variable
        A number; no end lies beyond what the dictionary allows.

    Returns
    -------
    low, high : float
        At most, and at least, the smallest and largest value known.
    """
    known = np.sort(column[~np.isnan(column)])
    widest = (known[-1] - known[0]) / _PART
    low = _find_end(known, variable.precision, widest)
    high = -_find_end(-known[::-1], variable.precision, widest)
    low = low if variable.low is None else max(low, min(variable.low, known[0]))
    high = high if variable.high is None else min(high, max(variable.high, known[-1]))
    return round(float(low), 6), round(float(high), 6)


def find_all_ends(
    X: FloatArray, predictors: Sequence[Variable], *, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the ends of all predictors; of what is no number, or never known, those given.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Training rows, NaN where missing.
    predictors : sequence of Variable
        In the order of the columns.
    low, high : ndarray of shape (n_predictors,)
        Smallest and largest values.
    """
    low, high = low.copy(), high.copy()
    for j, variable in enumerate(predictors):
        if variable.is_numeric and not np.isnan(X[:, j]).all():
            low[j], high[j] = find_ends(X[:, j], variable)
    return low, high


def blur_ends(known: FloatArray) -> FloatArray:
    """Return sorted values with the five at each end replaced by their mean (of few, a quarter).

    The mean of all stays as it is: micro-aggregation, as statistical offices use it.
    """
    few = min(_FEW, len(known) // 4)
    blurred = known.copy()
    if few:
        blurred[:few], blurred[-few:] = known[:few].mean(), known[-few:].mean()
    return blurred
