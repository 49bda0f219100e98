"""How the pictures of papers look here: colours, axes, and the way to a PNG file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

__all__ = [
    "BLUE",
    "GREY",
    "INK",
    "LIGHT",
    "ORANGE",
    "PaperFigure",
    "add_grid",
    "make_axes",
    "make_figure",
    "make_ratio_axis",
    "paper_style",
    "set_figure_title",
    "set_title",
    "write_not_estimable",
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
    "savefig.dpi": 200,
    "savefig.facecolor": "white",
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw in the style of papers, without touching matplotlib's global settings."""
    with matplotlib.rc_context(_STYLE):
        yield


class PaperFigure(Figure):
    """A figure of a report, which is saved in the style in which it was drawn."""

    def to_png(self) -> bytes:
        """Return it as PNG, without the time it was made: the same data, the same bytes."""
        buffer = io.BytesIO()
        with paper_style():
            self.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def to_svg(self) -> bytes:
        """Return it as SVG, text as text: the same data, the same bytes."""
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


def write_not_estimable(axes: Axes, y: float) -> None:
    """Write "not estimable" in a row, where an estimate would be."""
    axes.text(
        0.5,
        y,
        "not estimable",
        ha="center",
        va="center",
        fontsize=7.5,
        color=GREY,
        transform=axes.get_yaxis_transform(),
    )
