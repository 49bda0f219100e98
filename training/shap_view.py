"""Explanations as the shap package's own object, for its pictures; the request path needs none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shap
from numpy.typing import NDArray

from training.explanation import Explanation
from training.response_model import ResponseModel

__all__ = ["to_shap"]

FloatArray = NDArray[np.float64]


def to_shap(
    explanations: Sequence[Explanation], model: ResponseModel, values: FloatArray
) -> shap.Explanation:
    """Return the explanations as the shap package's own object, for its pictures.

    Parameters
    ----------
    explanations : sequence of Explanation
        Of the same model, one for each row of `values`.
    model : ResponseModel
        Names the predictors and horizons.
    values : ndarray of shape (n, n_predictors)
        The raw predictors explained. They are a patient's values: the object is not to be kept.

    Returns
    -------
    shap.Explanation
        Values of shape (n, n_predictors, n_horizons); ``result[0, :, 0]`` is the first row at
        the first horizon, as ``shap.plots.waterfall`` takes it.
    """
    variables = model.predictor_variables
    shown = [
        [
            "missing" if np.isnan(value) else variable.decode(float(value))
            for variable, value in zip(variables, row, strict=True)
        ]
        for row in values
    ]
    return shap.Explanation(
        values=np.stack([explanation.contributions.T for explanation in explanations]),
        base_values=np.stack([explanation.base for explanation in explanations]),
        data=np.asarray(values),
        display_data=np.array(shown, dtype=object),
        feature_names=[variable.label for variable in variables],
        output_names=list(model.horizons),
    )
