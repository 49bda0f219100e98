"""Pictures of a model judged in other patients. They draw counts and curves, never a patient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

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
from training.measures.sites import MEASURES

__all__ = ["plot_decision_curve", "plot_risk_calibration", "plot_roc", "plot_sites"]

_IDEALS = {"auc": 0.5, "o_e": 1.0, "slope": 1.0}
_MEAN: dict[str, Any] = {"color": INK, "linewidth": 3}
_PREDICTED: dict[str, Any] = {"color": ORANGE, "linewidth": 1.6}


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
    width = risks["high"] - risks["low"]
    bars = {"align": "edge", "width": width * 0.9, "linewidth": 0}
    below.bar(risks["low"], risks["events"], color=BLUE, label="responders", **bars)
    below.bar(risks["low"], -risks["non_events"], color=ORANGE, label="nonresponders", **bars)
    most = 1.15 * max(1, int(risks[["events", "non_events"]].to_numpy().max()))
    below.axhline(0, color=INK, linewidth=0.8)
    below.set(xlabel="predicted probability of response", ylabel="patients", ylim=(-most, most))
    below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
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
    top = float(decision[["net_benefit_high", "treat_all"]].max().max())
    axes.set(
        xlim=(at.min(), at.max()),
        ylim=(-0.25 * top, 1.1 * top),
        ylabel="net benefit",
        xlabel="probability from which a course would be offered, %",
    )
    axes.legend()
    return figure


@paper_style()
def plot_sites(table: pd.DataFrame, pooled: pd.DataFrame) -> PaperFigure:
    """Draw each site's AUC, O:E and calibration slope, their means and prediction intervals.

    Parameters
    ----------
    table, pooled : DataFrame
        Of a :class:`training.validation.validation.SiteResults`.
    """
    rows = list(each_row(table))
    n = len(rows)
    figure = make_figure(width=7.2, height=1.8 + 0.3 * (n + 1))
    panels = figure.subplots(1, len(MEASURES), sharey=True)
    for axes, (measure, words) in zip(panels, MEASURES.items(), strict=True):
        axes.axvline(_IDEALS[measure], color=GREY, linewidth=1, linestyle="--")
        for y, row in enumerate(rows):
            draw_estimate(axes, y, *(getattr(row, measure + e) for e in ("", "_low", "_high")))
        _draw_mean(axes, row_of(pooled, measure), n)
        if measure == "o_e":
            make_ratio_axis(axes, (0.25, 0.5, 0.75, 1, 1.5, 2, 4))
        axes.set_xlabel(words)
        add_grid(axes, "x")
        axes.axhline(n - 0.5, color=LIGHT, linewidth=1)
        name_rows(axes, [*(f"{row.site}  ({row.events}/{row.n})" for row in rows), "all sites"])
    figure.legend(
        handles=[
            Line2D([], [], label="mean over sites, 95% interval", **_MEAN),
            Line2D([], [], label="where a further site is expected (95%)", **_PREDICTED),
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
