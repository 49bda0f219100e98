"""How a model does in use, as a page: what was found first, then each table and how to read it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from features.shares import FEWEST
from serving.monitoring.alarms import QUESTIONS
from serving.monitoring.charts import FALSE_ALARMS, FIRST_REQUESTS, O_E_WATCHED, Chart
from serving.monitoring.performance import BLOCK
from serving.monitoring.summary import BUDGET_SENTENCE, make_monitoring_summary
from serving.monitoring.typicality import UNLIKE
from serving.monitoring.watch import Watched
from training.document.document import Block, Bullets, Document, Drawn, Picture, Section, Table
from training.document.words import (
    ABSENT,
    METRICS,
    capital,
    number,
    percent,
    share_with_interval,
    with_interval,
)

__all__ = ["make_monitoring_report"]

_FOOT = (
    "Identifiers of patients are not on this page, but the charts show outcomes one by one: for "
    "those who may see them."
)
_SHRUNKEN = "Calibration slope, drawn toward 1"


def make_monitoring_report(watched: Watched) -> Document:
    """Lay out what was found."""
    found = watched.found
    return Document(
        title=f"{watched.model} in use",
        lead=(
            f"On {_day(found.now)}. Each patient asked about counts once. For the reviewers of the "
            "model."
        ),
        stamp=watched.stamp,
        foot=_FOOT,
        sections=(
            Section("In short", (Bullets(make_monitoring_summary(watched)),)),
            Section("Do the estimates come true?", _make_performance(watched)),
            Section("Has something changed?", _make_charts(watched)),
            Section("Are the reports complete?", _make_reporting(watched)),
            Section("Parts of the patients", _make_subgroups(watched)),
        ),
    )


def _day(moment: Any) -> str:
    return str(np.datetime64(moment, "D"))


def _make_performance(watched: Watched) -> tuple[Block, ...]:
    found = watched.found
    blocks: list[Block] = []
    told = found.performance[found.performance["n"] >= FEWEST]
    if told.empty:
        return ("Too few to say: no horizon has three reported outcomes that count yet.",)
    blocks.append(
        Table.from_rows(
            "performance",
            "All outcomes so far, with 95% intervals.",
            told,
            {
                "horizon": lambda r: r.horizon.upper(),
                "outcomes": "n",
                "": lambda r: _name_metric(r.metric),
                "estimate (95%)": lambda r: r.note or with_interval(r.estimate, r.low, r.high),
            },
            "Observed over expected: 1 is right, below 1 the estimates promise too much; its "
            "interval is exact. The slope drawn toward 1 is the one to believe: few patients leave "
            "a slope wide open.",
        )
    )
    horizons = list(dict.fromkeys(found.course["horizon"]))
    blocks.append(
        Picture(
            "course",
            "Observed over expected of all outcomes so far. Dashed: the fall that the charts are "
            f"made for, {O_E_WATCHED:g}. The interval is for one look; the charts allow for "
            "looking again and again.",
            "Line charts of observed over expected with interval against the number of outcomes.",
            lambda: _plot("plot_o_e_course", found.course, horizons),
        )
    )
    blocks.append(
        Table.from_rows(
            "blocks",
            f"The same in blocks of {BLOCK} outcomes, in order of report.",
            found.blocks,
            {
                "horizon": lambda r: r.horizon.upper(),
                "reported": lambda r: f"{_day(r.first_at)} to {_day(r.last_at)}",
                "outcomes": "n",
                "observed": "observed",
                "expected": lambda r: number(r.expected, 1),
                "observed over expected (95%)": lambda r: with_interval(r.o_e, r.low, r.high),
                "AUC": lambda r: number(r.auc),
            },
            "A block by itself says little: look for a run in one direction. AUC needs 10 "
            "responders and 10 others. No alarm hangs on discrimination: tens of patients cannot "
            "tell an AUC of 0.7 from one of 0.6.",
            found.blocks.astype({"first_at": str, "last_at": str}),
        )
    )
    return tuple(blocks)


def _name_metric(name: str) -> str:
    return _SHRUNKEN if name == "calibration_slope_shrunken" else METRICS[name].label


def _plot(name: str, *args: Any) -> Drawn:
    """Draw, with the plotting library loaded only where a picture is wanted."""
    from serving.monitoring import plots

    drawn: Drawn = getattr(plots, name)(*args)
    return drawn


def _make_charts(watched: Watched) -> tuple[Block, ...]:
    charts = watched.found.charts
    of_outcomes = [chart for chart in charts if chart.horizon]
    of_requests = [chart for chart in charts if not chart.horizon]
    blocks: list[Block] = [
        f"Each chart adds up evidence for a change and falls back to 0 while there is none. Limits "
        f"are computed from the estimates themselves and hold from the first outcome on. "
        f"{BUDGET_SENTENCE}"
    ]
    for name, some, what in (
        ("outcome_charts", of_outcomes, "outcomes against estimates"),
        ("request_charts", of_requests, "who is asked about"),
    ):
        followed = [chart for chart in some if chart.n]
        if followed:
            blocks.append(
                Picture(
                    name,
                    f"Charts of {what}: evidence (line), limit (dashed; none while so few could "
                    "not cross it), crossings (rings).",
                    f"Step charts of {what} with limits.",
                    partial(_plot, "plot_charts", followed),
                )
            )
    blocks.append(
        Table.from_rows(
            "charts",
            "Where each chart stands.",
            charts,
            {
                "watches whether": lambda c: QUESTIONS[c.name],
                "horizon": lambda c: c.horizon.upper(),
                "patients": "n",
                "evidence": lambda c: _last(c, "value"),
                "limit": lambda c: _last(c, "limit"),
                "crossed": lambda c: len(c.crossings) or "",
                "share of the budget": lambda c: percent(c.rate / FALSE_ALARMS, 1),
            },
            f"Evidence is the natural logarithm of how much more probable the events are after a "
            f"change than without one. Whether a response is kept is followed among those who "
            f"responded. Out of scope and missing are held against the first {FIRST_REQUESTS} "
            f"patients, unlike against the training cohort, of whom {percent(UNLIKE)} or fewer are "
            "so themselves.",
        )
    )
    return tuple(blocks)


def _last(chart: Chart, column: str) -> str:
    if chart.n < FEWEST:  # one patient's evidence is one patient's outcome
        return ABSENT
    value = float(chart.steps[column].iloc[-1])
    return number(value) if np.isfinite(value) else "too few"


def _make_reporting(watched: Watched) -> tuple[Block, ...]:
    return (
        Table.from_rows(
            "reporting",
            "Outcomes that are due, and what those not reported could change.",
            watched.found.reporting.reset_index(),
            {
                "horizon": lambda r: r.horizon.upper(),
                "estimates": "estimates",
                "known": "known",
                "due": "due",
                "not reported": lambda r: (
                    f"{r.overdue}, {share_with_interval(r.share, r.share_low, r.share_high)}"
                    if r.due
                    else ABSENT
                ),
                "median days to report": lambda r: number(r.days, 0),
                "mean estimate, reported / not": lambda r: (
                    f"{percent(r.risk_known)} / {percent(r.risk_overdue)}"
                ),
                "observed over expected, if none to all of them responded": lambda r: (
                    f"{number(r.o_e_none)} to {number(r.o_e_all)}" if r.due else ABSENT
                ),
            },
            "Who is not reported is seldom a random part. Everything above is about those who are "
            "reported; the last column is how far the others could move it.",
        ),
    )


def _make_subgroups(watched: Watched) -> tuple[Block, ...]:
    table = watched.found.subgroups
    if table.empty:
        return ("Too few to say: no outcome that counts has been reported yet.",)
    return (
        Table.from_rows(
            "subgroups",
            "Observed over expected in parts of the patients.",
            table,
            {
                "horizon": lambda r: r.horizon.upper(),
                "": lambda r: capital(r.variable) + (f": {r.subgroup}" if r.subgroup else ""),
                "outcomes": lambda r: f"fewer than {FEWEST}" if r.hidden else f"{r.n:.0f}",
                "observed over expected (95%)": lambda r: with_interval(r.o_e, r.low, r.high),
                "drawn toward all": lambda r: number(r.shrunken),
            },
            f"Parts of fewer than {FEWEST}, and those they could be worked out from, are not told. "
            "The last column is the better guess: with few patients a part differs mostly by "
            "chance. A part that does as well as the others is no proof of fairness.",
        ),
    )
