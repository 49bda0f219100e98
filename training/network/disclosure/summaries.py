"""Counts, bins, means and SDs for Table 1, as they may be written.

What is under the limit is written as None: "fewer than the limit", which may be none at all. Where
the parts add up to a number that is known, a second part is hidden with the first, or the first
could be worked out by subtraction (complementary suppression).

All of a centre's tables are of the same patients: those whose first outcome is known. A table of
all patients beside the number with a known outcome would tell how few have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray

__all__ = ["hide_parts", "hide_small", "merge_bins", "tell_categories", "tell_number"]

_NO_SPREAD = 1e-12


def hide_small(count: int, *, cell: int) -> int | None:
    """Return a count, or None where it is under the limit."""
    return int(count) if count >= cell else None


def hide_parts(counts: Sequence[int], *, cell: int) -> list[int | None]:
    """Return the parts of a known total, with what is too small hidden and not to be worked out.

    Parameters
    ----------
    counts : sequence of int
        Patients in each part, at least 0; their sum may be known.
    cell : int
        Fewest patients that may be told of.

    Returns
    -------
    list of int or None
        None stands for a part that is hidden: one under the limit and, where all that are hidden
        were still fewer than the limit together, the smallest other.

    Examples
    --------
    >>> hide_parts([3, 12, 20], cell=5), hide_parts([8, 12], cell=5)
    ([None, None, 20], [8, 12])

    References
    ----------
    Hundepool 2012, Statistical Disclosure Control, doi:10.1002/9781118348239.
    """
    hidden = [place for place, count in enumerate(counts) if count < cell]
    if hidden and sum(counts[place] for place in hidden) < cell:
        others = [place for place in range(len(counts)) if place not in hidden]
        hidden += sorted(others, key=lambda place: counts[place])[:1]
    return [None if place in hidden else int(count) for place, count in enumerate(counts)]


@dataclass(frozen=True)
class ToldCategories:
    """What Table 1 may tell of a flag or a category at a centre.

    Parameters
    ----------
    counts : tuple of int or None
        Patients with each value, in the dictionary's order; None where it is hidden.
    missing : int or None
        Patients without a value; None where they are fewer than the limit.
    """

    counts: tuple[int | None, ...]
    missing: int | None


def tell_categories(values: FloatArray, n_levels: int, *, cell: int) -> ToldCategories:
    """Return what Table 1 may tell of a flag or a category.

    Parameters
    ----------
    values : ndarray of shape (n,)
        0, 1, ... of each patient, NaN where missing.
    n_levels : int
        How many values there are; 2 of a flag.
    cell : int
        Fewest patients that may be told of.
    """
    parts = [int(np.sum(values == level)) for level in range(n_levels)]
    missing = int(np.isnan(values).sum())
    if not missing:
        return ToldCategories(tuple(hide_parts(parts, cell=cell)), None)
    *counts, lacking = hide_parts([*parts, missing], cell=cell)
    return ToldCategories(tuple(counts), lacking)


@dataclass(frozen=True)
class MergedBins:
    """A histogram whose bins all hold enough patients.

    Parameters
    ----------
    edges : tuple of float
        Of the bins, one more than there are counts; empty where there are too few patients.
    counts : tuple of int
        Patients in each, at least the limit.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


def merge_bins(values: FloatArray, edges: Sequence[float], *, fill: float, cell: int) -> MergedBins:
    """Return the counts of agreed bins, those with too few patients joined with a neighbour.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One number of each patient, NaN where missing. What lies beyond the edges counts in the
        first or last bin.
    edges : sequence of float
        Agreed, rising; at least two.
    fill : float
        Where a missing value counts if fewer than the limit are missing: the sum of all bins would
        else tell how many. Use what the model fills in. Where more are missing they are left out.
    cell : int
        Fewest patients of a bin.
    """
    missing = np.isnan(values)
    few = int(missing.sum()) < cell
    counted = np.where(missing, fill, values) if few else values[~missing]
    if len(counted) < cell:
        return MergedBins((), ())
    fine, _ = np.histogram(np.clip(counted, edges[0], edges[-1]), bins=np.asarray(edges))
    kept, counts, waiting = [float(edges[0])], [], 0
    for count, right in zip(fine, edges[1:], strict=True):
        waiting += int(count)
        if waiting >= cell:
            kept.append(float(right))
            counts.append(waiting)
            waiting = 0
    counts[-1] += waiting  # what is left over at the end belongs to the last bin that is full
    kept[-1] = float(edges[-1])
    return MergedBins(tuple(kept), tuple(counts))


@dataclass(frozen=True)
class ToldNumber:
    """What Table 1 may tell of a number at a centre.

    Parameters
    ----------
    n : int or None
        Patients with a value; None where it would tell how few have none.
    missing : int or None
        Patients without a value; None where they are fewer than the limit.
    mean, sd : float or None
        In the number's unit, rounded to 1, 2 or 5 times a power of ten that is at most the standard
        error of the mean; None where too few patients have a value, or all the same.
    """

    n: int | None
    missing: int | None
    mean: float | None
    sd: float | None


def tell_number(values: FloatArray, *, cell: int) -> ToldNumber:
    """Return what Table 1 may tell of a number.

    The rounding costs less than chance does, and leaves the sum open by about the spread of one
    patient: who knows all others and the mean does not know the last one's value.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Of each patient, NaN where missing.
    cell : int
        Fewest patients that may be told of.
    """
    known = values[~np.isnan(values)]
    missing = len(values) - len(known)
    n = hide_small(len(known), cell=cell) if missing == 0 or missing >= cell else None
    lacking = hide_small(missing, cell=cell)
    sd = float(np.std(known, ddof=1)) if len(known) >= max(cell, 2) else 0.0
    if sd <= _NO_SPREAD:
        return ToldNumber(n, lacking, None, None)
    unit = _choose_unit(sd / float(np.sqrt(len(known))))
    return ToldNumber(n, lacking, _round_to(float(known.mean()), unit), _round_to(sd, unit))


def _choose_unit(error: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above an error."""
    ten = 10.0 ** float(np.floor(np.log10(error)))
    return max(float(step * ten) for step in (1, 2, 5) if step == 1 or step * ten <= error)


def _round_to(value: float, unit: float) -> float:
    return float(np.round(np.round(value / unit) * unit, 12))
