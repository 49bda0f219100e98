"""Which assays a model selects: counts and summaries, no sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from training.document.style import (
    BLUE,
    GREY,
    LIGHT,
    PaperFigure,
    make_axes,
    name_rows,
    paper_style,
)

__all__ = ["plot_selection"]

_MOST_ASSAYS = 25


@paper_style()
def plot_selection(assays: pd.DataFrame) -> PaperFigure:
    """Draw how often each assay is selected when the patients are others.

    Parameters
    ----------
    assays : DataFrame
        :func:`training.panel.assays.compute_assay_table`; the 25 that are selected most often
        are drawn.
    """
    shown = assays.sort_values(
        ["folds", "half_samples", "p_value"], ascending=[False, False, True]
    ).head(_MOST_ASSAYS)
    places = np.arange(len(shown))
    figure, axes = make_axes(width=7.0, height=1.2 + 0.21 * len(shown))
    axes.hlines(places, 0, 100, color=LIGHT, linewidth=0.8)
    for column, colour, marker, label in (
        ("half_samples", GREY, "o", "half samples of all patients"),
        ("folds", BLUE, "D", "fits of the cross-validation"),
    ):
        style: dict[str, Any] = {"color": colour, "markersize": 5, "alpha": 0.85}
        axes.plot(100 * shown[column], places, marker, label=label, **style)
    mark = np.where(shown["coefficient"] != 0, "  (in the model)", "")
    name_rows(axes, (shown["assay"] + mark).tolist(), fontsize=7.5)
    axes.set(xlim=(-2, 102), xlabel="selected in, %")
    axes.legend(loc="lower right", frameon=True, facecolor="white", edgecolor="none")
    return figure
