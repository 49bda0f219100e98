"""Pictures of a panel: its quality control.

They draw counts and summaries, and name no sample.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.panel.quality import QualitySettings
from training.document.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PaperFigure,
    add_grid,
    draw_points,
    make_axes,
    make_figure,
    paper_style,
    set_title,
)

__all__ = ["plot_detection", "plot_haemolysis", "plot_levels", "plot_plates"]

_MOST_PLATES = 40


@paper_style()
def plot_detection(
    samples: pd.DataFrame, assays: pd.DataFrame, settings: QualitySettings
) -> PaperFigure:
    """Draw how many assays samples detect, and in how many samples assays are detected."""
    figure = make_figure(width=7.0, height=2.9)
    left, right = figure.subplots(1, 2)
    limits = (
        settings.min_sample * samples["detected"].median() / samples["measured"].median(),
        settings.min_assay,
    )
    named = (("samples", samples, left), ("assays", assays, right))
    for (name, table, axes), limit in zip(named, limits, strict=True):
        axes.hist(
            100 * table["share_detected"], bins=np.linspace(0, 100, 21), color=BLUE, alpha=0.75
        )
        axes.axvline(100 * limit, color=ORANGE, linewidth=1.2, linestyle="--")
        axes.set(
            xlim=(0, 100),
            ylabel=name,
            xlabel="assays detected, %" if name == "samples" else "samples in which detected, %",
        )
        add_grid(axes, "y")
        set_title(axes, f"{len(table)} {name}")
    return figure


@paper_style()
def plot_levels(assays: pd.DataFrame, *, ceiling: float) -> PaperFigure:
    """Draw each assay's median Ct against the share of samples that detect it, `ceiling` in Ct."""
    figure, axes = make_axes(width=7.0, height=3.2)
    dropped = assays["dropped"] != ""
    for mask, colour, label in ((~dropped, BLUE, "kept"), (dropped, ORANGE, "dropped")):
        axes.plot(
            assays.loc[mask, "median_ct"],
            100 * assays.loc[mask, "share_detected"],
            "o",
            color=colour,
            markersize=3.5,
            alpha=0.6,
            label=label,
        )
    axes.axvline(ceiling, color=INK, linewidth=1.0, linestyle="--", label="ceiling")
    axes.set(ylim=(-3, 103), xlabel="median Ct where detected, cycles", ylabel="detected, %")
    add_grid(axes, "y")
    set_title(axes, "Detection by level")
    axes.legend(loc="lower left")
    return figure


@paper_style()
def plot_haemolysis(samples: pd.DataFrame, settings: QualitySettings) -> PaperFigure:
    """Draw how the haemolysis differences of samples are spread; there is at least one."""
    values = samples["haemolysis"].dropna().to_numpy()
    figure, axes = make_axes(width=7.0, height=2.9)
    low = np.floor(min(values.min(), settings.haemolysis_possible - 2))
    high = np.ceil(max(values.max(), settings.haemolysis_suspicious + 1))
    axes.hist(values, bins=np.arange(low, high + 0.5, 0.5).tolist(), color=BLUE, alpha=0.75)
    for limit, word, colour in (
        (settings.haemolysis_possible, "possible", GREY),
        (settings.haemolysis_suspicious, "suspicious", ORANGE),
    ):
        axes.axvline(limit, color=colour, linewidth=1.3, linestyle="--", label=word)
    axes.set(xlabel="Ct of miR-23a-3p minus Ct of miR-451a, cycles", ylabel="samples")
    add_grid(axes, "y")
    set_title(axes, f"Haemolysis, {len(values)} samples")
    axes.legend()
    return figure


@paper_style()
def plot_plates(plates: pd.DataFrame) -> PaperFigure:
    """Draw the level of the first 40 plates' samples, and how far each lies from the others."""
    shown = plates.head(_MOST_PLATES)
    places = np.arange(len(shown))
    figure = make_figure(width=7.0, height=3.6)
    upper, lower = figure.subplots(2, 1, sharex=True)
    levels = (shown[name] for name in ("median_ct", "q1_ct", "q3_ct"))
    draw_points(upper, places, *levels, fmt="s", linestyle="")
    upper.set_ylabel("samples' median Ct")
    add_grid(upper, "y")
    set_title(upper, "Plates")
    lower.bar(places, shown["shift"], color=BLUE, alpha=0.75)
    lower.axhline(0, color=INK, linewidth=0.8)
    lower.set_ylabel("shift, cycles")
    add_grid(lower, "y")
    lower.set_xticks(
        places, [str(name)[:18] for name in shown["plate"]], rotation=60, ha="right", fontsize=7
    )
    return figure
