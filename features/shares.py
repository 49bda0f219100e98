"""Shares of patients: how sure they are, and from how many patients on they are told."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from features.arrays import FloatArray

__all__ = ["FEWEST", "compute_product_of_shares", "compute_wilson_interval", "format_count"]

FEWEST = 3
"""Patients below which nothing is summarised: the summary would be a patient's own value."""

# The 97.5% point of the normal distribution, scipy's ndtri(0.975) bit for bit. Written down, since
# a cohort file is checked in less time than scipy takes to be imported.
_Z95 = 1.959963984540054


def format_count(count: int, *, exact: bool = False) -> str:
    """Return a number of patients; below the fewest that are told, only that it is below."""
    return str(count) if exact or count >= FEWEST else f"fewer than {FEWEST}"


def compute_wilson_interval(events: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's 95% interval of a share.

    Parameters
    ----------
    events, n : array_like of one shape
        Events among n patients; or weighted counts of an effective sample size, which need not
        be whole.

    Returns
    -------
    low, high : ndarray
        In [0, 1]; NaN where `n` is 0. It holds the sampling error of the patients who were
        counted, and nothing else: not who was left out, nor how another centre differs.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    # By hand: scipy's binomtest knows whole numbers only, one at a time, and serving, which tells
    # published shares, runs without statsmodels.
    total = np.asarray(n, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.asarray(events, dtype=np.float64) / total
        centre = share + _Z95**2 / (2 * total)
        half = _Z95 * np.sqrt(share * (1 - share) / total + _Z95**2 / (4 * total**2))
        scale = 1 + _Z95**2 / total
        return np.clip((centre - half) / scale, 0, 1), np.clip((centre + half) / scale, 0, 1)


def compute_product_of_shares(*outcomes: FloatArray) -> tuple[float, float, float]:
    """Return the product of independent shares with its 95% interval.

    Parameters
    ----------
    *outcomes : ndarray of shape (n_i,)
        Each 1, 0 or NaN (unknown, left out), with at least one event.

    Returns
    -------
    product, low, high : float
        In [0, 1], by the delta method on the log scale.
    """
    known = [y[~np.isnan(y)] for y in outcomes]
    product = float(np.prod([y.mean() for y in known]))
    error = 1.96 * float(np.sqrt(sum((1 - y.mean()) / y.sum() for y in known)))
    return product, product * float(np.exp(-error)), min(1.0, product * float(np.exp(error)))
