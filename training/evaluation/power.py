"""What this study would have found, had there been something to find: its power."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.dictionary.preprocessing import make_basis
from training.evaluation.design import Design
from training.fitting.response import TrainingData
from training.measures.power import compute_power

__all__ = ["compute_study_power"]


def compute_study_power(data: TrainingData, design: Design) -> dict[str, pd.DataFrame]:
    """Return how often a study of these patients finds a model, by how good the model is.

    Parameters
    ----------
    data : TrainingData
        Predictors as they are, missing ones filled as in every fit; of the outcomes only the
        number of responders counts.
    design : Design
        Folds and seed.

    Returns
    -------
    dict of str to DataFrame
        By horizon, of the patients with a known outcome there:
        :func:`training.measures.power.compute_power`.
    """
    found = {}
    for horizon, y in data.y.items():
        known = ~np.isnan(y)
        basis = make_basis(data.predictors).fit(data.X[known])
        found[horizon] = compute_power(
            basis.expand(data.X[known]),
            int(y[known].sum()),
            n_folds=design.resampling.folds,
            seed=design.seed,
        )
    return found
