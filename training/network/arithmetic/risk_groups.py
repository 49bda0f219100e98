"""Patients counted by risk, so that no count is of a few: at a centre, and read by the lead.

Groups hold enough responders and enough others. Within a group responders have bins of their own,
and others have theirs, each with enough patients: what is told are parts of the centre's patients
that do not overlap, so that every sum or difference of them is of enough patients, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypedDict

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray

__all__ = ["RISK_DECIMALS", "count_above", "group_risks", "list_members"]

_EDGES = np.round(np.linspace(0.0, 1.0, 21), 2)
"""Risks between which patients are counted, before small groups are joined."""


RISK_DECIMALS = 1
"""To which sums of risks are told."""


class RiskCount(TypedDict):
    """Patients of one outcome between two risks: how many, and the sum of their risks."""

    low: float
    high: float
    n: int
    expected: float


class RiskGrouped(TypedDict):
    """A group of :func:`group_risks`."""

    low: float
    high: float
    n: int
    events: int
    expected: float
    responders: list[RiskCount]
    others: list[RiskCount]


def group_risks(y: FloatArray, p: FloatArray, *, limit: int) -> list[RiskGrouped]:
    """Count patients by risk, no group with fewer responders or non-responders than allowed.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    p : ndarray of shape (n,)
        Risks.
    limit : int
        Fewest responders, and fewest others, of a group, and fewest patients of its bins;
        neighbours are joined until they have them. Empty where all together have not.

    Returns
    -------
    list of dict
        `low`, `high` (edges are multiples of 0.05), `n`, `events`, `expected` responders; from the
        lowest risks to the highest; `responders` and `others`, the bins of each, with `low`,
        `high`, `n` and `expected`, the sum of their risks to one decimal.

    References
    ----------
    Hundepool 2012, Statistical Disclosure Control, doi:10.1002/9781118348239 (minimum frequency
    rule).
    """
    which = _find_steps(p)
    events, others = (_count_steps(which[y == value]) for value in (1, 0))
    stops: list[int] = []
    start = 0
    for stop in range(1, len(_EDGES)):
        if min(events[start:stop].sum(), others[start:stop].sum()) >= limit:
            stops.append(stop)
            start = stop
    if not stops:
        return []
    ends = [0, *stops[:-1], len(_EDGES) - 1]
    return [
        _describe_group(ends[place], ends[place + 1], which, y, p, limit)
        for place in range(len(stops))
    ]


def _find_steps(p: FloatArray) -> IntArray:
    """Return between which two edges each risk lies."""
    return np.clip(np.searchsorted(_EDGES, p, side="right") - 1, 0, len(_EDGES) - 2)


def _count_steps(which: IntArray) -> IntArray:
    return np.bincount(which, minlength=len(_EDGES) - 1)


def _describe_group(
    start: int, stop: int, which: IntArray, y: FloatArray, p: FloatArray, limit: int
) -> RiskGrouped:
    here = (which >= start) & (which < stop)
    events, others = here & (y == 1), here & (y == 0)
    responders = _bin(start, stop, which[events], p[events], limit)
    rest = _bin(start, stop, which[others], p[others], limit)
    return {
        "low": float(_EDGES[start]),
        "high": float(_EDGES[stop]),
        "n": int(here.sum()),
        "events": int(events.sum()),
        "expected": round(sum(one["expected"] for one in (*responders, *rest)), RISK_DECIMALS),
        "responders": responders,
        "others": rest,
    }


def _bin(start: int, stop: int, which: IntArray, p: FloatArray, limit: int) -> list[RiskCount]:
    """Count patients of one outcome between as many edges as leave enough in each bin."""
    counts = _count_steps(which)
    ends = [start]
    for edge in range(start + 1, stop + 1):
        if counts[ends[-1] : edge].sum() >= limit:
            ends.append(edge)
    ends[-1] = stop  # what is left over at the end belongs to the last bin that is full
    found: list[RiskCount] = []
    for low, high in pairwise(ends):
        inside = (which >= low) & (which < high)
        found.append(
            {
                "low": float(_EDGES[low]),
                "high": float(_EDGES[high]),
                "n": int(inside.sum()),
                "expected": round(float(p[inside].sum()), RISK_DECIMALS),
            }
        )
    return found


def list_members(groups: Sequence[RiskGrouped], y: FloatArray, p: FloatArray) -> list[BoolArray]:
    """Return of each bin, over all groups, who counts in it.

    Parameters
    ----------
    groups : sequence of dict
        :func:`group_risks`.
    y, p : ndarray of shape (n,)
        What they were made of.
    """
    edges = _EDGES[_find_steps(p)]
    return [
        (y == value) & (edges >= one["low"]) & (edges < one["high"])
        for group in groups
        for value, name in ((1, group["responders"]), (0, group["others"]))
        for one in name
    ]


def count_above(
    n: int, expected: float, low: float, high: float, *, cut: float, limit: int
) -> float:
    """Return about how many of a bin's patients have a risk at or above a threshold.

    Exact at the bin's ends and beyond; between them, risks count as spread evenly about their mean,
    as far as the nearer end. Where a bin is larger than it had to be, it holds a step of 0.05 with
    many: all but twice the limit less one on either side count as within a step about the mean.

    Parameters
    ----------
    n, expected, low, high
        Of the bin, as :func:`group_risks` tells it.
    cut : float
        The threshold, 0 to 1.
    limit : int
        With which patients were counted.

    Returns
    -------
    float
        From 0 to `n`; need not be whole.

    Examples
    --------
    >>> [count_above(8, 2.8, 0.2, 0.6, cut=cut, limit=5) for cut in (0.2, 0.35, 0.5, 0.6)]
    [8.0, 4.0, 0.0, 0.0]
    """
    mean = float(np.clip(expected / n, low, high))
    half = min(mean - low, high - mean)
    if cut <= low:
        return float(n)
    if cut >= high:
        return 0.0
    close = max(0, n - 2 * (limit - 1))
    step = float(_EDGES[1]) / 2
    return close * _share_above(mean, min(half, step), cut) + (n - close) * _share_above(
        mean, half, cut
    )


def _share_above(mean: float, half: float, cut: float) -> float:
    if half <= 0:
        return float(cut <= mean)
    return float(np.clip((mean + half - cut) / (2 * half), 0.0, 1.0))
