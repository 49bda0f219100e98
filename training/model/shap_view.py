"""Explanations as the shap package's own object, for its pictures; the request path needs none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shap
from matplotlib.colors import LinearSegmentedColormap

from features.arrays import FloatArray
from training.document.style import BLUE, ORANGE, PaperFigure, make_axes, paper_style
from training.model.explanation import Attribution
from training.model.response_model import ResponseModel

__all__ = ["plot_summary", "to_shap"]


_BLUE_TO_ORANGE = LinearSegmentedColormap.from_list("blue to orange", [BLUE, ORANGE])


def to_shap(
    explanations: Sequence[Attribution],
    model: ResponseModel,
    values: FloatArray,
    *,
    group: Sequence[int] = (),
) -> shap.Explanation:
    """Return the explanations as the shap package's own object, for its pictures.

    Parameters
    ----------
    explanations : sequence of Attribution
        Of the same model, one for each row of `values`.
    model : ResponseModel
        Names the predictors and horizons.
    values : ndarray of shape (n, n_predictors)
        The raw predictors explained. They are a patient's values: the object is not to be kept.
    group : sequence of int
        Columns to be shown as one, the last, such as the assays of a panel; empty for each by
        itself.

    Returns
    -------
    shap.Explanation
        Values of shape (n, n_predictors, n_horizons); ``result[0, :, 0]`` is the first row at
        the first horizon, as ``shap.plots.waterfall`` takes it. A group has no value of its own,
        and 0 in its place: the pictures do not draw what is missing.
    """
    variables = model.predictor_variables
    shown = [
        [
            "missing" if np.isnan(value) else variable.decode(float(value))
            for variable, value in zip(variables, row, strict=True)
        ]
        for row in values
    ]
    moved = np.stack([explanation.contributions.T for explanation in explanations])
    data, display = np.asarray(values), np.array(shown, dtype=object)
    names = [variable.label for variable in variables]
    if len(group):
        alone = [j for j in range(len(names)) if j not in set(group)]
        together = moved[:, list(group)].sum(axis=1, keepdims=True)
        moved = np.concatenate([moved[:, alone], together], axis=1)
        data = np.column_stack([data[:, alone], np.zeros(len(data))])
        told = np.full(len(data), f"{len(group)} assays", dtype=object)
        display = np.column_stack([display[:, alone], told])
        names = [*(names[j] for j in alone), "microRNA panel"]
    return shap.Explanation(
        values=moved,
        base_values=np.stack([explanation.base for explanation in explanations]),
        data=data,
        display_data=display,
        feature_names=names,
        output_names=list(model.horizons),
    )


def plot_summary(explained: shap.Explanation) -> PaperFigure:
    """Draw shap's summary picture of one horizon: every row's contribution of each predictor.

    Parameters
    ----------
    explained : shap.Explanation
        Of shape (n, n_predictors), of rows that are no patients.
    """
    with paper_style():
        figure, axes = make_axes(width=6.4, height=1.3 + 0.34 * explained.shape[1])
        shap.plots.beeswarm(
            explained,
            ax=axes,
            show=False,
            plot_size=None,
            max_display=explained.shape[1],
            color=_BLUE_TO_ORANGE,
            color_bar_label="value",
        )
        axes.set_xlabel("contribution to the probability", fontsize=9)
        axes.tick_params(labelsize=9)
        bar = figure.axes[-1]
        bar.tick_params(labelsize=9)
        bar.set_ylabel("value of the predictor", fontsize=9)
    return figure
