"""Pictures of a study's report, of tables that were computed elsewhere.

No picture shows a single patient: bands and curves are drawn, never one mark for each. (How a
model does in patients it has not seen is drawn by :mod:`training.report.validation_plots`.)
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import NullLocator

from features.arrays import FloatArray
from training.document.document import each_row
from training.document.style import (
    BLUE,
    GREY,
    INK,
    LIGHT,
    ORANGE,
    PaperFigure,
    add_grid,
    draw_band,
    draw_diagonal,
    draw_estimate,
    draw_points,
    make_axes,
    make_figure,
    make_ratio_axis,
    name_rows,
    paper_style,
)
from training.document.words import METRICS
from training.evaluation.learning_curve import continue_curve
from training.evaluation.null_test import BAND

__all__ = [
    "plot_calibration_instability",
    "plot_classification_instability",
    "plot_importance",
    "plot_learning_curve",
    "plot_null_test",
    "plot_prediction_instability",
    "plot_subgroups",
]


_MOST_CURVES = 200
_VERDICT_COLOURS = {"passed": BLUE, "failed": ORANGE, "uncertain": GREY}


@paper_style()
def plot_prediction_instability(table: pd.DataFrame) -> PaperFigure:
    """Draw the risks that reruns give to patients of similar served risk.

    Parameters
    ----------
    table : DataFrame
        :func:`training.measures.instability.compute_prediction_instability`.
    """
    figure, axes = make_axes(width=4.4, height=4.4)
    draw_diagonal(axes, "no change")
    for low, high, alpha, width, label in (
        ("low", "high", 0.18, 2, "95% of the reruns' risks"),
        ("q1", "q3", 0.35, 5, "half of them"),
    ):
        if len(table) > 1:
            draw_band(axes, table["risk"], table[low], table[high], label=label, alpha=alpha)
        else:  # one group: bars in place of bands
            bar = axes.vlines(table["risk"], table[low], table[high], label=label, color=BLUE)
            bar.set(linewidth=width, alpha=2 * alpha)
    marker = "o" if len(table) == 1 else None
    axes.plot(
        table["risk"], table["median"], color=INK, linewidth=1.4, marker=marker, label="median"
    )
    axes.set(
        aspect="equal",
        ylabel="probability by a rerun",
        xlabel="probability by the model that is served",
    )
    axes.legend(loc="upper left")
    return figure


@paper_style()
def plot_calibration_instability(table: pd.DataFrame, curves: FloatArray) -> PaperFigure:
    """Draw the calibration curve of each rerun in the original patients.

    Parameters
    ----------
    table, curves
        :func:`training.measures.instability.compute_calibration_instability`.
    """
    figure, axes = make_axes(width=4.4, height=4.4)
    at = np.linspace(0, 1, curves.shape[1])
    for curve in curves[:_MOST_CURVES]:
        axes.plot(at, np.clip(curve, 0, 1), color=BLUE, linewidth=0.6, alpha=0.25)
    axes.plot([], [], color=BLUE, linewidth=0.8, alpha=0.6, label="a rerun's model (loess)")
    median = np.clip(table["median"], 0, 1)
    axes.plot(table["risk"], median, color=INK, linewidth=1.6, label="median")
    draw_diagonal(axes, "ideal")
    axes.set(aspect="equal", ylabel="observed share of responders", xlabel="probability by a rerun")
    axes.legend(loc="upper left")
    return figure


@paper_style()
def plot_classification_instability(table: pd.DataFrame) -> PaperFigure:
    """Draw how often a rerun puts a patient on the other side of a threshold.

    Parameters
    ----------
    table : DataFrame
        :func:`training.measures.instability.compute_classification_instability`.
    """
    figure, axes = make_axes(width=5.0, height=3.4)
    for column, colour, line, label in (
        ("classification_instability", BLUE, "-", "patients and reruns on the other side"),
        ("unstable_patients", ORANGE, "--", "patients whom over a fifth of reruns turn"),
    ):
        percent = 100 * table[["threshold", column]]
        axes.plot(*percent.to_numpy().T, line, color=colour, linewidth=1.6, label=label)
    axes.set(ylim=(0, None), ylabel="%", xlabel="threshold of the probability, %")
    figure.legend(loc="outside lower left")
    return figure


@paper_style()
def plot_null_test(table: pd.DataFrame, labels: dict[str, str]) -> PaperFigure:
    """Draw the mean AUC of each model on permuted outcomes, with its Monte Carlo interval.

    Parameters
    ----------
    table : DataFrame
        :func:`training.evaluation.null_test.compute_null_test`.
    labels : dict of str to str
        Plain words for each model.
    """
    horizons = list(dict.fromkeys(table["horizon"]))
    models = list(dict.fromkeys(table["model"]))
    figure = make_figure(width=2.4 + 2.6 * len(horizons), height=1.4 + 0.28 * len(models))
    panels = figure.subplots(1, len(horizons), sharey=True, squeeze=False)[0]
    for axes, horizon in zip(panels, horizons, strict=True):
        axes.axvspan(*BAND, color=LIGHT, linewidth=0)
        axes.axvline(0.5, color=GREY, linewidth=1, linestyle="--")
        for row in each_row(table[table["horizon"] == horizon]):
            half = 0.0 if np.isnan(row.mc_error) else 1.96 * row.mc_error
            draw_estimate(
                axes,
                models.index(row.model),
                row.auc,
                row.auc - half,
                row.auc + half,
                colour=_VERDICT_COLOURS.get(row.verdict, GREY),
                marker="o",
                absent=row.verdict,
            )
        low, high = axes.get_xlim()
        axes.set(xlim=(min(0.4, low), max(0.6, high)), xlabel=f"mean AUC, {horizon.upper()}")
        name_rows(axes, [labels.get(name, name) for name in models])
    return figure


@paper_style()
def plot_subgroups(table: pd.DataFrame) -> PaperFigure:
    """Draw AUC and O:E of each part of the cohort.

    Parameters
    ----------
    table : DataFrame
        :func:`training.measures.subgroups.compute_subgroups`.
    """
    rows = list(each_row(table))
    names = [f"{row.variable}: {row.subgroup}".rstrip(": ") for row in rows]
    figure = make_figure(width=7.2, height=1.3 + 0.2 * len(rows))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, metric, ideal in zip(panels, ("auc", "o_e"), (0.5, 1.0), strict=True):
        axes.axvline(ideal, color=GREY, linewidth=1, linestyle="--")
        for y, row in enumerate(rows):
            ends = [getattr(row, f"{metric}{end}") for end in ("", "_low", "_high")]
            draw_estimate(axes, y, *ends, colour=INK if y == 0 else BLUE)
        axes.set_xlabel(METRICS[metric].label)
        add_grid(axes, "x")
        counts = [f"{name}  ({r.events:.0f}/{r.n})" for name, r in zip(names, rows, strict=True)]
        name_rows(axes, counts, fontsize=8)
    low, high = panels[0].get_xlim()
    panels[0].set_xlim(min(0.4, low), max(0.8, high))
    make_ratio_axis(panels[1], (0.25, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 4))
    return figure


@paper_style()
def plot_importance(table: pd.DataFrame, *, labels: dict[str, str]) -> PaperFigure:
    """Draw how much each predictor moves the served probability on average.

    Parameters
    ----------
    table : DataFrame
        Rows of one horizon from :func:`training.model.importance.global_importance`.
    labels : dict of str to str
        Plain words for each predictor.
    """
    ordered = table.sort_values("mean_absolute_contribution")
    figure, axes = make_axes(width=5.6, height=1.1 + 0.28 * len(ordered))
    names = [labels.get(name, name) for name in ordered["predictor"]]
    axes.barh(names, 100 * ordered["mean_absolute_contribution"], color=BLUE, height=0.65)
    axes.set(xlabel="mean absolute contribution, percentage points")
    axes.tick_params(axis="y", length=0)
    return figure


@paper_style()
def plot_learning_curve(table: pd.DataFrame, *, needed: float | None) -> PaperFigure:
    """Draw AUC and Brier skill in held-out patients against the patients learnt from.

    Parameters
    ----------
    table : DataFrame
        One horizon of :func:`training.evaluation.learning_curve.compute_learning_curve`.
    needed : float or None
        Patients that the sample-size criteria ask for.
    """
    n = table["n"].to_numpy()
    last = max(float(n.max()), needed or 0.0)
    further = np.geomspace(n.min(), min(last, 5 * n.max()) * 1.1, 60)
    figure = make_figure(width=6.8, height=3.1)
    panels = figure.subplots(1, 2)
    for axes, metric, nothing in zip(panels, ("auc", "brier_skill"), (0.5, 0.0), strict=True):
        values, *ends = (table[f"{metric}{end}"].to_numpy() for end in ("", "_low", "_high"))
        axes.axhline(nothing, color=INK, linewidth=0.8, linestyle=":")
        continued = continue_curve(n, values, further)
        axes.plot(further, continued, "--", color=GREY, linewidth=1.2, label="a + b / n")
        draw_points(axes, n, values, *ends, fmt="o-", label="held-out patients")
        if needed and needed <= further[-1]:
            axes.axvline(needed, color=ORANGE, linewidth=1.2, label="needed by criteria")
        axes.set(xscale="log", xlabel="patients learnt from", ylabel=METRICS[metric].label)
        ticks = [*n, *([needed] if needed and needed > 1.15 * n.max() else [])]
        axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
