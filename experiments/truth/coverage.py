"""Whether intervals hold the true risk: over all new patients, by tenth of it, among the rarest."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from features.arrays import FloatArray, IntArray

__all__ = ["TENTHS", "assign_tenths", "compute_coverage", "compute_rarity"]

TENTHS = tuple(f"coverage_{tenth}" for tenth in range(1, 11))
"""Names of the coverage in each tenth of the true risk, from the lowest."""


def assign_tenths(risk: FloatArray) -> IntArray:
    """Return each patient's tenth of the true risk, 0 to 9.

    Patients of one and the same risk stay together, in the tenth that the middle of them falls
    into: where two risks are all there are, two tenths are not empty.
    """
    return np.asarray((rankdata(risk) - 0.5) / len(risk) * 10, dtype=np.intp)


def compute_rarity(Z: FloatArray, Z_new: FloatArray) -> FloatArray:
    """Return how far new patients are from a cohort's centre, by Mahalanobis.

    Parameters
    ----------
    Z, Z_new : ndarray of shapes (n, n_columns) and (n_new, n_columns)
        The predictors' columns (gaps filled, on one scale) of the cohort and of new patients.

    Returns
    -------
    ndarray of shape (n_new,)
        Distances in standard deviations. One patient's worth of independent columns of variance 1
        is added to the cohort's covariance, so that what never varied in the cohort counts as
        rare and not as nothing.
    """
    n, p = Z.shape
    spread = np.cov(Z.T, ddof=0).reshape(p, p) + np.eye(p) / n
    away = Z_new - Z.mean(axis=0)
    return np.asarray(np.sqrt(np.sum(away * np.linalg.solve(spread, away.T).T, axis=1)))


def compute_coverage(
    risk: FloatArray, interval: FloatArray, rarity: FloatArray | None = None
) -> dict[str, float]:
    """Judge new patients' intervals against their true risks.

    Parameters
    ----------
    risk : ndarray of shape (n_new,)
        True risks.
    interval : ndarray of shape (n_new, 2)
        Each patient's interval.
    rarity : ndarray of shape (n_new,) or None
        How far each patient is from the cohort's centre.

    Returns
    -------
    dict
        `coverage`, share of the intervals that hold the true risk; `width`, their mean width;
        `coverage_1` to `coverage_10`, the share in each tenth of the true risk (NaN in one that
        is empty, see :func:`assign_tenths`); `coverage_rarest`, among the tenth of patients that
        are farthest from the cohort's centre (NaN without `rarity`).
    """
    low, high = interval.T
    holds = (low <= risk) & (risk <= high)
    count = np.bincount(assign_tenths(risk), minlength=10)
    held = np.bincount(assign_tenths(risk), weights=holds, minlength=10)
    by_tenth = np.divide(held, count, out=np.full(10, np.nan), where=count > 0)
    rarest = np.nan
    if rarity is not None:
        farthest = np.argsort(-rarity, kind="stable")[: -(-len(risk) // 10)]
        rarest = float(holds[farthest].mean())
    return {
        "coverage": float(holds.mean()),
        "width": float(np.mean(high - low)),
        **dict(zip(TENTHS, by_tenth.tolist(), strict=True)),
        "coverage_rarest": rarest,
    }
