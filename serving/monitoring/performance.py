"""How the estimates did so far: observed over expected, calibration and discrimination over time.

Nothing here raises an alarm. What so few patients cannot tell is left out with a note, which is
the normal state of a model's first year.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from features.arrays import BoolArray, FloatArray
from features.shares import FEWEST
from serving.monitoring.followed import Followed
from training.measures.discrimination import compute_auc_delong
from training.measures.observed_expected import compute_o_e
from training.measures.recalibration import compute_calibration
from training.measures.subgroups import EVERYONE, MIN_PER_CLASS, Subgroup
from training.measures.weighted import Interval

__all__ = [
    "BLOCK",
    "compute_blocks",
    "compute_o_e_course",
    "compute_performance_so_far",
    "compute_subgroup_o_e",
]

BLOCK = 25
"""Outcomes of one block of time."""

_SLOPE_SD = 0.5  # of the prior of a slope, around 1: most published models lie between 0.5 and 1.5
_WORTH = 10.0  # expected events: what the whole is worth when a subgroup is drawn toward it
_MOST_POINTS = 24
_Z95 = float(ndtri(0.975))


def compute_o_e_course(followed: Followed) -> pd.DataFrame:
    """Return observed over expected of all outcomes so far, as they came in.

    Returns
    -------
    DataFrame
        `horizon`; `n` outcomes so far (at most 24 points in time for each horizon); `at`, when
        the last of them was reported; `o_e` with its exact 95% interval `low` to `high`.
    """
    rows = []
    for horizon in followed.horizons:
        order = followed.find_order(horizon)
        ends = np.unique(np.linspace(min(FEWEST, len(order)), len(order), _MOST_POINTS).astype(int))
        for end in ends[ends >= FEWEST]:
            part = order[:end]
            found = compute_o_e(followed.outcome[horizon][part], followed.risk[horizon][part])
            rows.append((horizon, int(end), followed.reported[horizon][part[-1]], *found))
    return pd.DataFrame(rows, columns=["horizon", "n", "at", "o_e", "low", "high"])


def compute_blocks(followed: Followed) -> pd.DataFrame:
    """Return observed over expected in blocks of :data:`BLOCK` outcomes, in order of report.

    Returns
    -------
    DataFrame
        `horizon`, `block` (from 1), `first_at` and `last_at`, `n`, `observed`, `expected`, `o_e`,
        `low`, `high` (exact 95%), `auc` (None where either class has under 10). The last block of
        a horizon may hold fewer; one or two are counted to the block before.
    """
    rows = []
    for horizon in followed.horizons:
        order = followed.find_order(horizon)
        for start in range(0, len(order) - FEWEST + 1, BLOCK):
            end = start + BLOCK
            part = order[start : end if len(order) - end >= FEWEST else None]
            y, p = followed.outcome[horizon][part], followed.risk[horizon][part]
            times = followed.reported[horizon][part]
            auc = compute_auc_delong(y, p)[0] if _bears(y) else np.nan
            found = compute_o_e(y, p)
            counts = (len(part), int(y.sum()), float(p.sum()))
            rows.append((horizon, start // BLOCK + 1, times[0], times[-1], *counts, *found, auc))
    columns = ["horizon", "block", "first_at", "last_at", "n", "observed", "expected"]
    return pd.DataFrame(rows, columns=[*columns, "o_e", "low", "high", "auc"])


def compute_performance_so_far(followed: Followed) -> pd.DataFrame:
    """Return what all outcomes so far say of the estimates, as far as so many can.

    Returns
    -------
    DataFrame
        Two rows or more for each horizon: `horizon`; `metric`: o_e (exact interval, from the first
        outcome on), and, from 10 responders and 10 nonresponders on, calibration_in_the_large,
        calibration_slope, calibration_slope_shrunken and auc; `estimate`, `low`, `high` (95%);
        `n`, `events`; `note`, why there is no number. The shrunken slope is the one a reader
        should believe: the slope drawn toward 1, with a standard deviation of 0.5, as far as the
        patients leave it open.
    """
    rows = []
    for horizon in followed.horizons:
        order = followed.find_order(horizon)
        y, p = followed.outcome[horizon][order], followed.risk[horizon][order]
        counts = (len(y), int(y.sum()))
        note = "" if len(y) else "no outcome yet"
        rows.append((horizon, "o_e", *compute_o_e(y, p), *counts, note))
        for metric, found in _compute_fitted(y, p).items():
            note = "" if np.isfinite(found[0]) else _say_why(y, p)
            rows.append((horizon, metric, *found, *counts, note))
    columns = ["horizon", "metric", "estimate", "low", "high", "n", "events", "note"]
    return pd.DataFrame(rows, columns=columns)


def _bears(y: FloatArray) -> bool:
    """Return whether there are enough of either class to fit anything."""
    return min(int(y.sum()), int((1 - y).sum())) >= MIN_PER_CLASS


def _say_why(y: FloatArray, p: FloatArray) -> str:
    if not _bears(y):
        return f"too few to say: under {MIN_PER_CLASS} responders or nonresponders"
    return "the estimates do not differ" if _is_constant(p) else "the estimates separate them"


def _is_constant(p: FloatArray) -> bool:
    return bool(np.ptp(p) < 1e-9)


def _compute_fitted(y: FloatArray, p: FloatArray) -> dict[str, Interval]:
    nothing = Interval(np.nan, np.nan, np.nan)
    names = ("calibration_in_the_large", "calibration_slope", "calibration_slope_shrunken", "auc")
    if not _bears(y):
        return dict.fromkeys(names, nothing)
    found = compute_calibration(y, p)
    flat = _is_constant(p)
    auc = nothing if flat else Interval(*compute_auc_delong(y, p)[:3])
    slope = nothing if flat else found.slope
    values = (found.in_the_large, slope, _shrink_slope(slope), auc)
    return dict(zip(names, values, strict=True))


def _shrink_slope(slope: Interval) -> Interval:
    error = (slope.high - slope.low) / (2 * _Z95)
    weight = _SLOPE_SD**2 / (_SLOPE_SD**2 + error**2)
    middle, half = 1 + weight * (slope.estimate - 1), _Z95 * float(np.sqrt(weight)) * error
    return Interval(middle, middle - half, middle + half)


def compute_subgroup_o_e(followed: Followed, subgroups: list[Subgroup]) -> pd.DataFrame:
    """Return observed over expected in parts of the patients, each drawn toward the whole.

    Parameters
    ----------
    followed : Followed
        What was asked and became of it.
    subgroups : list of Subgroup
        From :func:`training.measures.subgroups.make_subgroups`, of the same rows.

    Returns
    -------
    DataFrame
        For each horizon everyone and each subgroup: `horizon`, `variable`, `subgroup`, `n` known
        outcomes, `observed`, `expected`, `o_e`, `low`, `high` (exact 95%), `shrunken` (drawn
        toward everyone's, which is worth ten expected events); `hidden`, whether the numbers of
        fewer than three patients, or of parts they could be worked out from, are left out (NaN).
        Nobody is judged by a subgroup: with many parts one interval in twenty misses by chance.
    """
    rows = []
    for horizon in followed.horizons:
        known = followed.is_known(horizon)
        if not known.any():
            continue
        hidden = _find_hidden(subgroups, known)
        whole = compute_o_e(followed.outcome[horizon][known], followed.risk[horizon][known])
        everyone = Subgroup(EVERYONE, "", np.ones(len(known), dtype=np.bool_))
        for one in (everyone, *subgroups):
            here = known & one.members
            y, p = followed.outcome[horizon][here], followed.risk[horizon][here]
            head = (horizon, one.variable, one.name)
            few = here.sum() < FEWEST or (one is not everyone and one.variable in hidden)
            if few:
                rows.append((*head, *[np.nan] * 7, True))
                continue
            shrunken = (y.sum() + _WORTH * whole.estimate) / (p.sum() + _WORTH)
            counts = (len(y), float(y.sum()), float(p.sum()))
            rows.append((*head, *counts, *compute_o_e(y, p), shrunken, False))
    columns = ["horizon", "variable", "subgroup", "n", "observed", "expected", "o_e"]
    return pd.DataFrame(rows, columns=[*columns, "low", "high", "shrunken", "hidden"])


def _find_hidden(subgroups: list[Subgroup], known: BoolArray) -> set[str]:
    """Return variables one part of which, or who is in none, is of one or two: told by the rest."""
    others: dict[str, BoolArray] = {}
    for one in subgroups:
        others[one.variable] = others.get(one.variable, known) & ~one.members
    parts = [(one.variable, one.members & known) for one in subgroups]
    return {name for name, part in (*parts, *others.items()) if 0 < part.sum() < FEWEST}
