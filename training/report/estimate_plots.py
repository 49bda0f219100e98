"""Pictures of how many patients had which estimate; none shows a single patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from training.document.style import (
    BLUE,
    INK,
    ORANGE,
    PaperFigure,
    make_figure,
    paper_style,
    set_title,
)
from training.document.words import percent

__all__ = ["draw_bars_of_risk", "plot_estimates"]


@paper_style()
def plot_estimates(found: Mapping[str, tuple[pd.DataFrame, float]]) -> PaperFigure:
    """Draw how many responders and nonresponders had which estimate, with the base rate.

    Parameters
    ----------
    found : mapping of str to (DataFrame, float)
        By the horizon's words: patients by estimate, as
        :func:`training.measures.risk_histogram.compute_risk_histogram` counts them, and the share
        that responded.
    """
    figure = make_figure(width=5.0 if len(found) == 1 else 5.6, height=2.7)
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, (name, (risks, base_rate)) in zip(panels, found.items(), strict=True):
        draw_bars_of_risk(axes, risks)
        line: dict[str, Any] = {"color": INK, "linewidth": 1.2, "linestyle": "--"}
        axes.axvline(base_rate, label="share of all who responded", **line)
        axes.set(xlim=(0, 1), xlabel="estimate", ylabel="patients")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}%"))
        set_title(axes, f"{name}\n{percent(base_rate)} responded")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return figure


def draw_bars_of_risk(axes: Axes, risks: pd.DataFrame) -> None:
    """Draw responders above a line and nonresponders below it, by their estimates.

    Parameters
    ----------
    axes : Axes
        Where.
    risks : DataFrame
        Patients by estimate, as
        :func:`training.measures.risk_histogram.compute_risk_histogram` counts them.
    """
    width = risks["high"] - risks["low"]
    bars: dict[str, Any] = {"align": "edge", "width": width * 0.9, "linewidth": 0}
    axes.bar(risks["low"], risks["events"], color=BLUE, label="responders", **bars)
    axes.bar(risks["low"], -risks["non_events"], color=ORANGE, label="nonresponders", **bars)
    most = 1.15 * max(1, int(risks[["events", "non_events"]].to_numpy().max()))
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set(ylim=(-most, most))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
