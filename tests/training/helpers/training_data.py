"""Labelled patients as arrays, drawn with a known risk."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from features.dictionary.contract import CONTRACT
from training.fitting.response import TrainingData


def make_training_data(n: int, seed: int, *, seen: float = 0.85, horizons: int = 2) -> TrainingData:
    """Return synthetic patients with two predictors; some responders not seen at T2."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.clip(rng.normal(7, 2, n), 0, 10), (rng.random(n) < 0.5) * 1.0])
    t1 = (rng.random(n) < expit(0.6 * (X[:, 0] - 6.3))).astype(float)
    keeps = (rng.random(n) < expit(1.2 - X[:, 1])).astype(float)
    keeps[rng.random(n) > seen] = np.nan
    kept = np.where(t1 == 1, keeps, np.nan)
    y = {"t1": t1, "t2": np.where(t1 == 1, kept, 0.0)}
    names = ("t1", "t2")[:horizons]
    if horizons == 1:
        kept = np.full(n, np.nan)
    return TrainingData(
        X,
        (CONTRACT["nrs_t0"], CONTRACT["opioid"]),
        names,
        {h: y[h] for h in names},
        kept,
        np.arange(n),
    )
