"""A crossed limit in words: what was seen, since when, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.shares import FEWEST
from serving.monitoring.charts import Chart
from serving.monitoring.followed import Followed, Moments
from training.document.words import capital

__all__ = ["QUESTIONS", "Alarm", "find_alarms"]

QUESTIONS: Mapping[str, str] = {
    "first_fewer": "fewer respond than estimated",
    "first_more": "more respond than estimated",
    "kept_fewer": "fewer keep the response than estimated",
    "kept_more": "more keep the response than estimated",
    "out_of_scope": "more requests are out of scope than at the beginning",
    "missing": "more requests lack a predictor than at the beginning",
    "unlike": "more patients are unlike the training cohort",
}
"""What each chart watches for."""

_ACTIONS: Mapping[str, str] = {
    "fewer": (
        "Check first whether outcomes, responder rule, doses or the admission of patients changed, "
        "and whether reports are missing. Until that is settled do not rely on the estimates: "
        "they promise too much. Then validate and update the model with the reported outcomes."
    ),
    "more": (
        "Check first whether outcomes, responder rule or the admission of patients changed, and "
        "whether reports are missing. The estimates are too low: nobody should be turned away "
        "because of one. Then validate and update the model with the reported outcomes."
    ),
    "out_of_scope": (
        "Ask who is referred and why: an estimate is refused to them, and rightly. If the clinic "
        "now treats other patients, the model needs others to learn from."
    ),
    "missing": (
        "Ask what is no longer filled in, and restore it: an estimate without a predictor is the "
        "mean over its values."
    ),
    "unlike": (
        "Look at which predictors moved, and check their units first. If the patients are others, "
        "read the estimates with care until their outcomes are known."
    ),
}


_EVENTS: Mapping[str, str] = {
    "first_fewer": "responders",
    "first_more": "responders",
    "kept_fewer": "who kept the response",
    "kept_more": "who kept the response",
    "out_of_scope": "out of scope",
    "missing": "with a predictor missing",
    "unlike": "unlike the training cohort",
}


@dataclass(frozen=True)
class Alarm:
    """One crossing of a limit.

    Parameters
    ----------
    chart : str
        Which, a name of :data:`QUESTIONS`.
    horizon : str
        Whose outcomes; empty where requests are followed.
    number : int
        The how many-th patient followed by the chart it was.
    at : datetime64
        When: of the report or the request that crossed the limit.
    since : datetime64
        The estimated time of the change, if there was one.
    since_number : int
        The same by number of the patient.
    observed, expected : float
        Events since then, and how many were expected had nothing changed.
    """

    chart: str
    horizon: str
    number: int
    at: np.datetime64
    since: np.datetime64
    since_number: int
    observed: float
    expected: float

    @property
    def kind(self) -> str:
        """What it is called among tasks."""
        return f"monitor:{self.chart}"

    @property
    def title(self) -> str:
        """What was seen."""
        where = f" ({self.horizon.upper()})" if self.horizon else ""
        return f"{capital(QUESTIONS[self.chart])}{where}"

    @property
    def text(self) -> str:
        """What was seen, since when, and what to do, in plain words without a patient's values."""
        count = self.number - self.since_number + 1
        of_what = "outcomes" if self.horizon else "requests"
        held = (
            f"the {count} {of_what} up to then held {self.observed:.0f} {_EVENTS[self.chart]} "
            f"where {self.expected:.1f} were expected"
        )
        if count < FEWEST:
            held = f"fewer than {FEWEST} {of_what} up to then were enough to tell"
        action = _ACTIONS.get(self.chart) or _ACTIONS[self.chart.rpartition("_")[2]]
        return (
            f"{self.title}: the limit was crossed on {self.day}; {held}. "
            f"If something changed, most likely about {_day(self.since)}. {action}"
        )

    @property
    def day(self) -> str:
        """On which day the limit was crossed."""
        return _day(self.at)


def find_alarms(chart: Chart, followed: Followed) -> list[Alarm]:
    """Return each crossing of a chart as a record."""
    moments: Moments = followed.reported[chart.horizon] if chart.horizon else followed.at
    steps = chart.steps
    rows = steps["row"].to_numpy(dtype=np.int64)
    found = []
    for crossing in chart.crossings:
        part = steps.iloc[crossing.since : crossing.at + 1]
        found.append(
            Alarm(
                chart.name,
                chart.horizon,
                crossing.at + 1,
                moments[rows[crossing.at]],
                moments[rows[crossing.since]],
                crossing.since + 1,
                float(part["event"].sum()),
                float(part["expected"].sum()),
            )
        )
    return found


def _day(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[D]"))
