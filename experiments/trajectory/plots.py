"""Pictures of weekly pain in two arms. They draw means and differences, never a patient."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd

from features.dictionary.variable import Variable
from training.document.document import each_row
from training.document.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PaperFigure,
    add_grid,
    draw_band,
    draw_estimate,
    draw_points,
    make_axes,
    name_rows,
    paper_style,
    set_title,
)

__all__ = ["plot_differences", "plot_regressions", "plot_weekly_means"]


@paper_style()
def plot_weekly_means(
    means: pd.DataFrame, *, arms: tuple[str, str], score: Variable, title: str
) -> PaperFigure:
    """Draw the mean score of each arm (reference first) over the weeks, with 95% intervals."""
    figure, axes = make_axes(width=6.6, height=3.7)
    for arm, colour, shift in zip(arms, (ORANGE, BLUE), (-0.06, 0.06), strict=True):
        rows = means[(means["arm"] == arm) & means["mean"].notna()]
        interval = (rows[name] for name in ("mean", "low", "high"))
        draw_points(axes, rows["week"] + shift, *interval, fmt="o-", color=colour, label=arm)
    weeks = range(int(means["week"].min()), int(means["week"].max()) + 1)
    axes.set_xticks(weeks if len(weeks) <= 20 else list(weeks)[:: len(weeks) // 10])
    axes.set(ylim=(score.low, score.high), ylabel=f"mean of {score.name_scale()}")
    axes.set(xlabel="week (0: before treatment)")
    add_grid(axes, "y")
    set_title(axes, title)
    figure.legend(loc="outside lower left", ncols=2)
    return figure


@paper_style()
def plot_differences(
    differences: pd.DataFrame,
    adjusted: pd.DataFrame | None,
    *,
    lost: int | None,
    unit: str,
    title: str,
) -> PaperFigure:
    """Draw the difference between the arms week by week.

    Parameters
    ----------
    differences, adjusted : DataFrame
        Of a :class:`experiments.trajectory.trajectory.Course`, without and with the score before
        treatment; None leaves the latter out.
    lost : int or None
        The week from which on no week differs.
    unit : str
        Of the score.
    title : str
        What is shown.
    """
    d = differences
    figure, axes = make_axes(width=6.6, height=3.7)
    axes.axhline(0, color=INK, linewidth=0.9)
    draw_band(
        axes, d["week"], d["low_all"], d["high_all"], label="95% for all weeks together", alpha=0.13
    )
    week, *interval = (d[name] for name in ("week", "difference", "low", "high"))
    draw_points(axes, week, *interval, fmt="o-", label="difference, 95% for each week")
    if adjusted is not None:
        dots = axes.plot(adjusted["week"] + 0.12, adjusted["difference"], "D", color=ORANGE)
        dots[0].set(markersize=4, markerfacecolor="white")
        dots[0].set_label("adjusted for the score before treatment")
    if lost is not None:
        axes.axvline(lost - 0.5, color=GREY, linestyle="--", linewidth=0.9)
        words = f"no week differs\nfrom week {lost} on"
        down = axes.get_xaxis_transform()
        axes.text(lost - 0.4, 0.98, words, fontsize=8, va="top", color=INK, transform=down)
    axes.set(xlabel="week", ylabel=f"difference, {unit}")
    axes.set_xticks(d["week"] if len(d) <= 20 else d["week"].iloc[:: len(d) // 10])
    low, high = axes.get_ylim()
    axes.set_ylim(low, max(high, 0.0) + 0.25 * (max(high, 0.0) - low))
    add_grid(axes, "y")
    set_title(axes, title)
    figure.legend(loc="outside lower left", ncols=3)
    return figure


@paper_style()
def plot_regressions(
    univariable: pd.DataFrame, multivariable: pd.DataFrame, *, unit: str, title: str
) -> PaperFigure:
    """Draw how the score goes with each variable, per standard deviation or yes against no."""
    rows = univariable[univariable["b"].notna()].iloc[::-1].reset_index(drop=True)
    together = {
        (row.variable, row.level): row
        for row in each_row(multivariable[multivariable["b"].notna()])
    }
    figure, axes = make_axes(width=7.0, height=1.2 + 0.27 * len(rows))
    axes.axvline(0, color=INK, linewidth=0.9)
    for i, row in enumerate(each_row(rows)):
        beside = together.get((row.variable, row.level))
        lines = [(row, i + (0.13 if beside else 0.0), "white", ORANGE)]
        if beside:
            lines.append((beside, i - 0.13, BLUE, BLUE))
        for values, y, face, edge in lines:
            ends = (values.sd * end for end in (values.b, values.low, values.high))
            draw_estimate(axes, y, *ends, colour=edge, face=face, marker="o")
    numeric = np.where(rows["sd"] == 1, "", " (per SD)")
    names = [
        textwrap.fill(f"{row.label}{per}" + (f", {row.level}" if row.level else ""), 46)
        for row, per in zip(each_row(rows), numeric, strict=True)
    ]
    name_rows(axes, names, fontsize=8, upwards=True)
    axes.set(xlabel=f"{unit} more (right) or less (left)")
    add_grid(axes, "x")
    set_title(axes, title)
    for label, face, edge in (("by itself", "white", ORANGE), ("with the others", BLUE, BLUE)):
        axes.plot([], [], "o-", color=edge, markerfacecolor=face, markersize=4.5, label=label)
    figure.legend(loc="outside lower left", ncols=2)
    return figure
