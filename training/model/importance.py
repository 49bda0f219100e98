"""How far each predictor moves the probability, over many rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from training.model.explanation import Attribution, Explainer
from training.model.response_model import ResponseModel

__all__ = ["explain_rows", "global_importance"]


def explain_rows(
    model: ResponseModel, X: FloatArray, *, group: Sequence[int] = (), seed: int = 0
) -> list[Attribution]:
    """Return one explanation for each row.

    Parameters
    ----------
    model : ResponseModel
        The model that is served.
    X : ndarray of shape (n, n_predictors)
        Rows to explain: the model's background, not patients, where the result is kept.
    group : sequence of int
        Columns that are one group, such as a panel's assays.
    seed : int
        Seed of the orders, where they are drawn.
    """
    explainer = Explainer(model, group=group, seed=seed)
    return [explainer.explain(x) for x in X]


def global_importance(model: ResponseModel, explanations: Sequence[Attribution]) -> pd.DataFrame:
    """Return how far each predictor moves the probability, on average.

    Parameters
    ----------
    model : ResponseModel
        Names the predictors and horizons.
    explanations : sequence of Attribution
        Of this model, at least one.

    Returns
    -------
    DataFrame
        One row per horizon and predictor: ``predictor``, ``horizon`` and
        ``mean_absolute_contribution``, in probability (0.05 is five percentage points). It tells
        how much the model uses a predictor, not whether the predictor matters to patients.

    Raises
    ------
    ValueError
        If there are no explanations.
    """
    if not explanations:
        raise ValueError("there must be at least one explanation")
    moved = np.mean([np.abs(each.contributions) for each in explanations], axis=0)
    return pd.DataFrame(
        {
            "predictor": list(model.predictors) * len(model.horizons),
            "horizon": np.repeat(model.horizons, len(model.predictors)),
            "mean_absolute_contribution": moved.ravel(),
        }
    )
