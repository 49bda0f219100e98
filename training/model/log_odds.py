"""From log-odds to probabilities: the one place where it is done for a frozen model."""

from __future__ import annotations

import numpy as np

from features.arrays import FloatArray

__all__ = ["to_probability"]


def to_probability(log_odds: FloatArray, *, out: FloatArray | None = None) -> FloatArray:
    """Return ``1 / (1 + exp(-log_odds))``, of any shape; `scipy.special.expit` but for a last bit.

    numpy takes several exponentials at once, where the processor can: explanations need thousands.
    The same for a number alone and among others.

    Parameters
    ----------
    log_odds : ndarray
        Any size; far below 0 it gives 0, without a warning.
    out : ndarray or None
        Where the probabilities go; may be `log_odds` itself.
    """
    found = np.negative(log_odds, out=out)
    with np.errstate(over="ignore"):
        np.exp(found, out=found)
    found += 1.0
    return np.asarray(np.reciprocal(found, out=found))
