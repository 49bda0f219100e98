"""The charts that watch a model in use: which there are, and what each may spend on false alarms.

All of them share one budget, :data:`FALSE_ALARMS` for each patient: at most one false alarm is
expected in 20 years of 50 patients a year. The largest part is for what harms: fewer respond than
was estimated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from features.arrays import BoolArray, FloatArray, IntArray
from serving.monitoring.chart import Crossing, compute_chart, find_crossings, make_scores
from serving.monitoring.followed import Followed

__all__ = [
    "FALSE_ALARMS",
    "FIRST_REQUESTS",
    "O_E_WATCHED",
    "SHARES",
    "SHARES_ONE_HORIZON",
    "Chart",
    "ShareBefore",
    "compute_outcome_charts",
    "compute_request_charts",
    "compute_share_chart",
    "make_changed_risks",
]

FALSE_ALARMS = 1 / 1000
"""Expected false alarms for each patient, of all charts together, when nothing has changed."""

O_E_WATCHED = 0.7
"""The fall of observed over expected that the charts are made for: 7 respond where 10 should."""

SHARES = {
    "first_fewer": 0.90,
    "first_more": 0.015,
    "kept_fewer": 0.05,
    "kept_more": 0.005,
    "out_of_scope": 0.01,
    "missing": 0.01,
    "unlike": 0.01,
}
"""What part of the budget each chart has. Nearly all goes to what must not be missed: halving it
would see 8 in 100 falls fewer in time. The others wait a little longer: a chart with a twentieth of
the budget needs about three quarters more evidence, not twenty times as much."""

SHARES_ONE_HORIZON = {
    name: share + (SHARES["kept_fewer"] + SHARES["kept_more"]) * (name == "first_fewer")
    for name, share in SHARES.items()
    if not name.startswith("kept")
}
"""The same of a model with one horizon, which has nothing to keep."""

FIRST_REQUESTS = 30
"""So many requests tell how often one is out of scope, or lacks something, at this place."""

_ODDS_RATIO = 6.0
_SURE = 1e-6  # an estimate of 0 or 1 is taken as so unsure: what it rules out can be followed too
# Between these points of what a reference leaves open lies a share each. They are closer where it
# is high: an alarm is to be rarer than a reference that is off by much.
_EDGES = np.array(
    [0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99998, 1]
)


class ShareBefore(NamedTuple):
    """In how many of how many patients something was so where nothing has changed yet.

    Parameters
    ----------
    events, n : float
        Counts of the training cohort, or of an assumption that is worth so many patients.
    """

    events: float
    n: float


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart as it stands.

    Parameters
    ----------
    name : str
        Of :data:`SHARES`.
    horizon : str
        Whose outcomes it follows; empty where it follows requests.
    rate : float
        False alarms allowed for each of its steps.
    steps : DataFrame
        A row for each patient followed, in order: `row` in the arrays, `event`, `expected` (its
        probability when nothing changed), and `value`, `limit`, `crossed` of
        :func:`serving.monitoring.chart.compute_chart`.
    crossings : list of Crossing
        Each time the limit was crossed, by number of the step.
    """

    name: str
    horizon: str
    rate: float
    steps: pd.DataFrame
    crossings: list[Crossing] = field(default_factory=list)

    @property
    def n(self) -> int:
        """Patients followed."""
        return len(self.steps)

    @property
    def could_cross(self) -> bool:
        """Whether so many patients could have crossed the limit, whatever their outcomes."""
        return bool(np.isfinite(self.steps["limit"]).any())


def make_changed_risks(p: FloatArray, *, fewer: bool) -> FloatArray:
    """Return risks after the change that is watched for.

    Fewer: each risk times :data:`O_E_WATCHED`. More: as far the other way on the log-odds, since
    a risk above 0.7 cannot be multiplied by 1 / 0.7.
    """
    below = O_E_WATCHED * p
    if fewer:
        return below
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = (p / (1 - p)) ** 2 / (below / (1 - below))
        return np.where(p >= 1, 1.0, np.where(p <= 0, 0.0, odds / (1 + odds)))


def compute_outcome_charts(followed: Followed) -> list[Chart]:
    """Follow outcomes against estimates: two charts for each horizon, for fewer and for more.

    The second horizon is followed among those who had responded at the first, against the
    estimated probability that they keep it: what went wrong at the first is not counted twice, and
    a change of the second alone is seen sooner.
    """
    shares = SHARES if len(followed.horizons) > 1 else SHARES_ONE_HORIZON
    charts = []
    for part, horizon, rows, given in _find_streams(followed):
        p = np.clip(given, _SURE, 1 - _SURE)
        y = followed.outcome[horizon][rows]
        for way in ("fewer", "more"):
            name = f"{part}_{way}"
            scores = make_scores(p, make_changed_risks(p, fewer=way == "fewer"))
            rate = FALSE_ALARMS * shares[name]
            steps = compute_chart(y, p, scores, rate=rate)
            charts.append(_make_chart(name, horizon, rate, rows, y, p, steps))
    return charts


