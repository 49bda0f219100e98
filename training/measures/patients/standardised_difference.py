"""How sure a standardised difference of two groups is, and how often luck alone passes 0.1.

Two random halves of the same patients differ as well, the more so the fewer they are: a difference
above 0.1 is a sign that two groups are unlike only where groups of these sizes seldom show one.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2, norm

__all__ = ["compute_chance_beyond", "compute_smd_interval"]

_MARK = 0.1
"""The standardised difference above which groups are usually called unlike."""

_Z = float(norm.ppf(0.975))


def compute_chance_beyond(
    first: int, second: int, *, n_levels: int = 2, mark: float = _MARK
) -> float:
    """Return how often two groups from the same population differ by more than a mark.

    Parameters
    ----------
    first, second : int
        Known values in each group.
    n_levels : int
        Levels of a category; 2 for a yes or no, and for a number.
    mark : float
        Of the standardised difference, whatever its sign.

    Returns
    -------
    float
        From 0 to 1. The square of the difference, over 1 / first + 1 / second, has the chi-square
        distribution with one degree of freedom less than there are levels, in large groups.

    Examples
    --------
    >>> round(compute_chance_beyond(17, 135), 2)
    0.7
    """
    return float(chi2.sf(mark**2 / (1 / first + 1 / second), n_levels - 1))


def compute_smd_interval(
    difference: float, first: int, second: int, *, n_levels: int | None = None
) -> tuple[float, float]:
    """Return the 95% interval of a standardised difference.

    Parameters
    ----------
    difference : float
        Of means over the pooled SD, with its sign; of shares without one.
    first, second : int
        Known values in each group.
    n_levels : int or None
        Levels of a category, 2 for a yes or no; None for a number.

    Returns
    -------
    low, high : float
        The difference and 1.96 standard errors (Hedges and Olkin) to each side; approximate, and
        for rare levels (a share of 0.1 in groups of 50) it holds in some 91%. A difference of
        shares is never below 0 and lies too high by chance, the more so the more levels there
        are: its lower end is that of a noncentral chi-square, 0 where there may be none.

    References
    ----------
    Hedges and Olkin 1985, Statistical Methods for Meta-Analysis. Yang and Dalton 2012, SAS Global
    Forum, paper 335-2012 (shares).
    """
    error = float(np.sqrt(1 / first + 1 / second + difference**2 / (2 * (first + second))))
    high = difference + _Z * error
    if n_levels is None:
        return difference - _Z * error, high
    squared, df = (difference / error) ** 2, n_levels - 1

    def surplus(noncentrality: float) -> float:
        return float(ncx2.cdf(squared, df, noncentrality)) - 0.975

    if chi2.cdf(squared, df) <= 0.975:
        return 0.0, high
    return float(np.sqrt(brentq(surplus, 1e-12, squared + 1.0))) * error, high
