"""Observed over expected events with an interval that holds from the first patient on.

The bootstrap of :func:`training.measures.performance.compute_performance` needs tens of patients of
either class: three responders of three have no resample that differs. Here the interval is read off
the distribution of the number of events itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit

from features.arrays import FloatArray
from training.measures.weighted import Interval, clipped_logit

__all__ = ["compute_event_distribution", "compute_o_e"]

_TAIL = 0.025
_FARTHEST = 30.0  # on the log-odds: nothing is told apart beyond


def compute_event_distribution(p: ArrayLike) -> FloatArray:
    """Return how probable each number of events is, when patient i has one with probability p[i].

    Parameters
    ----------
    p : array_like, shape (n,)
        Probabilities, 0 to 1.

    Returns
    -------
    ndarray, shape (n + 1,)
        Of 0, 1, ..., n events: the Poisson binomial distribution.

    Examples
    --------
    >>> compute_event_distribution([0.5, 0.5]).tolist()
    [0.25, 0.5, 0.25]
    """
    risk = np.asarray(p, dtype=np.float64)
    found = np.zeros(len(risk) + 1)
    found[0] = 1.0
    for i, r in enumerate(risk, start=1):
        found[1 : i + 1] = found[1 : i + 1] * (1 - r) + found[:i] * r
        found[0] *= 1 - r
    return found


def compute_o_e(y: ArrayLike, p: ArrayLike) -> Interval:
    """Return observed over expected events with an exact 95% interval.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none; nobody whose outcome is unknown.
    p : array_like, shape (n,)
        Predicted risks, 0 to 1.

    Returns
    -------
    Interval
        1 is ideal; above 1 the risks were too low. Its ends are the ratios at which all log-odds,
        moved alike, give so many events or more (lower end), or so few or fewer (upper end), with
        probability 2.5%: as Clopper and Pearson's interval of a share, which it is where all risks
        are alike, never too narrow and with few patients too wide. All NaN without patients.

    References
    ----------
    Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404.

    Examples
    --------
    >>> compute_o_e([1, 1, 1], [0.6, 0.6, 0.6])  # 0.29 / 0.6 to 1 / 0.6
    Interval(estimate=1.6666666666666667, low=0.4873362898096..., high=1.6666666666666667)
    """
    outcome, risk = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    expected = float(risk.sum())
    if not len(outcome) or not expected > 0:
        return Interval(np.nan, np.nan, np.nan)
    log_odds = clipped_logit(risk)
    events = int(outcome.sum())

    def tail(shift: float, *, upper: bool) -> float:
        likely = compute_event_distribution(expit(log_odds + shift))
        return float(likely[events:].sum() if upper else likely[: events + 1].sum()) - _TAIL

    low, high = 0.0, len(outcome) / expected
    if events > 0:
        found = brentq(lambda s: tail(s, upper=True), -_FARTHEST, _FARTHEST, xtol=1e-6)
        low = float(expit(log_odds + found).sum()) / expected
    if events < len(outcome):
        found = brentq(lambda s: tail(s, upper=False), -_FARTHEST, _FARTHEST, xtol=1e-6)
        high = float(expit(log_odds + found).sum()) / expected
    return Interval(events / expected, low, high)
