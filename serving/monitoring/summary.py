"""What monitoring found, in plain sentences: for the terminal and the first lines of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from features.shares import FEWEST, format_count
from serving.monitoring.alarms import Alarm
from serving.monitoring.charts import FIRST_REQUESTS
from serving.monitoring.watch import Watched
from training.document.document import each_row, row_of
from training.document.words import capital, number, number_range, percent, share_with_interval

__all__ = ["BUDGET_SENTENCE", "make_monitoring_summary"]

BUDGET_SENTENCE = (
    "Where nothing has changed, all charts together raise a false alarm about once in 20 years of "
    "50 patients a year."
)
_FEW = 10


def make_monitoring_summary(watched: Watched) -> tuple[str, ...]:
    """Return what was found, the most important first."""
    found = watched.found
    sentences = [f"This model is suspended: {watched.suspended}."] if watched.suspended else []
    sentences += _say_alarms(watched) or [_say_quiet(watched)]
    sentences += [_say_ratio(row) for row in each_row(found.performance) if row.metric == "o_e"]
    for horizon in found.reporting.index:
        sentences += _say_overdue(horizon, row_of(found.reporting, horizon))
    if found.requests:
        sentences.append(_say_requests(watched))
    return (*sentences, *watched.remarks)


def _say_alarms(watched: Watched) -> list[str]:
    """Return the last alarm of each chart, and how often that chart has raised one."""
    by_chart: dict[str, list[Alarm]] = {}
    for alarm in watched.found.alarms:
        by_chart.setdefault(alarm.kind, []).append(alarm)
    return [alarms[-1].text + _say_earlier(alarms) for alarms in by_chart.values()]


def _say_earlier(alarms: Sequence[Alarm]) -> str:
    if len(alarms) == 1:
        return ""
    return (
        f" This is the last of {len(alarms)} crossings, the first was on {alarms[0].day}: after "
        "each the chart begins anew. A task tells of the first that the reviewers had not had."
    )


def _say_quiet(watched: Watched) -> str:
    charts = [chart for chart in watched.found.charts if chart.horizon]
    if any(chart.could_cross for chart in charts):
        return f"No limit has been crossed. {BUDGET_SENTENCE}"
    n = max((chart.n for chart in charts), default=0)
    if n == 0:
        return "Too few to say: no outcome that counts has been reported yet."
    return (
        f"Too few to say: with {format_count(n)} reported outcomes no chart could have crossed its "
        "limit, however they had turned out. This is normal in the first months."
    )


def _say_ratio(row: Any) -> str:
    horizon = row.horizon.upper()
    if row.n == 0:
        return f"At {horizon} no outcome that counts has been reported yet."
    if row.n < FEWEST:
        return f"At {horizon} fewer than {FEWEST} outcomes have been reported."
    expected = row.events / row.estimate if row.events else None
    where = f" where {number(expected, 1)} were expected" if expected else ", fewer than expected"
    text = (
        f"At {horizon} {row.events} of {row.n} responded{where}: observed over expected "
        f"{number(row.estimate)} (95% {number_range(row.low, row.high)})."
    )
    return text + (" That many say little." if row.n < _FEW else "")


def _say_overdue(horizon: str, row: Any) -> list[str]:
    if not row.overdue:
        return []
    text = (
        f"Of {row.due} outcomes due at {horizon.upper()}, {row.overdue} are not reported "
        f"({share_with_interval(row.share, row.share_low, row.share_high)})"
    )
    if np.isnan(row.o_e):
        return [f"{text}."]
    text += (
        f": with them, observed over expected could be anything from {number(row.o_e_none)} to "
        f"{number(row.o_e_all)}."
    )
    if row.could_hide:
        text += " They could hide a change: ask for them first."
    return [text]


def _say_requests(watched: Watched) -> str:
    found = watched.found
    parts = []
    words = {"out_of_scope": "out of scope", "missing": "with a predictor missing"}
    words["unlike"] = "unlike the training cohort"
    for chart in found.charts:
        if chart.horizon:
            continue
        text = words[chart.name]
        if chart.name != "unlike" and not chart.n:
            continue
        events = int(chart.steps["event"].sum())
        if chart.n >= FEWEST:
            share = percent(float(np.mean(chart.steps["expected"])))
            parts.append(f"{events} of {chart.n} {text} (about {share} expected)")
    head = f"{capital(format_count(found.requests))} patients were asked about"
    if not parts:
        return f"{head}: too few to compare with others."
    after = f"; shares are compared after the first {FIRST_REQUESTS}" if len(parts) > 1 else ""
    return f"{head}: {', '.join(parts)}{after}."
