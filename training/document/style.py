"""How the pictures of papers look here: colours, axes, and the way to a PNG file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["BLUE", "GREY", "INK", "LIGHT", "ORANGE", "make_axes", "paper_style", "to_png", "to_svg"]

BLUE, ORANGE, GREY = "#1f5a8a", "#c8671b", "#8a8f98"
INK, LIGHT = "#1c2530", "#e3e8ee"

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


def make_axes(*, width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure with one pair of axes; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG, without the time it was made: the same data, the same bytes."""
    buffer = io.BytesIO()
    with paper_style():
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def to_svg(figure: Figure) -> bytes:
    """Return a figure as SVG, text as text: the same data, the same bytes."""
    buffer = io.BytesIO()
    fixed: dict[Any, Any] = {"svg.hashsalt": "ketresponse", "svg.fonttype": "none"}
    with paper_style(), matplotlib.rc_context(fixed):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
