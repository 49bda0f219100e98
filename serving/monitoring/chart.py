"""Whether something has changed: a chart of yes-or-no events whose probabilities are known.

A cumulative sum of log-likelihood ratios of a change against none (Steiner 2000), with limits that
are computed anew at each step from the very probabilities that came, so that they hold for any mix
of patients and from the first one on (Zhang and Woodall 2015). Scores are rounded to a grid, on
which the distribution of the sum under "nothing changed" is computed exactly: no simulation, no
seed, and no number of patients below which the limits would be a guess.

References
----------
Page 1954, doi:10.1093/biomet/41.1-2.100; Moustakides 1986, doi:10.1214/aos/1176350164 (no chart
sees a change sooner at worst); Steiner 2000, doi:10.1093/biostatistics/1.4.441; Zhang and Woodall
2015, doi:10.1002/sim.6379.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.arrays import FloatArray, IntArray

__all__ = ["STEP", "Crossing", "compute_chart", "find_crossings", "make_scores"]

STEP = 0.01
"""Scores are rounded to it, in nats: the limits are those of the rounded scores, exactly."""

_TOP = round(40.0 / STEP)  # what passes it is counted there
_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Scores:
    """What an event, and none, adds to the sum at each step, in steps of :data:`STEP`.

    Parameters
    ----------
    event, none : ndarray of int, shape (n,)
    """

    event: IntArray
    none: IntArray


@dataclass(frozen=True)
class Crossing:
    """One time that a chart crossed its limit.

    Parameters
    ----------
    at : int
        The step, from 0, at which it did.
    since : int
        The first step after the sum last stood at 0: the most likely time of the change, had
        there been one; with tens of patients it can be off by tens.
    """

    at: int
    since: int


def make_scores(p: ArrayLike, changed: ArrayLike) -> Scores:
    """Return the rounded log-likelihood ratios of a change.

    Parameters
    ----------
    p, changed : array_like, shape (n,)
        Probability of the event when nothing changed, and after the change.
    """
    before = np.clip(np.asarray(p, dtype=np.float64), _TINY, 1 - _TINY)
    after = np.clip(np.asarray(changed, dtype=np.float64), _TINY, 1 - _TINY)
    return Scores(
        np.rint(np.log(after / before) / STEP).astype(np.int64),
        np.rint(np.log((1 - after) / (1 - before)) / STEP).astype(np.int64),
    )


def compute_chart(
    y: ArrayLike, p: ArrayLike, scores: Scores, *, rate: float, weights: ArrayLike | None = None
) -> pd.DataFrame:
    """Follow events in order of time against limits that hold when nothing changed.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, in order of time.
    p : array_like, shape (n,) or (n_possible, n)
        Probabilities of the event when nothing changed. Where they are not known for certain, a
        row for each way they may be.
    scores : Scores
        From :func:`make_scores`.
    rate : float
        The false alarms allowed for each step: the probability of one by the n-th step after a
        start is at most n times it, for every n. What discrete sums leave unused early is
        allowed later.
    weights : array_like, shape (n_possible,), optional
        How probable each row of `p` is; alike when not given. The rate holds on average over them.

    Returns
    -------
    DataFrame
        A row for each step: `value` of the sum, at least 0; `limit`, infinite while no outcomes
        could cross it; `crossed`, whether the sum reached it. After a crossing the sum starts
        again at 0, and so do the limits.

    Examples
    --------
    >>> p = np.full(12, 0.6)
    >>> chart = compute_chart(np.zeros(12), p, make_scores(p, 0.7 * p), rate=0.001)
    >>> int(chart["crossed"].argmax()) + 1  # 0.4 ** 8 = 0.0007, below 0.001 x 8 as 0.4 ** 6 is
    6
    """
    outcome = np.asarray(y, dtype=np.float64) == 1
    possible = np.atleast_2d(np.asarray(p, dtype=np.float64))
    weight = np.ones(len(possible)) if weights is None else np.asarray(weights, dtype=np.float64)
    start = (weight / weight.sum())[:, None]  # all at 0; cells that nothing reaches are left out
    likely, allowed, value = start, 0.0, 0
    rows = []
    for t in range(possible.shape[1]):
        event, none = int(scores.event[t]), int(scores.none[t])
        allowed += rate * likely.sum()
        likely = _move(likely, possible[:, t], event, none)
        above = np.cumsum(likely.sum(axis=0)[::-1])[::-1]
        limit = int(np.searchsorted(-above, -allowed))  # the lowest that is reached seldom enough
        value = min(max(0, value + (event if outcome[t] else none)), _TOP)
        reachable = limit < len(above) and above[limit] > 0
        crossed = reachable and value >= limit
        rows.append((value * STEP, limit * STEP if reachable else np.inf, crossed))
        if crossed:
            likely, allowed, value = start, 0.0, 0
        else:
            allowed -= float(above[limit]) if reachable else 0.0
            likely = likely[:, : max(1, limit)]
    columns = {"value": np.float64, "limit": np.float64, "crossed": np.bool_}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def find_crossings(chart: pd.DataFrame) -> list[Crossing]:
    """Return each time that a chart of :func:`compute_chart` crossed its limit."""
    found, since = [], 0
    for t, (value, crossed) in enumerate(zip(chart["value"], chart["crossed"], strict=True)):
        if crossed:
            found.append(Crossing(t, since))
        if crossed or value == 0:
            since = t + 1
    return found


def _move(likely: FloatArray, p: FloatArray, event: int, none: int) -> FloatArray:
    """Return the distribution of the sums after one more patient; both ends hold what passes."""
    size = likely.shape[1]
    moved = np.zeros((len(likely), min(_TOP + 1, size + max(event, none, 0))))
    for score, share in ((event, p), (none, 1 - p)):
        part = likely * share[:, None]
        below, room = max(0, -score), moved.shape[1] - max(0, score)
        moved[:, 0] += part[:, :below].sum(axis=1)
        moved[:, -1] += part[:, max(room, below) :].sum(axis=1)
        inside = part[:, below : max(room, below)]
        start = max(0, score)
        moved[:, start : start + inside.shape[1]] += inside
    return moved
