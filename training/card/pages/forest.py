"""A forest plot as SVG: a measure at each centre, over all, and where a further one is expected."""

from __future__ import annotations

import math
from collections.abc import Sequence

from training.card.pages.axes import BLUE, GREY, INK, ORANGE, SvgAxes
from training.document.words import number
from training.store.optional.network_found import CentrePerformanceFacts, PooledMeasureFacts
from training.store.part import EstimateRow

__all__ = ["FORESTS", "draw_forest"]

FORESTS = {"auc": 0.5, "o_e": 1.0, "slope": 1.0}
"""The measures that are drawn: of a coin (AUC), or as they should be."""

_RATIOS = (0.1, 0.25, 0.5, 0.67, 1.0, 1.5, 2.0, 4.0, 10.0)
_ROW, _LEFT = 24.0, 132.0
_WIDEST = {"auc": (0.2, 1.0), "o_e": (0.1, 10.0), "slope": (-2.0, 4.0)}
"""What is drawn at most; an interval that goes on beyond ends at the border."""
_STEPS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


def draw_forest(
    measure: str,
    words: str,
    rows: Sequence[CentrePerformanceFacts],
    pooled: PooledMeasureFacts | None,
    where: str,
) -> str:
    """Draw one measure at each centre, with 95% intervals, and below them over all centres.

    Parameters
    ----------
    measure, words : str
        "auc", "o_e" or "slope", and what people call it.
    rows : sequence of CentrePerformanceFacts
        In the order in which they are drawn, from above.
    pooled : PooledMeasureFacts or None
        Over all centres; its prediction interval is a line of its own.
    where : str
        The horizon, named in the title.
    """
    shown = [(row.centre, _size(row), row.measures.get(measure)) for row in rows]
    low, high = _find_ends(measure, [estimate for _, _, estimate in shown], pooled)
    at = math.log if measure == "o_e" else float
    n = len(shown) + 1
    axes = SvgAxes((at(low), at(high)), (0, n), height=62 + _ROW * n, margins=(8, 20, 44, _LEFT))
    ticks = _find_ticks(measure, low, high)
    axes.x_axis([at(tick) for tick in ticks], words, labels=[f"{tick:g}" for tick in ticks])
    ideal = at(FORESTS[measure])
    if at(low) <= ideal <= at(high):
        axes.line([(ideal, 0), (ideal, n)], GREY, width=1.3, dash="5 4")

    def place(value: float) -> float:
        return at(min(max(value, low), high))

    for i, (name, size, estimate) in enumerate(shown):
        y = n - i - 0.5
        axes.text(_LEFT - 8, axes.y(y) + 4, f"{name} ({size})", anchor="end", size=11.5)
        if estimate is None or estimate.estimate is None:
            axes.text(axes.x(at(low)) + 4, axes.y(y) + 4, "not estimable", color=GREY, size=11)
            continue
        if estimate.low is not None and estimate.high is not None:
            axes.line([(place(estimate.low), y), (place(estimate.high), y)], BLUE)
        axes.dot(place(estimate.estimate), y, BLUE)
    axes.text(_LEFT - 8, axes.y(0.5) + 4, "all centres", anchor="end", size=11.5, weight="600")
    if pooled is not None and pooled.estimate is not None:
        if pooled.prediction_low is not None and pooled.prediction_high is not None:
            ends = (place(pooled.prediction_low), place(pooled.prediction_high))
            axes.line([(ends[0], 0.5), (ends[1], 0.5)], ORANGE, width=1.6)
        if pooled.low is not None and pooled.high is not None:
            axes.line([(place(pooled.low), 0.5), (place(pooled.high), 0.5)], INK, width=3.5)
        axes.dot(place(pooled.estimate), 0.5, INK, radius=5)
        told = f"; over all {number(pooled.estimate)}"
    else:
        told = "; not estimable over all"
    return axes.finish(f"{words} at each centre, {where}{told}")


def _size(row: CentrePerformanceFacts) -> str:
    """Return responders of all, as far as they are told."""
    if row.n is None or row.events is None:
        return "few"
    return f"{row.events}/{row.n}"


def _find_ends(
    measure: str, rows: Sequence[EstimateRow | None], pooled: PooledMeasureFacts | None
) -> tuple[float, float]:
    """Return what the axis spans: all there is, and the ideal, within the widest."""
    known = [FORESTS[measure]]
    for row in [*rows, pooled]:
        if row is not None:
            known += [v for v in (row.estimate, row.low, row.high) if v is not None]
    if pooled is not None:
        known += [v for v in (pooled.prediction_low, pooled.prediction_high) if v is not None]
    least, most = _WIDEST[measure]
    low, high = max(min(known), least), min(max(known), most)
    if measure == "o_e":
        return min(low / 1.1, 0.9), max(high * 1.1, 1.12)
    room = max(0.06 * (high - low), 0.03)
    return low - room, high + room


def _find_ticks(measure: str, low: float, high: float) -> list[float]:
    """Return round numbers within the ends, at most seven."""
    if measure == "o_e":
        return [tick for tick in _RATIOS if low <= tick <= high]
    step = next((s for s in _STEPS if (high - low) / s <= 7), _STEPS[-1])
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(step * i, 4) for i in range(first, last + 1)]
