"""What several centres agree on about a predictor before any of them looks at its patients.

Knots and scales that were learnt from rows tell of the rows. A basis made from these numbers
(:meth:`features.dictionary.transformers.PredictorBasis.from_agreed`) tells of nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray

__all__ = ["AgreedNumber", "AgreedShares", "draw_reference"]

_POINTS = 2000
"""Points of the reference distribution: mean and spread of a bend settle to four digits."""


@dataclass(frozen=True)
class AgreedNumber:
    """What is agreed on a numeric predictor.

    Parameters
    ----------
    low, high : float
        Smallest and largest value that counts, in the predictor's unit: one beyond is taken as
        the nearer of them.
    fill : float
        What a missing value becomes, in the predictor's unit.
    center, scale : float
        What is subtracted and then divided by (above 0): about mean and spread of such patients,
        on the scale on which the predictor enters a model, log(1 + x) where it has one.
    knots : tuple of float
        Of a restricted cubic spline, 3 or 4, rising, on that scale too; none keeps it straight.
    """

    low: float
    high: float
    fill: float
    center: float
    scale: float
    knots: tuple[float, ...] = ()


@dataclass(frozen=True)
class AgreedShares:
    """What is agreed on a yes/no predictor or a category: an entry for each value but the first.

    Parameters
    ----------
    share : tuple of float
        Share of patients with that value: what a missing value becomes.
    center, scale : tuple of float
        What is subtracted from its column of 0 and 1, and then divided by (above 0).
    """

    share: tuple[float, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]


def draw_reference(agreed: AgreedNumber, low: float, high: float) -> FloatArray:
    """Return values such as a predictor's might be: a normal with its center and scale, cut off.

    They are the quantiles of that distribution at evenly spaced shares: nothing is random.

    Parameters
    ----------
    agreed : AgreedNumber
        Center and scale.
    low, high : float
        Its ends, on the scale of the center.

    Returns
    -------
    ndarray of shape (n_points,)
        Rising, on the scale of the center.
    """
    from scipy.special import ndtr, ndtri

    below, above = ndtr((np.array([low, high]) - agreed.center) / agreed.scale)
    shares = (np.arange(_POINTS) + 0.5) / _POINTS
    values = agreed.center + agreed.scale * ndtri(below + shares * (above - below))
    return np.asarray(np.clip(values, low, high))
