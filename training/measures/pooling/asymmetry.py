"""Whether small studies show other effects than large ones: tests of a funnel's asymmetry.

statsmodels, scipy and PyMARE have neither test; both are a regression and a rank correlation of
scipy's.

References
----------
Egger 1997, doi:10.1136/bmj.315.7109.629. Begg and Mazumdar 1994, doi:10.2307/2533446.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from training.measures.pooling.meta_analysis import check_effects

__all__ = ["compute_begg_test", "compute_egger_test"]


@dataclass(frozen=True)
class AsymmetryTest:
    """A test for a funnel that leans to one side.

    A small p value says that small studies show other effects than large ones. Publication bias
    is one reason; others are real differences and spreads that are wrong in print. With under
    ten studies these tests find little.

    Attributes
    ----------
    statistic : float
        Egger: the intercept of effect / SE on 1 / SE. Begg: Kendall's tau.
    p_value : float
        Two-sided.
    """

    statistic: float
    p_value: float


def compute_egger_test(effects: ArrayLike, variances: ArrayLike) -> AsymmetryTest:
    """Regress effect / SE on 1 / SE (Egger 1997).

    Parameters
    ----------
    effects, variances : array-like of shape (k,)
        k at least 3.

    Returns
    -------
    AsymmetryTest
        The intercept, 0 where small and large studies agree, and its p value (t, k - 2).

    Raises
    ------
    ValueError
        If there are fewer than three studies, all are of one size, or a variance is not above 0.
    """
    y, v = check_effects(effects, variances, least=3)
    error = np.sqrt(v)
    if np.ptp(error) == 0:
        raise ValueError("variances: expected studies of different precision, got one for all")
    line = stats.linregress(1 / error, y / error)
    t = line.intercept / line.intercept_stderr
    return AsymmetryTest(float(line.intercept), float(2 * stats.t.sf(abs(t), len(y) - 2)))


def compute_begg_test(effects: ArrayLike, variances: ArrayLike) -> AsymmetryTest:
    """Correlate the standardised effects with their variances by rank (Begg 1994).

    Parameters
    ----------
    effects, variances : array-like of shape (k,)
        k at least 3.

    Returns
    -------
    AsymmetryTest
        Kendall's tau, exact where there are no ties.

    Raises
    ------
    ValueError
        If there are fewer than three studies, all are of one size, or a variance is not above 0.
    """
    y, v = check_effects(effects, variances, least=3)
    if np.ptp(v) == 0:
        raise ValueError("variances: expected studies of different precision, got one for all")
    centre = np.average(y, weights=1 / v)
    standardised = (y - centre) / np.sqrt(v - 1 / np.sum(1 / v))
    result = stats.kendalltau(standardised, v)
    return AsymmetryTest(float(result.statistic), float(result.pvalue))
