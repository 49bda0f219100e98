"""The card's pictures as SVG: drawn from the card's own numbers, wherever it is shown.

The service shows cards and knows no plotting library; and a picture that is drawn from the body
cannot say anything else than what was signed. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from training.card.pages.axes import BLUE, GREY, INK, ORANGE, PALE, SvgAxes
from training.card.schema import OWN_RATE, BaseRateRow
from training.document.words import percent
from training.store.asked import OutcomeCount
from training.store.found import CalibrationFacts, CalibrationGroup, DecisionCurve

__all__ = [
    "draw_base_rates",
    "draw_calibration",
    "draw_decision",
    "draw_importance",
    "draw_sureness",
]

_FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def draw_calibration(calibration: CalibrationFacts, where: str) -> str:
    """Draw observed shares against predicted risks: the curve with its band, and groups.

    Parameters
    ----------
    calibration : Calibration
        Of one horizon.
    where : str
        Named in the title.
    """
    plot = SvgAxes((0, 1), (0, 1))
    plot.x_axis(_FIFTHS, "predicted probability (held out)")
    plot.y_axis(_FIFTHS, "observed share of responders")
    plot.line([(0, 0), (1, 1)], GREY, width=1.3, dash="5 4")
    known = [row for row in calibration.curve if row.observed is not None]
    plot.band(_find_band((row.risk, row.low, row.high) for row in known), PALE)
    curve = [(row.risk, row.observed) for row in known if row.observed is not None]
    plot.line(curve, BLUE, width=2.4)
    for group in calibration.groups:
        at = group.predicted
        plot.line([(at, group.low), (at, group.high)], ORANGE, width=1.4)
        plot.dot(at, group.observed, ORANGE)
    entries = [(GREY, "5 4", "perfect"), (ORANGE, "", "groups of patients, 95% interval")]
    if curve:
        entries.insert(1, (BLUE, "", "smooth curve, 95% band"))
    plot.legend(entries, x=plot.x(0), y=18)
    return plot.finish(f"Calibration at {where}, held-out patients")


def _find_band(
    rows: Iterable[tuple[float, float | None, float | None]],
) -> list[tuple[float, float, float]]:
    """Return place, lower and upper limit wherever there is an interval."""
    return [(x, low, high) for x, low, high in rows if low is not None and high is not None]


def _find_ticks(low: float, high: float) -> list[float]:
    """Return round numbers, at most eight, from below `low` to above `high`."""
    span = max(high - low, 1e-6)
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0) if span / s <= 6 or s == 5.0)
    first = int(low // step)
    last = int(-(-high // step))
    return [round(step * i, 4) for i in range(first, last + 1)]


def draw_decision(decision: DecisionCurve, where: str) -> str:
    """Draw the net benefit of the model, of treating all and of treating none.

    Parameters
    ----------
    decision : DecisionCurve
        Of one horizon.
    where : str
        Named in the title.
    """
    rows = decision.rows
    low, high = decision.range
    limits = [limit for r in rows for limit in (r.net_benefit_low, r.net_benefit_high)]
    values = [r.net_benefit for r in rows] + [r.treat_all for r in rows]
    values += [limit for limit in limits if limit is not None]
    ticks = _find_ticks(min(0.0, *values), max(values))
    plot = SvgAxes((low, high), (ticks[0], ticks[-1]))
    plot.x_axis(
        [tick for tick in _find_ticks(low, high) if low <= tick <= high],
        "threshold: treat from this probability on",
    )
    plot.y_axis(ticks, "net benefit", as_percent=False)
    band = _find_band((r.threshold, r.net_benefit_low, r.net_benefit_high) for r in rows)
    plot.band(band, PALE)
    plot.line([(low, 0), (high, 0)], GREY, width=1.6)
    plot.line([(r.threshold, r.treat_all) for r in rows], ORANGE, dash="6 4")
    plot.line([(r.threshold, r.net_benefit) for r in rows], BLUE, width=2.6)
    plot.legend(
        [
            (BLUE, "", "by the model, 95% band"),
            (ORANGE, "6 4", "treat all"),
            (GREY, "", "treat none"),
        ],
        x=plot.x(low),
        y=18,
    )
    return plot.finish(f"Decision curve at {where}, held-out patients")


def draw_importance(shares: Mapping[str, float], labels: Mapping[str, str], where: str) -> str:
    """Draw each predictor's share of what moves the estimate.

    Parameters
    ----------
    shares : mapping
        :func:`training.card.literature.compute_shares`.
    labels : mapping
        Plain words for each predictor.
    where : str
        Named in the title.
    """
    height = 34 + 27 * len(shares)
    plot = SvgAxes((0, max(*shares.values(), 0.01)), (0, 1), height=height, margins=(6, 48, 6, 190))
    for i, (name, share) in enumerate(shares.items()):
        at = 24 + 27 * i
        words = labels.get(name, name)
        plot.text(182, at + 4, words if len(words) <= 29 else words[:28] + "…", anchor="end")
        width = plot.x(share) - plot.x(0)
        plot.add(
            f'<rect x="{plot.x(0):.1f}" y="{at - 9}" width="{width:.1f}" height="18" '
            f'fill="{BLUE}"/>'
        )
        plot.text(plot.x(share) + 6, at + 4, percent(share), color=GREY)
    return plot.finish(f"What moves the estimate at {where}")


def draw_base_rates(rows: Sequence[BaseRateRow], where: str) -> str:
    """Draw the cohort's share of responders beside the published ones.

    Parameters
    ----------
    rows : sequence of BaseRateRow
        :func:`training.card.literature.compare_base_rates`, of one horizon.
    where : str
        Named in the title.
    """
    height = 62 + 30 * len(rows)
    plot = SvgAxes((0, 1), (0, 1), width=640, height=height, margins=(10, 24, 46, 250))
    plot.x_axis(_FIFTHS, "share of responders, 95% interval")
    for i, row in enumerate(rows):
        at = 1 - (i + 0.5) / len(rows)
        own = row.source == OWN_RATE
        color = BLUE if own else GREY
        source = row.source.split(",")[0]
        pooled = "pooled, recomputed" if "recomputed" in row.what else "pooled, as published"
        words = "this cohort" if own else f"{source}, {pooled}" if row.n is None else source
        size = f" ({row.events} of {row.n})" if row.n is not None else ""
        plot.text(
            240, plot.y(at) + 4, words + size, anchor="end", weight="600" if own else "normal"
        )
        plot.line([(row.low, at), (row.high, at)], color)
        plot.dot(row.rate, at, color, radius=5)
    return plot.finish(f"Share of responders at {where}")


def draw_sureness(
    count: OutcomeCount, groups: Sequence[CalibrationGroup], where: str, *, told: float | None
) -> str:
    """Draw how many responded, of all and of those with like estimates, beside what they were told.

    Parameters
    ----------
    count : OutcomeCount
        The share of all who responded.
    groups : sequence of CalibrationGroup
        Of patients by estimate; none where everyone is told the same.
    where : str
        The horizon, named in the title.
    told : float or None
        What everyone is told, if that is the same.
    """
    rows = [(f"all {count.n:.0f} known", count.base_rate, count.low, count.high, told)]
    rows += [
        (f"{group.n} told about {percent(group.predicted)}", *_get_share(group), group.predicted)
        for group in sorted(groups, key=lambda group: group.predicted)
    ]
    height = 46 + 22 * len(rows)
    plot = SvgAxes((0, 1), (0, 1), height=height, margins=(4, 20, 42, 120))
    plot.x_axis(_FIFTHS, "responded, 95% interval")
    if count.base_rate is not None:
        plot.line([(count.base_rate, 0), (count.base_rate, 1)], BLUE, width=1.2, dash="4 4")
    for i, (words, share, low, high, estimate) in enumerate(rows):
        at, color = 1 - (i + 0.5) / len(rows), ORANGE if i else BLUE
        weight = "normal" if i else "600"
        plot.text(112, plot.y(at) + 4, words, anchor="end", size=11.5, weight=weight)
        if low is not None and high is not None:
            plot.line([(low, at), (high, at)], color)
        if share is not None:
            plot.dot(share, at, color)
        if estimate is not None:
            x, y = plot.x(estimate), plot.y(at)
            plot.add(
                f'<path d="M{x:.1f} {y - 7:.1f}l6 7l-6 7l-6 -7z" fill="none" stroke="{INK}" '
                'stroke-width="1.6"/>'
            )
    return plot.finish(f"How many responded at {where}, beside what they were told")


def _get_share(group: CalibrationGroup) -> tuple[float, float, float]:
    return group.observed, group.low, group.high
