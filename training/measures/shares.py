"""Shares of patients with their sampling error."""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from features.arrays import FloatArray

__all__ = ["compute_product_of_shares", "compute_wilson"]


def compute_wilson(events: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of a share.

    Parameters
    ----------
    events, n : int
        Events among n; n at least 1.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    interval = binomtest(events, n).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def compute_product_of_shares(*outcomes: FloatArray) -> tuple[float, float, float]:
    """Return the product of independent shares with its 95% interval.

    Parameters
    ----------
    *outcomes : ndarray
        Each 1, 0 or NaN (unknown, left out), with at least one event.

    Returns
    -------
    tuple of (float, float, float)
        Product, lower and upper limit, by the delta method on the log scale.
    """
    known = [y[~np.isnan(y)] for y in outcomes]
    product = float(np.prod([y.mean() for y in known]))
    error = 1.96 * float(np.sqrt(sum((1 - y.mean()) / y.sum() for y in known)))
    return product, product * float(np.exp(-error)), min(1.0, product * float(np.exp(error)))
