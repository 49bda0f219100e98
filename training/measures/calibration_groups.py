"""Observed shares in groups of predicted risk: calibration as a picture shows it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from features.shares import compute_wilson_interval

__all__ = ["compute_calibration_groups"]


_MIN_PER_GROUP = 10
_MOST_GROUPS = 10


def compute_calibration_groups(y: FloatArray, predictions: FloatArray) -> pd.DataFrame:
    """Compare observed shares with predicted risks in groups of patients of similar risk.

    Parameters
    ----------
    y : ndarray of shape (n,)
        1 event, 0 none, NaN unknown.
    predictions : ndarray of shape (n_repeats, n)
        Held-out risks; averaged over repeats for each patient.

    Returns
    -------
    DataFrame
        One row per group, of at least 10 patients and at most 10 groups (one group where there
        are fewer than 20 patients), with columns `predicted` (mean risk), `observed` (share of
        events), `low`, `high` (Wilson 95% interval of the share) and `n`. A well calibrated
        model has points near the diagonal; intervals this wide forgive much.
    """
    known = ~np.isnan(y)
    risk, outcome = predictions[:, known].mean(axis=0), y[known]
    n_groups = int(np.clip(len(outcome) // _MIN_PER_GROUP, 1, _MOST_GROUPS))
    rows = []
    for group in np.array_split(np.argsort(risk, kind="stable"), n_groups):
        events = int(outcome[group].sum())
        low, high = map(float, compute_wilson_interval(events, len(group)))
        rows.append((float(risk[group].mean()), events / len(group), low, high, len(group)))
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "n"])
