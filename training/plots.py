"""Pictures of tables that were computed elsewhere. No picture shows a single patient."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

__all__ = ["plot_calibration", "plot_importance", "save_figure"]

FloatArray = NDArray[np.float64]

_BLUE = "#1f5a8a"
_GREY = "#8a8f98"
_ORANGE = "#c8671b"


def _make_axes(*, width: float = 5.0, height: float = 4.5) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def plot_calibration(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw observed shares against predicted risks in groups of patients.

    Parameters
    ----------
    table : DataFrame
        From :func:`training.calibration.compute_calibration_groups`.
    title : str
        What is shown.
    """
    figure, axes = _make_axes()
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1, linestyle="--", label="perfect")
    errors = np.abs(table[["low", "high"]].to_numpy().T - table["observed"].to_numpy())
    axes.errorbar(
        table["predicted"], table["observed"], yerr=errors, fmt="o", color=_BLUE, capsize=3,
        label="groups of patients, 95% interval",
    )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted risk (held out)",
             ylabel="observed share of responders", title=title, aspect="equal")  # fmt: skip
    axes.legend(frameon=False, loc="upper left")
    return figure


def plot_importance(table: pd.DataFrame, *, labels: dict[str, str], title: str) -> Figure:
    """Draw how much each predictor moves the served probability on average.

    Parameters
    ----------
    table : DataFrame
        Rows of one horizon from :func:`training.explanation.global_importance`.
    labels : dict of str to str
        Plain words for each predictor.
    title : str
        What is shown.
    """
    ordered = table.sort_values("mean_absolute_contribution")
    figure, axes = _make_axes(width=6.5, height=1.2 + 0.35 * len(ordered))
    names = [labels.get(name, name) for name in ordered["predictor"]]
    axes.barh(names, 100 * ordered["mean_absolute_contribution"], color=_BLUE)
    axes.set(xlabel="mean absolute contribution, percentage points", title=title)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, without the time it was made: the same run gives the same bytes."""
    with matplotlib.rc_context({"savefig.dpi": 120}):
        figure.savefig(path, format="png", metadata={"Software": None})
