"""What each assay tells beside the clinical estimate: its score."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray
from training.fitting.solvers import fit_intercept

__all__ = ["compute_offset_risk", "compute_scores"]


def compute_offset_risk(y: FloatArray, offset: FloatArray) -> FloatArray:
    """Return the risks by the log-odds `offset` alone, shifted to the observed share of events."""
    return np.asarray(expit(offset + fit_intercept(offset, float(np.mean(y)))))


def compute_scores(Z: FloatArray, y: FloatArray, offset: FloatArray) -> FloatArray:
    """Return Rao's score statistic of each column, given a known part of the log-odds.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Standardised columns.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    offset : ndarray of shape (n,)
        Known part of the log-odds; an intercept is added to it.

    Returns
    -------
    ndarray of shape (n_columns,)
        Standard normal where a column tells nothing beyond the offset; positive where it goes
        with more events. Rao 1948, doi:10.1017/S0305004100023987.
    """
    risk = compute_offset_risk(y, offset)
    weight = risk * (1 - risk)
    center = weight @ Z / weight.sum()
    variance = weight @ (Z - center) ** 2
    return np.asarray((y - risk) @ Z / np.sqrt(np.maximum(variance, 1e-12)))
