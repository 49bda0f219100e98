"""Pictures of a study's report, of tables that were computed elsewhere.

No picture shows a single patient: bands and curves are drawn, never one mark for each. (How a
model does in patients it has not seen is drawn by :mod:`training.report.validation_plots`.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
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
    make_axes,
    make_figure,
    make_ratio_axis,
    paper_style,
    set_figure_title,
    set_title,
    write_not_estimable,
)
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


def plot_prediction_instability(table: pd.DataFrame, *, title: str) -> PaperFigure:
    """Draw the risks that reruns give to patients of similar served risk.

    Parameters
    ----------
    table : DataFrame
        :func:`training.measures.instability.compute_prediction_instability`.
    title : str
        What is shown.
    """
    with paper_style():
        figure, axes = make_axes(width=4.4, height=4.4)
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="no change")
        if len(table) == 1:  # one group: bars in place of bands
            row = next(each_row(table))
            axes.plot(
                [row.risk] * 2,
                [row.low, row.high],
                color=BLUE,
                linewidth=2,
                alpha=0.4,
                label="95% of the reruns' risks",
            )
            axes.plot(
                [row.risk] * 2,
                [row.q1, row.q3],
                color=BLUE,
                linewidth=5,
                alpha=0.6,
                label="half of them",
            )
            axes.plot(row.risk, row.median, "o", color=INK, label="median")
        else:
            axes.fill_between(
                table["risk"],
                table["low"],
                table["high"],
                color=BLUE,
                alpha=0.18,
                linewidth=0,
                label="95% of the reruns' risks",
            )
            axes.fill_between(
                table["risk"],
                table["q1"],
                table["q3"],
                color=BLUE,
                alpha=0.35,
                linewidth=0,
                label="half of them",
            )
            axes.plot(table["risk"], table["median"], color=INK, linewidth=1.4, label="median")
        axes.set(
            xlim=(0, 1),
            ylim=(0, 1),
            aspect="equal",
            ylabel="probability by a rerun",
            xlabel="probability by the model that is served",
        )
        axes.legend(loc="upper left", fontsize=8)
        set_title(axes, title)
    return figure


def plot_calibration_instability(
    table: pd.DataFrame, curves: FloatArray, *, title: str
) -> PaperFigure:
    """Draw the calibration curve of each rerun in the original patients.

    Parameters
    ----------
    table, curves
        :func:`training.measures.instability.compute_calibration_instability`.
    title : str
        What is shown.
    """
    with paper_style():
        figure, axes = make_axes(width=4.4, height=4.4)
        at = np.linspace(0, 1, curves.shape[1])
        for curve in curves[:_MOST_CURVES]:
            axes.plot(at, np.clip(curve, 0, 1), color=BLUE, linewidth=0.6, alpha=0.25)
        axes.plot([], [], color=BLUE, linewidth=0.8, alpha=0.6, label="a rerun's model (loess)")
        axes.plot(
            table["risk"], np.clip(table["median"], 0, 1), color=INK, linewidth=1.6, label="median"
        )
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="ideal")
        axes.set(
            xlim=(0, 1),
            ylim=(0, 1),
            aspect="equal",
            ylabel="observed share of responders",
            xlabel="probability by a rerun",
        )
        axes.legend(loc="upper left", fontsize=8)
        set_title(axes, title)
    return figure


def plot_classification_instability(table: pd.DataFrame, *, title: str) -> PaperFigure:
    """Draw how often a rerun puts a patient on the other side of a threshold.

    Parameters
    ----------
    table : DataFrame
        :func:`training.measures.instability.compute_classification_instability`.
    title : str
        What is shown.
    """
    with paper_style():
        figure, axes = make_axes(width=5.0, height=3.4)
        at = 100 * table["threshold"]
        axes.plot(
            at,
            100 * table["classification_instability"],
            color=BLUE,
            linewidth=1.8,
            label="patients and reruns on the other side",
        )
        axes.plot(
            at,
            100 * table["unstable_patients"],
            color=ORANGE,
            linewidth=1.4,
            linestyle="--",
            label="patients whom over a fifth of reruns turn",
        )
        axes.set(ylim=(0, None), ylabel="%", xlabel="threshold of the probability, %")
        figure.legend(fontsize=8, loc="outside lower left")
        set_title(axes, title)
    return figure


def plot_null_test(table: pd.DataFrame, labels: dict[str, str], *, title: str) -> PaperFigure:
    """Draw the mean AUC of each model on permuted outcomes, with its Monte Carlo interval.

    Parameters
    ----------
    table : DataFrame
        :func:`training.evaluation.null_test.compute_null_test`.
    labels : dict of str to str
        Plain words for each model.
    title : str
        What is shown.
    """
    horizons = list(dict.fromkeys(table["horizon"]))
    models = list(dict.fromkeys(table["model"]))
    with paper_style():
        figure = make_figure(width=2.4 + 2.6 * len(horizons), height=1.4 + 0.28 * len(models))
        panels = figure.subplots(1, len(horizons), sharey=True, squeeze=False)[0]
        for axes, horizon in zip(panels, horizons, strict=True):
            axes.axvspan(*BAND, color=LIGHT, linewidth=0)
            axes.axvline(0.5, color=GREY, linewidth=1, linestyle="--")
            for row in each_row(table[table["horizon"] == horizon]):
                y = models.index(row.model)
                if np.isnan(row.auc):
                    axes.text(
                        0.5, y, row.verdict, ha="center", va="center", fontsize=7.5, color=GREY
                    )
                    continue
                half = 0.0 if np.isnan(row.mc_error) else 1.96 * row.mc_error
                colour = _VERDICT_COLOURS.get(row.verdict, GREY)
                axes.plot([row.auc - half, row.auc + half], [y, y], color=colour, linewidth=1.4)
                axes.plot(row.auc, y, "o", color=colour, markersize=4.5)
            low, high = axes.get_xlim()
            axes.set(xlim=(min(0.4, low), max(0.6, high)), xlabel=f"mean AUC, {horizon.upper()}")
            axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(range(len(models)), [labels.get(name, name) for name in models])
        panels[0].set_ylim(len(models) - 0.4, -0.6)
        set_figure_title(figure, title)
    return figure


def plot_subgroups(table: pd.DataFrame, *, title: str) -> PaperFigure:
    """Draw AUC and O:E of each part of the cohort.

    Parameters
    ----------
    table : DataFrame
        :func:`training.measures.subgroups.compute_subgroups`.
    title : str
        What is shown.
    """
    rows = list(each_row(table))
    with paper_style():
        figure = make_figure(width=7.2, height=1.3 + 0.2 * len(rows))
        panels = figure.subplots(1, 2, sharey=True)
        for axes, metric, ideal, words in zip(
            panels, ("auc", "o_e"), (0.5, 1.0), ("AUC", "observed : expected"), strict=True
        ):
            axes.axvline(ideal, color=GREY, linewidth=1, linestyle="--")
            for y, row in enumerate(rows):
                _draw_subgroup(axes, y, row, metric)
            axes.set_xlabel(words)
            add_grid(axes, "x")
            axes.tick_params(axis="y", length=0)
        low, high = panels[0].get_xlim()
        panels[0].set_xlim(min(0.4, low), max(0.8, high))
        make_ratio_axis(panels[1], (0.25, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 4))
        names = [f"{row.variable}: {row.subgroup}".rstrip(": ") for row in rows]
        counts = [
            f"{name}  ({row.events:.0f}/{row.n})" for name, row in zip(names, rows, strict=True)
        ]
        panels[0].set_yticks(range(len(rows)), counts, fontsize=8)
        panels[0].set_ylim(len(rows) - 0.4, -0.6)
        set_figure_title(figure, title)
    return figure


def _draw_subgroup(axes: Axes, y: int, row: Any, metric: str) -> None:
    estimate = getattr(row, metric)
    if np.isnan(estimate):
        write_not_estimable(axes, y)
        return
    ends = [getattr(row, f"{metric}_low"), getattr(row, f"{metric}_high")]
    colour = INK if y == 0 else BLUE
    axes.plot(ends, [y, y], color=colour, linewidth=1.2)
    axes.plot(estimate, y, "s", color=colour, markersize=4.5)


def plot_importance(table: pd.DataFrame, *, labels: dict[str, str], title: str) -> PaperFigure:
    """Draw how much each predictor moves the served probability on average.

    Parameters
    ----------
    table : DataFrame
        Rows of one horizon from :func:`training.model.importance.global_importance`.
    labels : dict of str to str
        Plain words for each predictor.
    title : str
        What is shown.
    """
    ordered = table.sort_values("mean_absolute_contribution")
    with paper_style():
        figure, axes = make_axes(width=5.6, height=1.1 + 0.28 * len(ordered))
        names = [labels.get(name, name) for name in ordered["predictor"]]
        axes.barh(names, 100 * ordered["mean_absolute_contribution"], color=BLUE, height=0.65)
        axes.set(xlabel="mean absolute contribution, percentage points")
        axes.tick_params(axis="y", length=0)
        set_title(axes, title)
    return figure


def plot_learning_curve(table: pd.DataFrame, *, needed: float | None, title: str) -> PaperFigure:
    """Draw AUC and Brier skill in held-out patients against the patients learnt from.

    Parameters
    ----------
    table : DataFrame
        One horizon of :func:`training.evaluation.learning_curve.compute_learning_curve`.
    needed : float or None
        Patients that the sample-size criteria ask for.
    title : str
        What is shown.
    """
    n = table["n"].to_numpy()
    last = max(float(n.max()), needed or 0.0)
    further = np.geomspace(n.min(), min(last, 5 * n.max()) * 1.1, 60)
    with paper_style():
        figure = make_figure(width=6.8, height=3.1)
        for axes, (metric, label, nothing) in zip(
            figure.subplots(1, 2),
            (("auc", "AUC", 0.5), ("brier_skill", "Brier skill", 0.0)),
            strict=True,
        ):
            values = table[metric].to_numpy()
            reach = np.abs(table[[f"{metric}_low", f"{metric}_high"]].to_numpy().T - values)
            axes.axhline(nothing, color=INK, linewidth=0.8, linestyle=":")
            axes.plot(
                further,
                continue_curve(n, values, further),
                color=GREY,
                linestyle="--",
                linewidth=1.2,
                label="a + b / n",
            )
            axes.errorbar(
                n,
                values,
                yerr=reach,
                color=BLUE,
                marker="o",
                markersize=4,
                linewidth=1.2,
                capsize=2,
                label="held-out patients",
            )
            if needed and needed <= further[-1]:
                axes.axvline(needed, color=ORANGE, linewidth=1.2, label="needed by criteria")
            axes.set(xscale="log", xlabel="patients learnt from", ylabel=label)
            ticks = [*n, *([needed] if needed and needed > 1.15 * n.max() else [])]
            axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
            axes.xaxis.set_minor_locator(NullLocator())
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
        set_figure_title(figure, title)
    return figure
