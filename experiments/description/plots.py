"""Pictures of a described cohort. They draw counts and summaries, never a patient."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from training.document.document import each_row
from training.document.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PaperFigure,
    add_grid,
    make_axes,
    paper_style,
    set_title,
)
from training.document.words import percent

__all__ = ["plot_attrition", "plot_missing", "plot_pain", "plot_rates"]

_LINE = 0.19  # inches from line to line in a box
_LETTERS = 44  # that fit into a box
_BOX, _LEFT, _RIGHT = 3.15, 0.05, 3.75
_WHEN = {
    "baseline": "before treatment",
    "always": "before treatment",
    "infusion": "infusion",
    "t1": "discharge (T1)",
    "t2": "follow-up (T2)",
    "later": "later",
}
_WHEN_COLOURS = {
    "before treatment": BLUE,
    "infusion": "#5b8f5a",
    "discharge (T1)": ORANGE,
    "follow-up (T2)": "#d9a441",
    "later": GREY,
}


def _wrap(lines: list[str]) -> list[str]:
    return [
        part for line in lines for part in textwrap.wrap(line, _LETTERS, subsequent_indent="   ")
    ]


def _height(lines: list[str]) -> float:
    return _LINE * len(lines) + 0.18


def _draw_box(axes: Axes, x: float, top: float, lines: list[str]) -> None:
    """Draw a box of text whose first line is bold."""
    height = _height(lines)
    axes.add_patch(
        Rectangle((x, top - height), _BOX, height, facecolor="white", edgecolor=INK, linewidth=0.9)
    )
    for i, line in enumerate(lines):
        axes.text(
            x + 0.1,
            top - 0.09 - _LINE * (i + 0.5),
            line,
            va="center",
            ha="left",
            fontsize=8.5,
            fontweight="bold" if i == 0 else "normal",
        )


def _draw_arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": INK,
            "linewidth": 0.9,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )


def _to_words(step: object) -> str:
    return str(step).replace("s_ketamine", "S-ketamine").replace("_", " ")


def plot_attrition(flow: pd.DataFrame, rates: pd.DataFrame, *, title: str) -> PaperFigure:
    """Draw how the courses of the file became those with a known outcome.

    Parameters
    ----------
    flow, rates : DataFrame
        Of a :class:`experiments.description.description.CohortDescription`.
    title : str
        What is shown.
    """
    is_outcome = flow["step"].str.startswith("outcome known")
    steps, outcomes = flow[~is_outcome].iloc[1:], flow[is_outcome]
    total, eligible = (int(flow.loc[~is_outcome, "remaining"].iloc[end]) for end in (0, -1))
    left_out = [f"{row.excluded}  {_to_words(row.step)}" for row in each_row(steps)]
    assumed = [row for row in each_row(steps) if row.unknown_kept]
    identified = _wrap([f"{total} courses in the file"])
    reason = "by the criterion not met:" if left_out else "as there is no criterion"
    excluded = _wrap([f"{total - eligible} excluded, {reason}", *left_out])
    included = _wrap(
        [f"{eligible} eligible courses"]
        + [
            f"{row.unknown_kept} of them with this not known, and kept: {_to_words(row.step)}"
            for row in assumed
        ]
    )
    responders = {row.rate: row.events for row in each_row(rates)}
    endings = []
    for row in each_row(outcomes):
        horizon = str(row.step).rsplit(" ", 1)[-1]
        lines = [f"{row.remaining} with a known response at {horizon}"]
        if horizon.lower() in responders:
            events = int(responders[horizon.lower()])
            lines += [f"{events} responders", f"{row.remaining - events} nonresponders"]
        endings.append(_wrap([*lines, f"({row.excluded} not known)"]))
    gap = 0.35
    middle = max(_height(excluded) + 0.2, 0.8)
    height = (
        _height(identified)
        + middle
        + _height(included)
        + gap
        + max((_height(lines) for lines in endings), default=-gap)
        + 0.45
    )
    with paper_style():
        figure = PaperFigure(figsize=(7.0, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 7.0), ylim=(0, height))
        axes.axis("off")
        axes.text(_LEFT, height - 0.2, title, fontweight="bold", va="center")
        top, axis = height - 0.4, _LEFT + _BOX / 2
        _draw_box(axes, _LEFT, top, identified)
        start = top - _height(identified)
        included_top = start - middle
        branch = start - middle / 2
        _draw_arrow(axes, (axis, start), (axis, included_top))
        _draw_arrow(axes, (axis, branch), (_RIGHT, branch))
        _draw_box(axes, _RIGHT, branch + _height(excluded) / 2, excluded)
        _draw_box(axes, _LEFT, included_top, included)
        lower = included_top - _height(included)
        for x, lines in zip((_LEFT, _RIGHT), endings, strict=False):
            if x == _RIGHT:
                axes.plot([axis, x + _BOX / 2], [lower - gap / 2] * 2, color=INK, linewidth=0.9)
            _draw_arrow(
                axes,
                (x + _BOX / 2, lower if x == _LEFT else lower - gap / 2),
                (x + _BOX / 2, lower - gap),
            )
            _draw_box(axes, x, lower - gap, lines)
    return figure


def plot_missing(missing: pd.DataFrame, *, groups: str, title: str) -> PaperFigure:
    """Draw the share of missing values by variable, and in responders and nonresponders.

    Parameters
    ----------
    missing : DataFrame
        Of a :class:`experiments.description.description.CohortDescription`; variables without a
        missing value are not drawn.
    groups : str
        The horizon that splits the patients, such as "T1"; empty for no split.
    title : str
        What is shown.
    """
    shown = missing[missing["missing"] > 0].iloc[::-1].reset_index(drop=True)
    with paper_style():
        figure, axes = make_axes(width=7.0, height=1.3 + 0.28 * max(len(shown), 1))
        when = shown["known_at"].map(_WHEN)
        axes.barh(
            shown.index,
            100 * shown["share"],
            height=0.68,
            color=when.map(_WHEN_COLOURS),
            alpha=0.55,
        )
        axes.plot(
            100 * shown["responders"],
            shown.index,
            "o",
            color=INK,
            markersize=4,
            clip_on=False,
            zorder=3,
        )
        axes.plot(
            100 * shown["nonresponders"],
            shown.index,
            "o",
            markersize=4,
            zorder=4,
            clip_on=False,
            markerfacecolor="white",
            markeredgecolor=INK,
        )
        for i, row in enumerate(each_row(shown)):
            axes.text(102, i, f"{row.missing}/{row.of}", va="center", fontsize=8)
        axes.set_yticks(
            shown.index, [textwrap.fill(label, 46) for label in shown["label"]], fontsize=8
        )
        axes.tick_params(axis="y", length=0)
        axes.set(xlim=(-1, 101), ylim=(-0.6, max(len(shown), 1) - 0.4), xlabel="missing, %")
        set_title(axes, title)
        handles: list[Patch | Line2D] = [
            Patch(color=_WHEN_COLOURS[name], alpha=0.55, label=name)
            for name in _WHEN_COLOURS
            if name in set(when)
        ]
        handles += (
            []
            if not groups
            else [
                Line2D(
                    [],
                    [],
                    marker="o",
                    linestyle="",
                    color=INK,
                    markersize=4,
                    label=f"responders at {groups}",
                ),
                Line2D(
                    [],
                    [],
                    marker="o",
                    linestyle="",
                    markerfacecolor="white",
                    markeredgecolor=INK,
                    markersize=4,
                    label=f"nonresponders at {groups}",
                ),
            ]
        )
        figure.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=8)
    return figure


def plot_pain(pain: pd.DataFrame, *, title: str) -> PaperFigure:
    """Draw the median pain score with its quartiles, for all patients and by response.

    Parameters
    ----------
    pain : DataFrame
        Of a :class:`experiments.description.description.CohortDescription`.
    title : str
        What is shown.
    """
    groups = [name for name in pain["group"].unique() if not str(name).endswith("T2")]
    if "responders at T1" not in groups:
        groups = list(pain["group"].unique())
    times = list(pain["time"].unique())
    with paper_style():
        figure, axes = make_axes(width=6.2, height=3.6)
        for j, group in enumerate(groups):
            rows = pain[pain["group"] == group].set_index("time").loc[times]
            x = np.arange(len(times)) + 0.16 * (j - (len(groups) - 1) / 2)
            colour = (ORANGE if group.startswith("non") else BLUE) if group != "all" else INK
            drawn = rows["median"].notna().to_numpy()
            median = rows["median"].to_numpy()
            reach = np.array([median - rows["q1"], rows["q3"] - median])
            axes.errorbar(
                x[drawn],
                median[drawn],
                yerr=reach[:, drawn],
                fmt="o-",
                color=colour,
                capsize=3,
                markersize=5,
                linewidth=1.2,
                label=f"{group} (n = " + ", ".join(str(n) for n in rows["n"]) + ")",
            )
        axes.set_xticks(range(len(times)), [_describe_time(time) for time in times])
        axes.set(
            ylim=(-0.3, 10.3),
            yticks=range(0, 11, 2),
            ylabel="pain, NRS 0–10",
            xlim=(-0.5, len(times) - 0.5),
        )
        add_grid(axes, "y")
        set_title(axes, title)
        figure.legend(loc="outside lower left", ncols=1, fontsize=8)
    return figure


def _describe_time(time: str) -> str:
    words = {"t0": "before treatment", "t1": "discharge", "t2": "first follow-up"}
    return f"{time.upper()}\n{words[time]}"


def plot_rates(rates: pd.DataFrame, *, title: str) -> PaperFigure:
    """Draw the responder rates with their intervals, beside published ones.

    Parameters
    ----------
    rates : DataFrame
        Columns `words`, `events`, `n`, `share`, `low`, `high`, and `published`, the share in
        Mangnus 2021 (NaN where there is none to set beside it).
    title : str
        What is shown.
    """
    shown = rates.iloc[::-1].reset_index(drop=True)
    with paper_style():
        figure, axes = make_axes(width=7.0, height=1.25 + 0.42 * len(shown))
        reach = 100 * np.abs(shown[["low", "high"]].to_numpy().T - shown["share"].to_numpy())
        axes.errorbar(
            100 * shown["share"],
            shown.index,
            xerr=reach,
            fmt="s",
            color=BLUE,
            capsize=3,
            markersize=6,
            label="this cohort, 95% interval",
        )
        if shown["published"].notna().any():
            axes.plot(
                100 * shown["published"],
                shown.index - 0.26,
                "D",
                markersize=5,
                markerfacecolor="white",
                markeredgecolor=ORANGE,
                label="Mangnus 2021",
            )
        for i, row in enumerate(each_row(shown)):
            counts = "" if np.isnan(row.events) else f"{row.events:.0f}/{row.n:.0f}  "
            axes.text(102, i, counts + percent(row.share), va="center")
        axes.set_yticks(shown.index, [textwrap.fill(words, 40) for words in shown["words"]])
        axes.tick_params(axis="y", length=0)
        axes.set(xlim=(0, 100), ylim=(-0.6, len(shown) - 0.4), xlabel="patients, %")
        add_grid(axes, "x")
        set_title(axes, title)
        figure.legend(loc="outside lower left", ncols=2, fontsize=8)
    return figure
