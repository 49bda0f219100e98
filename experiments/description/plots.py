"""Pictures of a described cohort. They draw counts and summaries, never a patient."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from features.dictionary.variable import Variable
from training.document.document import each_row
from training.document.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PaperFigure,
    add_grid,
    draw_points,
    make_axes,
    name_rows,
    paper_style,
    set_title,
)
from training.document.words import percent

__all__ = ["plot_attrition", "plot_missing", "plot_pain", "plot_rates"]

_LINE = 0.19  # inches from line to line in a box
_LETTERS = 44  # that fit into a box
_BOX, _LEFT, _RIGHT = 3.15, 0.05, 3.75
_TIMES = {"t0": "before treatment", "t1": "discharge", "t2": "first follow-up"}
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
    "T1": ORANGE,
    "follow-up (T2)": "#d9a441",
    "T2": "#d9a441",
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
        y = top - 0.09 - _LINE * (i + 0.5)
        weight = "bold" if i == 0 else "normal"
        axes.text(x + 0.1, y, line, va="center", ha="left", fontsize=8.5, fontweight=weight)


def _draw_arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    shape = {"arrowstyle": "-|>", "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=shape)


def _to_words(step: object) -> str:
    return str(step).replace("s_ketamine", "S-ketamine").replace("_", " ")


@dataclass(frozen=True)
class _Boxes:
    """What the boxes of a flow diagram hold, line by line."""

    identified: list[str]
    excluded: list[str]
    included: list[str]
    endings: list[list[str]]


def _write_boxes(flow: pd.DataFrame, rates: pd.DataFrame) -> _Boxes:
    is_outcome = flow["step"].str.startswith("outcome known")
    steps = list(each_row(flow[~is_outcome].iloc[1:]))
    total, eligible = (int(flow.loc[~is_outcome, "remaining"].iloc[end]) for end in (0, -1))
    left_out = [f"{row.excluded}  {_to_words(row.step)}" for row in steps]
    reason = "by the criterion not met:" if left_out else "as there is no criterion"
    assumed = [
        f"{row.unknown_kept} of them with this not known, and kept: {_to_words(row.step)}"
        for row in steps
        if row.unknown_kept
    ]
    responders = {row.rate: row.events for row in each_row(rates)}
    endings = []
    for row in each_row(flow[is_outcome]):
        horizon = str(row.step).rsplit(" ", 1)[-1]
        lines = [f"{row.remaining} with a known response at {horizon}"]
        if horizon.lower() in responders:
            events = int(responders[horizon.lower()])
            lines += [f"{events} responders", f"{row.remaining - events} nonresponders"]
        endings.append(_wrap([*lines, f"({row.excluded} not known)"]))
    return _Boxes(
        identified=_wrap([f"{total} courses in the file"]),
        excluded=_wrap([f"{total - eligible} excluded, {reason}", *left_out]),
        included=_wrap([f"{eligible} eligible courses", *assumed]),
        endings=endings,
    )


@paper_style()
def plot_attrition(flow: pd.DataFrame, rates: pd.DataFrame, *, title: str) -> PaperFigure:
    """Draw how the courses of the file became those with a known outcome."""
    boxes = _write_boxes(flow, rates)
    gap = 0.35
    middle = max(_height(boxes.excluded) + 0.2, 0.8)
    ends = max((_height(lines) for lines in boxes.endings), default=-gap)
    height = _height(boxes.identified) + middle + _height(boxes.included) + gap + ends + 0.45
    figure = PaperFigure(figsize=(7.0, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 7.0), ylim=(0, height))
    axes.axis("off")
    axes.text(_LEFT, height - 0.2, title, fontweight="bold", va="center")
    top, axis = height - 0.4, _LEFT + _BOX / 2
    _draw_box(axes, _LEFT, top, boxes.identified)
    start = top - _height(boxes.identified)
    included_top = start - middle
    branch = start - middle / 2
    _draw_arrow(axes, (axis, start), (axis, included_top))
    _draw_arrow(axes, (axis, branch), (_RIGHT, branch))
    _draw_box(axes, _RIGHT, branch + _height(boxes.excluded) / 2, boxes.excluded)
    _draw_box(axes, _LEFT, included_top, boxes.included)
    lower = included_top - _height(boxes.included)
    for x, lines in zip((_LEFT, _RIGHT), boxes.endings, strict=False):
        if x == _RIGHT:
            axes.plot([axis, x + _BOX / 2], [lower - gap / 2] * 2, color=INK, linewidth=0.9)
        tail = lower if x == _LEFT else lower - gap / 2
        _draw_arrow(axes, (x + _BOX / 2, tail), (x + _BOX / 2, lower - gap))
        _draw_box(axes, x, lower - gap, lines)
    return figure


@paper_style()
def plot_missing(
    missing: pd.DataFrame, *, groups: str, title: str, named: bool = True
) -> PaperFigure:
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
    named : bool
        Whether T1 is discharge and T2 the first visit after it, as for CRPS courses.
    """
    shown = missing[missing["missing"] > 0].iloc[::-1].reset_index(drop=True)
    figure, axes = make_axes(width=7.0, height=1.3 + 0.28 * max(len(shown), 1))
    when = shown["known_at"].map(_WHEN if named else {**_WHEN, "t1": "T1", "t2": "T2"})
    axes.barh(
        shown.index, 100 * shown["share"], height=0.68, color=when.map(_WHEN_COLOURS), alpha=0.55
    )
    handles: list[Any] = [
        Patch(color=colour, alpha=0.55, label=name)
        for name, colour in _WHEN_COLOURS.items()
        if name in set(when)
    ]
    for group, face in (("responders", INK), ("nonresponders", "white")):
        dots = axes.plot(100 * shown[group], shown.index, "o", color=INK, markerfacecolor=face)
        dots[0].set(markersize=4, clip_on=False, zorder=3, label=f"{group} at {groups}")
        handles += dots if groups else []
    for i, row in enumerate(each_row(shown)):
        axes.text(102, i, f"{row.missing}/{row.of}", va="center", fontsize=8)
    name_rows(
        axes, [textwrap.fill(label, 46) for label in shown["label"]], fontsize=8, upwards=True
    )
    axes.set(xlim=(-1, 101), xlabel="missing, %")
    set_title(axes, title)
    figure.legend(handles=handles, loc="outside lower left", ncols=4)
    return figure


