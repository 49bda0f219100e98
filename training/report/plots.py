"""Pictures of reports, of tables that were computed elsewhere.

No picture shows a single patient: bands, counts and curves are drawn, never one mark for each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from features.arrays import FloatArray
from training.document.document import each_row, row_of
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
from training.measures.pooling.sites import MEASURES
from training.report.estimate_plots import draw_bars_of_risk

__all__ = [
    "plot_calibration_instability",
    "plot_classification_instability",
    "plot_decision_curve",
    "plot_importance",
    "plot_learning_curve",
    "plot_null_test",
    "plot_prediction_instability",
    "plot_risk_calibration",
    "plot_roc",
    "plot_sites",
    "plot_subgroups",
]


_MOST_NAMED = 40
"""Sites that a picture has room to name."""
_MOST_CURVES = 200
_LOWEST_TOP = 0.05
_VERDICT_COLOURS = {"passed": BLUE, "failed": ORANGE, "uncertain": GREY}
_IDEALS = {"auc": 0.5, "o_e": 1.0, "slope": 1.0}
_MEAN: dict[str, Any] = {"color": INK, "linewidth": 3}
_WIDE, _FEW_RATIOS = 8, (0.01, 0.1, 0.3, 1, 3, 10, 100)
"""From where on a further site may be so unlike the others that ticks have to be few."""
_PREDICTED: dict[str, Any] = {"color": ORANGE, "linewidth": 1.6}


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


@paper_style()
def plot_risk_calibration(
    curve: pd.DataFrame, groups: pd.DataFrame, risks: pd.DataFrame
) -> PaperFigure:
    """Draw the flexible calibration curve over the distribution of the risks.

    Parameters
    ----------
    curve : DataFrame
        `curve` of a :class:`training.measures.calibration_curve.CalibrationCurve`.
    groups : DataFrame
        :func:`training.measures.calibration_groups.compute_calibration_groups`.
    risks : DataFrame
        :func:`training.measures.risk_histogram.compute_risk_histogram`.
    """
    figure = make_figure(width=4.5, height=5.7)
    axes, below = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    draw_diagonal(axes, "ideal")
    draw_band(axes, curve["risk"], curve["low"], curve["high"], label="95% band")
    axes.plot(curve["risk"], curve["observed"], color=BLUE, linewidth=1.8, label="loess")
    draw_points(
        axes,
        *(groups[name] for name in ("predicted", "observed", "low", "high")),
        color=INK,
        label="groups of patients",
    )
    axes.set_ylabel("observed share of responders")
    axes.legend(loc="upper left")
    draw_bars_of_risk(below, risks)
    below.set(xlabel="predicted probability of response", ylabel="patients")
    below.legend(fontsize=7, ncols=2, loc="lower left", bbox_to_anchor=(0, 0.98), borderaxespad=0)
    return figure


@paper_style()
def plot_roc(roc: pd.DataFrame, auc: Any) -> PaperFigure:
    """Draw sensitivity against 1 - specificity, at every hundredth of risk.

    Parameters
    ----------
    roc : DataFrame
        :func:`training.measures.decision_curve.compute_threshold_table`.
    auc : named tuple
        Row `auc` of a performance table.
    """
    figure, axes = make_axes(width=4.2, height=4.2)
    draw_diagonal(axes)
    around = roc.iloc[::-1]
    false_alarms = [0, *(1 - around["specificity"]), 1]
    hits = [0, *around["sensitivity"], 1]
    axes.plot(false_alarms, hits, color=BLUE, linewidth=1.8, clip_on=False)
    axes.set(aspect="equal", xlabel="1 − specificity", ylabel="sensitivity")
    text = f"AUC {auc.estimate:.2f} ({auc.low:.2f} to {auc.high:.2f})"
    axes.text(0.97, 0.05, text, ha="right", transform=axes.transAxes)
    return figure


@paper_style()
def plot_decision_curve(decision: pd.DataFrame) -> PaperFigure:
    """Draw the net benefit of the model against treating all and treating none.

    Parameters
    ----------
    decision : DataFrame
        :func:`training.measures.decision_curve.compute_decision_curve`.
    """
    figure, axes = make_axes(width=5.4, height=3.8)
    at = 100 * decision["threshold"]
    draw_band(axes, at, decision["net_benefit_low"], decision["net_benefit_high"])
    axes.plot(at, decision["net_benefit"], color=BLUE, linewidth=1.8, label="model, 95% band")
    axes.plot(at, decision["treat_all"], "--", color=ORANGE, linewidth=1.4, label="treat all")
    axes.axhline(0, color=INK, linewidth=1, linestyle=":", label="treat none")
    # Where nobody responded, no benefit is above 0: the axis still needs a height.
    top = max(float(decision[["net_benefit_high", "treat_all"]].max().max()), _LOWEST_TOP)
    axes.set(
        xlim=(at.min(), at.max()),
        ylim=(-0.25 * top, 1.1 * top),
        ylabel="net benefit",
        xlabel="probability from which a course would be offered, %",
    )
    axes.legend()
    return figure


@paper_style()
def plot_sites(table: pd.DataFrame, pooled: pd.DataFrame, *, word: str = "site") -> PaperFigure:
    """Draw each site's AUC, O:E and calibration slope, their means and prediction intervals.

    Parameters
    ----------
    table, pooled : DataFrame
        Of a :class:`training.validation.validation.SiteResults`.
    word : str
        What a site is called.
    """
    rows = list(each_row(table))
    n = len(rows)
    named = n <= _MOST_NAMED
    figure = make_figure(width=7.2, height=1.8 + (0.3 if named else 0.07) * (n + 1))
    panels = figure.subplots(1, len(MEASURES), sharey=True)
    # More than fit on a page are drawn close together, and named by the table alone.
    names = [f"{row.site}  ({row.events}/{row.n})" if named else "" for row in rows]
    for axes, (measure, words) in zip(panels, MEASURES.items(), strict=True):
        axes.axvline(_IDEALS[measure], color=GREY, linewidth=1, linestyle="--")
        for y, row in enumerate(rows):
            draw_estimate(axes, y, *(getattr(row, measure + e) for e in ("", "_low", "_high")))
        _draw_mean(axes, row_of(pooled, measure), n)
        if measure == "o_e":
            low, high = axes.get_xlim()
            wide = low <= 0 or high / low > _WIDE
            make_ratio_axis(axes, _FEW_RATIOS if wide else (0.25, 0.5, 0.75, 1, 1.5, 2, 4))
        axes.set_xlabel(words)
        add_grid(axes, "x")
        axes.axhline(n - 0.5, color=LIGHT, linewidth=1)
        name_rows(axes, [*names, f"all {word}s"])
    figure.legend(
        handles=[
            Line2D([], [], label=f"mean over {word}s, 95% interval", **_MEAN),
            Line2D([], [], label=f"where a further {word} is expected (95%)", **_PREDICTED),
        ],
        loc="outside lower left",
        ncols=2,
    )
    return figure


def _draw_mean(axes: Axes, pooled: Any, y: float) -> None:
    """Draw the mean over sites with its interval, and the prediction interval beside it."""
    if np.isnan(pooled.estimate):
        return
    axes.plot([pooled.prediction_low, pooled.prediction_high], [y, y], **_PREDICTED)
    axes.plot([pooled.low, pooled.high], [y, y], **_MEAN)
    axes.plot(pooled.estimate, y, "D", color=INK, markersize=6)
