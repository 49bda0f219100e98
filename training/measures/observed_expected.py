"""Observed over expected events with an interval that holds from the first patient on.

The bootstrap of :func:`training.measures.performance.compute_performance` needs tens of patients of
either class: three responders of three have no resample that differs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from training.measures.weighted import Interval

__all__ = ["compute_o_e"]


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
        1 is ideal; above 1 the risks were too low. Its ends are those of Clopper and Pearson's
        interval of the share of events, over the mean risk. It is never too narrow, whatever the
        true risks are: where they differ between patients, the number of events varies less than
        where all are alike (Hoeffding); with few patients it is too wide. All NaN without patients.

    References
    ----------
    Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404; Hoeffding 1956,
    doi:10.1214/aoms/1177728178.

    Examples
    --------
    >>> compute_o_e([1, 1, 1], [0.6, 0.6, 0.6])  # 0.29 / 0.6 to 1 / 0.6
    Interval(estimate=1.666666666666666..., low=0.48733669..., high=1.666666666666666...)
    """
    outcome, risk = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    expected = float(risk.sum())
    if not len(outcome) or not expected > 0:
        return Interval(np.nan, np.nan, np.nan)
    events, n = int(outcome.sum()), len(outcome)
    # Clopper and Pearson's by hand: a service, which tells such ratios, would wait a quarter of a
    # second for scipy.stats.
    low = float(betaincinv(events, n - events + 1, 0.025)) if events else 0.0
    high = float(betaincinv(events + 1, n - events, 0.975)) if events < n else 1.0
    return Interval(events / expected, low * n / expected, high * n / expected)