def _find_streams(followed: Followed) -> Iterator[tuple[str, str, IntArray, FloatArray]]:
    first, *later = followed.horizons
    rows = followed.find_order(first)
    yield "first", first, rows, followed.risk[first][rows]
    for horizon in later:
        rows = followed.find_order(horizon)
        rows = rows[followed.outcome[first][rows] == 1]
        ratio = followed.risk[horizon][rows] / np.maximum(followed.risk[first][rows], 1e-12)
        yield "kept", horizon, rows, np.minimum(ratio, 1.0)


def compute_request_charts(
    followed: Followed, *, unlike: BoolArray, reference: ShareBefore
) -> list[Chart]:
    """Follow who is asked about: out of scope, with predictors missing, unlike the training cohort.

    Only a rising share is watched for, an odds ratio of 6: 10% that become 40%. The share before a
    change is not known for certain: the limits hold on average over what the reference leaves open,
    the less favourable side of it.
    What is unlike is held against the training cohort. How often requests are out of scope or lack
    something depends on the place and is in no model: there the first :data:`FIRST_REQUESTS` are
    the reference, and those after them are followed.

    Parameters
    ----------
    followed : Followed
        What was asked.
    unlike : ndarray of bool, shape (n,)
        Who is unlike the training cohort (:mod:`serving.monitoring.typicality`).
    reference : ShareBefore
        How many of the training cohort are unlike the others.
    """
    shares = SHARES if len(followed.horizons) > 1 else SHARES_ONE_HORIZON
    inside = np.flatnonzero(followed.in_scope)
    watched: tuple[tuple[str, IntArray, BoolArray, ShareBefore | None], ...] = (
        ("out_of_scope", np.arange(len(followed)), ~followed.in_scope, None),
        ("missing", inside, followed.missing > 0, None),
        ("unlike", inside, unlike, reference),
    )
    charts = []
    for name, rows, event, known in watched:
        if known is None:
            begin, rows = rows[:FIRST_REQUESTS], rows[FIRST_REQUESTS:]
            reference = ShareBefore(float(event[begin].sum()), len(begin))
        charts.append(
            compute_share_chart(name, rows, event[rows].astype(np.float64), reference, shares[name])
        )
    return charts


def compute_share_chart(
    name: str, rows: IntArray, y: FloatArray, reference: ShareBefore, share: float
) -> Chart:
    """Follow a share of requests that was known before from some patients only.

    Parameters
    ----------
    name : str
        Of the chart.
    rows : ndarray of int, shape (n,)
        Who is followed, in order of time.
    y : ndarray, shape (n,)
        1 where it is so, 0 where not.
    reference : ShareBefore
        How often it was so before.
    share : float
        Part of the budget.
    """
    rate = FALSE_ALARMS * share
    possible, weights = _find_possible(reference)
    centre = np.full(len(y), weights @ possible)
    odds = _ODDS_RATIO * centre / (1 - centre)
    p = np.repeat(possible[:, None], len(y), axis=1)
    steps = compute_chart(y, p, make_scores(centre, odds / (1 + odds)), rate=rate, weights=weights)
    expected = np.full(len(y), (reference.events + 0.5) / (reference.n + 1))
    return _make_chart(name, "", rate, rows, y, expected, steps)


def _find_possible(reference: ShareBefore) -> tuple[FloatArray, FloatArray]:
    """Return shares that a reference leaves open, and how probable each is.

    The distribution of which Clopper and Pearson's upper limits are the quantiles: with Jeffreys'
    posterior a few in the reference gave four times as many false alarms as allowed.
    """
    yes, no = reference.events + 1, max(reference.n - reference.events, 0.5)
    return np.asarray(betaincinv(yes, no, (_EDGES[1:] + _EDGES[:-1]) / 2)), np.diff(_EDGES)


def _make_chart(
    name: str,
    horizon: str,
    rate: float,
    rows: IntArray,
    y: FloatArray,
    p: FloatArray,
    steps: pd.DataFrame,
) -> Chart:
    told = steps.assign(row=rows, event=y, expected=p)
    return Chart(name, horizon, rate, told, find_crossings(steps))
