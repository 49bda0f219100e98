"""Which assays are looked at: their scores beside the clinical estimate."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray, IntArray
from training.fitting.solvers import fit_intercept

__all__ = ["ASSAY_TOLERANCE", "compute_offset_risk", "compute_scores", "find_strongest", "screen"]


ASSAY_TOLERANCE = 1e-5
"""Largest change of a coefficient, in log-odds per standard deviation, at which a penalised fit of
assays rests: a panel has more assays than patients, and is fitted thousands of times."""


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


def screen(Z: FloatArray, y: FloatArray, offset: FloatArray, most: int) -> IntArray:
    """Return the `most` assays with the largest score beside the offset, in their order."""
    scores = np.abs(compute_scores(Z, y, offset))
    return np.sort(np.argsort(-scores, kind="stable")[:most]).astype(np.intp)


def find_strongest(Z: FloatArray, y: FloatArray, offset: FloatArray) -> float:
    """Return the largest gradient of the log loss by an assay, per patient."""
    return float(np.abs((y - compute_offset_risk(y, offset)) @ Z).max() / len(y))
