"""How many patients got which risk."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.arrays import FloatArray

__all__ = ["compute_risk_histogram"]


_BINS = 20


def compute_risk_histogram(y: FloatArray, p: FloatArray) -> pd.DataFrame:
    """Count predicted risks by outcome, in twentieths.

    Parameters
    ----------
    y : ndarray of shape (n,)
        1 event, 0 none, NaN unknown.
    p : ndarray of shape (n,)
        Risks, 0 to 1.

    Returns
    -------
    DataFrame
        One row per interval from `low` to `high`: `events`, `non_events`, `unknown`.
    """
    edges = np.linspace(0, 1, _BINS + 1)
    counts = {
        name: np.histogram(p[chosen], bins=edges)[0]
        for name, chosen in (("events", y == 1), ("non_events", y == 0), ("unknown", np.isnan(y)))
    }
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], **counts})
