"""How the pictures of papers look here: colours, axes, and the way to a PNG file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike

__all__ = [
    "BLUE",
    "GREY",
    "INK",
    "LIGHT",
    "ORANGE",
    "PaperFigure",
    "add_grid",
    "draw_band",
    "draw_diagonal",
    "draw_estimate",
    "draw_points",
    "make_axes",
    "make_figure",
    "make_ratio_axis",
    "name_rows",
    "paper_style",
    "set_figure_title",
    "set_title",
]

BLUE, ORANGE, GREY = "#1f5a8a", "#c8671b", "#8a8f98"
INK, LIGHT = "#1c2530", "#e3e8ee"
_TITLE = 9.5

# For every picture that goes into a report.
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on any machine
    "font.size": 9.0,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "errorbar.capsize": 2.5,
    "savefig.dpi": 200,
    "savefig.facecolor": "white",
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw in the style of papers, without touching matplotlib's global settings.

    A block of a function, or as `@paper_style()` all of it.
    """
    with matplotlib.rc_context(_STYLE):
        yield


class PaperFigure(Figure):
    """A figure of a report, which is saved in the style in which it was drawn.

    Its title stands above its one panel, or the upper of two below each other, else above all.
    """

    def write_title(self, title: str) -> None:
        """Write what it shows above it."""
        upper, *others = (axes for axes in self.axes if axes.get_label() != "<colorbar>")
        place = upper.get_subplotspec()
        with paper_style():
            if others and place is not None and place.get_gridspec().ncols > 1:
                set_figure_title(self, title)
            else:
                set_title(upper, title)

    def _lay_out(self) -> None:
        """Find the place of everything, once for all forms: it takes as long as to draw it."""
        with paper_style():
            self.set_dpi(matplotlib.rcParams["savefig.dpi"])
            if engine := self.get_layout_engine():
                engine.execute(self)
            # No engine at all: one that only holds the place has all drawn twice at each saving.
            self.set_layout_engine(None)

    def to_png(self) -> bytes:
        """Return it as PNG, without the time it was made: the same data, the same bytes."""
        self._lay_out()
        buffer = io.BytesIO()
        with paper_style():
            self.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def to_svg(self) -> bytes:
        """Return it as SVG, text as text: the same data, the same bytes."""
        self._lay_out()
        buffer = io.BytesIO()
        fixed: dict[Any, Any] = {"svg.hashsalt": "ketresponse", "svg.fonttype": "none"}
        with paper_style(), matplotlib.rc_context(fixed):
            self.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        return buffer.getvalue()


def make_figure(*, width: float, height: float) -> PaperFigure:
    """Return an empty figure; sizes in inches."""
    return PaperFigure(figsize=(width, height), layout="constrained")


def make_axes(*, width: float, height: float) -> tuple[PaperFigure, Axes]:
    """Return an empty figure with one pair of axes; sizes in inches."""
    figure = make_figure(width=width, height=height)
    return figure, figure.add_subplot()


def set_title(axes: Axes, title: str) -> None:
    """Write a title above the left corner of the axes."""
    axes.set_title(title, loc="left", fontweight="bold", fontsize=_TITLE)


def set_figure_title(figure: Figure, title: str) -> None:
    """Write a title above all axes of a figure."""
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=_TITLE)


def add_grid(axes: Axes, along: Literal["x", "y"]) -> None:
    """Draw a pale grid behind what is drawn, at the ticks of one axis."""
    axes.grid(axis=along, color=LIGHT, linewidth=0.8)
    axes.set_axisbelow(True)


def make_ratio_axis(axes: Axes, ticks: Sequence[float]) -> None:
    """Make the x axis logarithmic, with those of the ticks that lie within its limits."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def draw_diagonal(axes: Axes, label: str | None = None) -> None:
    """Draw the line on which both axes agree, and hold both to [0, 1]."""
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label=label)
    axes.set(xlim=(0, 1), ylim=(0, 1))


def draw_band(
    axes: Axes,
    x: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    label: str | None = None,
    alpha: float = 0.18,
) -> None:
    """Draw a pale band between two lines."""
    axes.fill_between(np.asarray(x), low, high, color=BLUE, alpha=alpha, linewidth=0, label=label)


def draw_points(
    axes: Axes,
    x: ArrayLike,
    y: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    along: Literal["x", "y"] = "y",
    **style: Any,
) -> None:
    """Draw points with intervals from `low` to `high`, along one of the axes."""
    middle = np.asarray(x if along == "x" else y)
    reach = np.abs(np.array([low, high]) - middle)
    drawn: dict[str, Any] = {"fmt": "o", "color": BLUE, "markersize": 4.5, "linewidth": 1.2}
    axes.errorbar(np.asarray(x), np.asarray(y), **drawn | style | {f"{along}err": reach})


def draw_estimate(
    axes: Axes,
    y: float,
    value: float,
    low: float,
    high: float,
    *,
    colour: str = BLUE,
    face: str | None = None,
    marker: str = "s",
    absent: str = "not estimable",
) -> None:
    """Draw an estimate with its interval in a row, or write there that there is none."""
    if np.isnan(value):
        across = axes.get_yaxis_transform()
        axes.text(
            0.5, y, absent, ha="center", va="center", fontsize=7.5, color=GREY, transform=across
        )
        return
    axes.plot([low, high], [y, y], color=colour, linewidth=1.2)
    axes.plot(value, y, marker, color=colour, markerfacecolor=face or colour, markersize=4.5)


def name_rows(
    axes: Axes, names: Sequence[str], *, fontsize: float | None = None, upwards: bool = False
) -> None:
    """Write the names of rows beside them, from the top down or from the bottom upwards."""
    axes.set_yticks(range(len(names)), names, fontsize=fontsize)
    axes.tick_params(axis="y", length=0)
    ends = (-0.6, max(len(names), 1) - 0.4)
    axes.set_ylim(ends if upwards else ends[::-1])
