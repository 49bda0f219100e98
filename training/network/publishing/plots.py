"""Pictures of a network's report, of tables that were computed elsewhere; none shows a patient."""

from __future__ import annotations

import pandas as pd

from training.document.style import (
    BLUE,
    GREY,
    INK,
    PaperFigure,
    draw_diagonal,
    draw_points,
    make_axes,
    paper_style,
)

__all__ = ["plot_calibration_over_centres"]

_OTHER_MARKERS = "os^Dvp<>hX"
"""A centre each; of more centres than these no marker could tell which it is."""


@paper_style()
def plot_calibration_over_centres(groups: pd.DataFrame, by_centre: pd.DataFrame) -> PaperFigure:
    """Draw observed shares over predicted risks, of all centres and of each.

    Parameters
    ----------
    groups : DataFrame
        :func:`training.network.publishing.judging.sum_groups`.
    by_centre : DataFrame
        `centre`, `n`, `events` and `expected` of each centre's own groups.
    """
    figure, axes = make_axes(width=4.6, height=4.6)
    draw_diagonal(axes, "ideal")
    told_apart = by_centre["centre"].nunique() <= len(_OTHER_MARKERS)
    for place, (centre, own) in enumerate(by_centre.groupby("centre", sort=False)):
        name = str(centre) if told_apart else ("" if place else "one centre")
        axes.plot(
            own["expected"] / own["n"],
            own["events"] / own["n"],
            _OTHER_MARKERS[place if told_apart else 0],
            color=GREY,
            markersize=4,
            alpha=0.8,
            label=name or "_",
        )
    draw_points(
        axes,
        *(groups[name] for name in ("predicted", "observed", "low", "high")),
        color=INK,
        ecolor=BLUE,
        label="all centres, 95%",
    )
    axes.set(
        aspect="equal",
        xlabel="predicted by the model made without the centre",
        ylabel="observed share of responders",
    )
    axes.legend(fontsize=7, loc="upper left")
    return figure
