"""The pictures of monitoring: observed over expected as outcomes come in, and the charts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from serving.monitoring.alarms import QUESTIONS
from serving.monitoring.charts import O_E_WATCHED, Chart
from training.document.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PaperFigure,
    add_grid,
    draw_band,
    make_figure,
    paper_style,
    set_title,
)
from training.document.words import capital

__all__ = ["plot_charts", "plot_o_e_course"]

_MOST_SHOWN = 3.0


@paper_style()
def plot_o_e_course(course: pd.DataFrame, horizons: Sequence[str]) -> PaperFigure:
    """Draw observed over expected of all outcomes so far, with its interval.

    Parameters
    ----------
    course : DataFrame
        Of :func:`serving.monitoring.performance.compute_o_e_course`.
    horizons : sequence of str
        One panel each.
    """
    figure = make_figure(width=6.8, height=2.9)
    panels = figure.subplots(1, len(horizons), squeeze=False, sharey=True)[0]
    for axes, horizon in zip(panels, horizons, strict=True):
        part = course[course["horizon"] == horizon]
        axes.axhline(1, color=INK, linewidth=0.9)
        axes.axhline(O_E_WATCHED, color=GREY, linewidth=0.9, linestyle="--")
        high = np.minimum(part["high"], _MOST_SHOWN)
        draw_band(axes, part["n"], part["low"], high)
        axes.plot(part["n"], part["o_e"], color=BLUE, marker="o", markersize=3, linewidth=1.2)
        axes.set(xlabel="outcomes reported", ylim=(0, max(2.0, float(high.max()) + 0.1)))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        add_grid(axes, "y")
        set_title(axes, horizon.upper())
    panels[0].set_ylabel("observed over expected")
    return figure


@paper_style()
def plot_charts(charts: Sequence[Chart]) -> PaperFigure:
    """Draw charts with their limits, two beside each other; a crossing is a ring."""
    rows = (len(charts) + 1) // 2
    figure = make_figure(width=6.8, height=0.6 + 1.9 * rows)
    panels = figure.subplots(rows, 2, squeeze=False).ravel()
    for axes, chart in zip(panels, charts, strict=False):
        _draw_chart(axes, chart)
    for axes in panels[len(charts) :]:
        axes.set_visible(False)
    return figure


def _draw_chart(axes: Axes, chart: Chart) -> None:
    steps = chart.steps
    n = np.arange(1, chart.n + 1)
    limit = steps["limit"].where(np.isfinite(steps["limit"]))
    axes.step(n, steps["value"], where="post", color=BLUE, linewidth=1.2)
    axes.step(n, limit, where="post", color=ORANGE, linewidth=1.0, linestyle="--")
    crossed = steps["crossed"].to_numpy(dtype=np.bool_)
    axes.plot(
        n[crossed],
        steps["value"][crossed],
        "o",
        color=ORANGE,
        markerfacecolor="none",
        markersize=9,
        linestyle="none",
    )
    highest = np.nanmax([4.0, float(steps["value"].max()), float(limit.max())])
    axes.set(xlim=(0, max(chart.n + 1, 10)), ylim=(0, 1.1 * highest))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))  # half a patient is none
    axes.set_xlabel("outcomes reported" if chart.horizon else "patients asked about")
    add_grid(axes, "y")
    where = f" ({chart.horizon.upper()})" if chart.horizon else ""
    axes.set_title(f"{capital(QUESTIONS[chart.name])}{where}", loc="left", fontsize=7.5, color=INK)
