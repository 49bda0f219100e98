"""Does a model tell patients apart at all? How far its estimates lie from one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray

__all__ = ["Spread", "compute_spread"]

_ROUNDING = 0.005
"""Estimates are read as whole percents: what lies closer than half of one is one number."""

_MIDDLE = (0.05, 0.95)


@dataclass(frozen=True)
class Spread:
    """How far the estimates of a model lie from one another.

    Parameters
    ----------
    mean : float
        Of the estimates, 0 to 1.
    low, high : float
        Between them lie nine of ten estimates; rounded to whole percents, for ends of few
        patients are single patients' estimates.
    constant : bool
        Whether everyone gets the same estimate, as it is read.
    """

    mean: float
    low: float
    high: float
    constant: bool


def compute_spread(p: FloatArray) -> Spread:
    """Say whether estimates differ, and how far.

    Parameters
    ----------
    p : ndarray of shape (n,)
        Estimates of patients, 0 to 1; at least one.

    Returns
    -------
    Spread
        Constant where all of them round to the same percent, or lie within half a percent.
    """
    low, high = np.round(np.quantile(p, _MIDDLE), 2)
    same = bool(np.ptp(p) < _ROUNDING) or len(np.unique(np.round(p, 2))) == 1
    return Spread(float(np.mean(p)), float(low), float(high), same)