@paper_style()
def plot_pain(
    pain: pd.DataFrame, *, score: Variable, title: str, named: bool = True
) -> PaperFigure:
    """Draw the median score with its quartiles, for all patients and by response.

    `score` says what it measures; `named` is as :func:`plot_missing` takes it.
    """
    groups = [name for name in pain["group"].unique() if not str(name).endswith("T2")]
    if "responders at T1" not in groups:
        groups = list(pain["group"].unique())
    times = list(pain["time"].unique())
    figure, axes = make_axes(width=6.2, height=3.6)
    for j, group in enumerate(groups):
        rows = pain[pain["group"] == group].set_index("time").loc[times].reset_index()
        counts = ", ".join(str(n) for n in rows["n"])
        drawn = rows[rows["median"].notna()]
        draw_points(
            axes,
            drawn.index + 0.16 * (j - (len(groups) - 1) / 2),
            *(drawn[name] for name in ("median", "q1", "q3")),
            fmt="o-",
            color=(ORANGE if group.startswith("non") else BLUE) if group != "all" else INK,
            label=f"{group} (n = {counts})",
        )
    words = _TIMES if named else {"t0": _TIMES["t0"]}
    labels = [f"{time.upper()}\n{words.get(time, '')}".strip() for time in times]
    axes.set_xticks(range(len(times)), labels)
    low, high = float(score.low or 0), float(score.high or 0)
    margin = 0.03 * (high - low)
    ticks = np.linspace(low, high, 6)
    axes.set(ylim=(low - margin, high + margin), yticks=ticks, ylabel=score.name_scale())
    axes.set_xlim(-0.5, len(times) - 0.5)
    add_grid(axes, "y")
    set_title(axes, title)
    figure.legend(loc="outside lower left", ncols=1)
    return figure


@paper_style()
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
    figure, axes = make_axes(width=7.0, height=1.25 + 0.42 * len(shown))
    share, low, high = (100 * shown[name] for name in ("share", "low", "high"))
    label = "this cohort, 95% interval"
    draw_points(axes, share, shown.index, low, high, along="x", fmt="s", label=label)
    if shown["published"].notna().any():
        dots = axes.plot(100 * shown["published"], shown.index - 0.26, "D", color=ORANGE)
        dots[0].set(markersize=5, markerfacecolor="white", label="Mangnus 2021")
    for i, row in enumerate(each_row(shown)):
        counts = "" if np.isnan(row.events) else f"{row.events:.0f}/{row.n:.0f}  "
        axes.text(102, i, counts + percent(row.share), va="center")
    name_rows(axes, [textwrap.fill(words, 40) for words in shown["words"]], upwards=True)
    axes.set(xlim=(0, 100), xlabel="patients, %")
    add_grid(axes, "x")
    set_title(axes, title)
    figure.legend(loc="outside lower left", ncols=2)
    return figure
