"""Which assays a model selects: counts and summaries, no sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.document.style import (
    BLUE,
    GREY,
    LIGHT,
    PaperFigure,
    make_axes,
    paper_style,
    set_title,
)

__all__ = ["plot_selection"]

_MOST_ASSAYS = 25


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
    places = np.arange(len(shown))[::-1]
    with paper_style():
        figure, axes = make_axes(width=7.0, height=1.2 + 0.21 * len(shown))
        axes.hlines(places, 0, 100, color=LIGHT, linewidth=0.8)
        served = shown["coefficient"].to_numpy() != 0
        for column, colour, marker, label in (
            ("half_samples", GREY, "o", "half samples of all patients"),
            ("folds", BLUE, "D", "fits of the cross-validation"),
        ):
            axes.plot(
                100 * shown[column],
                places,
                marker,
                color=colour,
                markersize=5,
                alpha=0.85,
                label=label,
            )
        names = [
            f"{name}  (in the model)" if own else name
            for name, own in zip(shown["assay"], served, strict=True)
        ]
        axes.set_yticks(places, names, fontsize=7.5)
        axes.set(xlim=(-2, 102), ylim=(-0.7, len(shown) - 0.3), xlabel="selected in, %")
        set_title(axes, "Stability of the selection")
        axes.legend(
            fontsize=8, loc="lower right", frameon=True, facecolor="white", edgecolor="none"
        )
    return figure
