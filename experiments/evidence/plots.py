"""Forest and funnel plots of the published studies."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from training.document.document import each_row
from training.document.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PaperFigure,
    add_grid,
    make_figure,
    paper_style,
    set_figure_title,
)
from training.document.words import percent

__all__ = ["PooledLine", "plot_forest", "plot_funnels"]

_LABEL_X, _COUNT_X, _RATE_X, _WEIGHT_X = -78, -8, 104, 148


class PooledLine(NamedTuple):
    """A line of a forest plot below the studies; shares in [0, 1].

    Parameters
    ----------
    words : str
        What was pooled, and how.
    rate, low, high : float
        The estimate and its 95% interval.
    prediction : tuple of (float, float) or None
        Where a new centre's rate is expected, drawn as a thin bar.
    main : bool
        Drawn filled; the others are drawn hollow.
    """

    words: str
    rate: float
    low: float
    high: float
    prediction: tuple[float, float] | None = None
    main: bool = False


def _percent(rate: float, low: float, high: float) -> str:
    return "{} ({}–{})".format(*(percent(share)[:-1] for share in (rate, low, high)))


def _write(axes: Axes, x: float, y: float, words: str, **style: Any) -> None:
    """Write beside the axes, from `x` on; or up to it, with `ha="right"`."""
    placed: dict[str, Any] = {"ha": "left", "va": "center", "clip_on": False}
    axes.text(x, y, words, **placed | style)


def _draw_study(axes: Axes, y: float, row: Any) -> None:
    colour, ink = (BLUE, INK) if row.stated else (GREY, GREY)
    axes.plot([100 * row.low, 100 * row.high], [y, y], color=colour, linewidth=1.1)
    square = axes.plot(100 * row.rate, y, "s", color=colour, clip_on=False)[0]
    square.set_markersize(3 + 14 * np.sqrt(row.weight) if row.stated else 6)
    square.set_markerfacecolor(colour if row.stated else "white")
    _write(axes, _LABEL_X, y, row.study, color=ink)
    _write(axes, _COUNT_X, y, f"{row.events:.0f}/{row.n:.0f}", ha="right", color=ink)
    _write(axes, _RATE_X, y, _percent(row.rate, row.low, row.high), color=ink)
    weight = f"{100 * row.weight:.0f}%" if row.stated else "–"
    _write(axes, _WEIGHT_X, y, weight, ha="right", color=ink)


def _draw_pooled(axes: Axes, y: float, line: PooledLine) -> None:
    low, rate, high = (100 * share for share in (line.low, line.rate, line.high))
    if line.prediction is not None:
        axes.plot([100 * end for end in line.prediction], [y, y], color=ORANGE, linewidth=2.2)
    face, weight = (INK, "bold") if line.main else ("white", "normal")
    corners = [(low, y), (rate, y + 0.28), (high, y), (rate, y - 0.28)]
    axes.add_patch(Polygon(corners, edgecolor=INK, linewidth=0.9, zorder=3, facecolor=face))
    _write(axes, _LABEL_X, y, line.words, fontweight=weight)
    _write(axes, _RATE_X, y, _percent(line.rate, line.low, line.high), fontweight=weight)


@paper_style()
def plot_forest(
    forest: pd.DataFrame, pooled: list[PooledLine], *, title: str, heterogeneity: str
) -> PaperFigure:
    """Draw responder rates study by study, and pooled in several ways.

    Parameters
    ----------
    forest : DataFrame
        One of :func:`experiments.evidence.tables.compute_forests`.
    pooled : list of PooledLine
        Drawn below the studies, in order.
    title, heterogeneity : str
        What is shown; how far the studies differ.
    """
    rows = len(forest) + len(pooled)
    height = 0.27 * (rows + 5)
    figure = PaperFigure(figsize=(8.2, height))
    axes = figure.add_axes((0.345, 0.62 / height, 0.44, 1 - 1.15 / height))
    top = rows + 0.6
    for i, row in enumerate(each_row(forest)):
        _draw_study(axes, rows - i, row)
    for i, line in enumerate(pooled):
        _draw_pooled(axes, len(pooled) - i - 0.4, line)
    axes.axhline(len(pooled) + 0.35, color=GREY, linewidth=0.6)
    main = next(line for line in pooled if line.main)
    axes.axvline(100 * main.rate, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    for x, words, side in (
        (_LABEL_X, "study", "left"),
        (_COUNT_X, "n", "right"),
        (_RATE_X, "% (95% interval)", "left"),
        (_WEIGHT_X, "weight", "right"),
    ):
        _write(axes, x, top + 0.35, words, ha=side, color=GREY)
    _write(axes, _LABEL_X, top + 1.45, title, fontweight="bold", fontsize=10)
    _write(axes, _LABEL_X, -2.15, heterogeneity, fontsize=8, color=INK)
    axes.set(xlim=(0, 100), ylim=(-0.1, top), xlabel="responders, %", yticks=[])
    axes.spines["left"].set_visible(False)
    add_grid(axes, "x")
    return figure


@paper_style()
def plot_funnels(funnels: dict[str, pd.DataFrame], *, notes: list[str], title: str) -> PaperFigure:
    """Draw the changes of pain against their errors: a panel, with its note, for each reading."""
    figure = make_figure(width=8.2, height=3.9)
    panels = figure.subplots(1, len(funnels), sharey=True, sharex=True, squeeze=False)[0]
    deepest = max(float(np.sqrt(f["variance"].max())) for f in funnels.values()) * 1.08
    for axes, (name, funnel), note in zip(panels, funnels.items(), notes, strict=True):
        error = np.sqrt(funnel["variance"])
        centre = float(np.average(funnel["effect"], weights=1 / funnel["variance"]))
        axes.axvline(centre, color=GREY, linewidth=0.8)
        for side in (-1.96, 1.96):
            ends = [centre, centre + side * deepest]
            axes.plot(ends, [0, deepest], "--", color=GREY, linewidth=0.8)
        axes.plot(funnel["effect"], error, "o", color=BLUE, markersize=5, alpha=0.85)
        words = name.replace(" taken ", "\ntaken ").replace(" put ", "\nput ")
        axes.set_title(words.replace(" errors ", "\nerrors "), loc="left", fontsize=8.5)
        axes.text(0.03, 0.97, note, transform=axes.transAxes, fontsize=8, va="top")
        axes.set(xlabel="standardised change of pain")
    panels[0].set(ylabel="standard error", ylim=(deepest, 0))
    lowest = min(float(f["effect"].min()) for f in funnels.values())
    panels[0].set_xlim(lowest - 3, 8)
    set_figure_title(figure, title)
    return figure
