"""The numbers behind each gate, beside what is asked of them: what a reviewer looks at first."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from training.card.schema import Body
from training.store.part import Horizon, MetricRow, NotDone

__all__ = ["PLACE_OF", "GateNumbers", "Mark", "collect_evidence"]

PLACE_OF = {
    1: "provenance",
    2: "stability",
    3: "stability",
    4: "performance",
    5: "calibration",
    6: "stability",
    7: "decision",
    8: "fairness",
    9: "performance",
    10: "fields",
    11: "history",
    12: "population",
}
"""Gate to the part of the card that tells more, by its anchor."""


@dataclass(frozen=True)
class Mark:
    """A number that was found.

    Parameters
    ----------
    label : str
        Whose it is: the horizon.
    value : float
        The number.
    low, high : float or None
        Its 95% interval, or the lowest and the highest of several; None where there is none.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class GateNumbers:
    """What a gate rests on, in numbers of one kind.

    Parameters
    ----------
    what : str
        What they are.
    marks : tuple of Mark
        At least one; not all horizons need have one.
    low, high : float or None
        What is asked lies between them; None where nothing bounds it on that side.
    as_percent : bool
        Whether they are read as percentages.
    whole : bool
        Whether the whole interval has to lie above `low`, and not the number alone.
    """

    what: str
    marks: tuple[Mark, ...]
    low: float | None = None
    high: float | None = None
    as_percent: bool = False
    whole: bool = False

    def holds(self, mark: Mark) -> bool:
        """Return whether a number is what is asked."""
        if self.whole and self.low is not None:
            return mark.low is not None and mark.low > self.low
        above = self.low is None or mark.value >= self.low
        return above and (self.high is None or mark.value <= self.high)


def _mark(label: str, value: float | None, *ends: float | None) -> Mark | None:
    """Return a mark; None where there is no number that could be drawn."""
    if value is None or not math.isfinite(value):
        return None
    low, high = ends or (None, None)
    known = low is not None and high is not None and math.isfinite(low) and math.isfinite(high)
    return Mark(label, value, low, high) if known else Mark(label, value)


def _per_horizon(body: Body, find: Callable[[Horizon], tuple[float | None, ...]]) -> list[Mark]:
    marks = [_mark(horizon.upper(), *find(horizon)) for horizon in body.results.horizons]
    return [mark for mark in marks if mark is not None]


def _tell_size(body: Body) -> tuple[str, list[Mark]]:
    def find(horizon: Horizon) -> tuple[float | None, ...]:
        size = body.results.sample_size.get(horizon)
        return (size.n / size.needed.n if size and size.needed else None,)

    return "share of the patients needed", _per_horizon(body, find)


def _tell_null(body: Body) -> tuple[str, list[Mark]]:
    null = body.results.null_test
    rows = [] if isinstance(null, NotDone) else null.rows

    def find(horizon: Horizon) -> tuple[float | None, ...]:
        aucs = [r.auc for r in rows if r.horizon == horizon and r.judged and r.auc is not None]
        if not aucs:
            return (None,)
        return max(aucs, key=lambda auc: abs(auc - 0.5)), min(aucs), max(aucs)

    return "mean AUC: the farthest from 0.5, and all", _per_horizon(body, find)


def _tell_skill(body: Body) -> tuple[str, list[Mark]]:
    def find(horizon: Horizon) -> tuple[float | None, ...]:
        return _read(body.results.find_performance(horizon, "brier_skill"))

    return "Brier skill, 95% interval", _per_horizon(body, find)


def _read(row: MetricRow | None) -> tuple[float | None, ...]:
    return (None,) if row is None else (row.estimate, row.low, row.high)


def _tell_slope(body: Body) -> tuple[str, list[Mark]]:
    def find(horizon: Horizon) -> tuple[float | None, ...]:
        if body.results.network is not None:
            return _read(body.results.find_performance(horizon, "calibration_slope"))
        row = body.results.find_optimism(horizon, "calibration_slope")
        return (None,) if row is None else (row.corrected, row.low, row.high)

    of = "corrected slope" if body.results.network is None else "slope at left-out centres"
    return f"{of}, 95% interval", _per_horizon(body, find)


def _tell_movement(body: Body) -> tuple[str, list[Mark]]:
    def find(horizon: Horizon) -> tuple[float | None, ...]:
        found = body.results.instability.get(horizon)
        return (None if found is None else found.mean_absolute_prediction_error,)

    return "mean move of an estimate", _per_horizon(body, find)


def _tell_gain(body: Body) -> tuple[str, list[Mark]]:
    def find(horizon: Horizon) -> tuple[float | None, ...]:
        decision = body.results.decision[horizon]
        gains = [] if isinstance(decision, NotDone) else [row.gain for row in decision.rows]
        return (min(gains), min(gains), max(gains)) if gains else (None,)

    return "gain, at worst and at best", _per_horizon(body, find)


def _tell_ratio(body: Body) -> tuple[str, list[Mark]]:
    sites = body.results.sites

    def find(horizon: Horizon) -> tuple[float | None, ...]:
        return (None if isinstance(sites, NotDone) else sites.o_e.get(horizon),)

    return "observed to expected", _per_horizon(body, find)


_Tell = Callable[[Body], tuple[str, list[Mark]]]


def collect_evidence(body: Body) -> dict[int, GateNumbers]:
    """Return the numbers that gates rest on.

    Parameters
    ----------
    body : Body
        Of a card.

    Returns
    -------
    dict of int to GateNumbers
        By the gate's number; gates without a number, or whose number was not found, are left out.
    """
    settings = body.gate_settings
    ratio = math.exp(settings.log_o_e)
    asked: dict[int, tuple[_Tell, float | None, float | None]] = {
        2: (_tell_size, 1.0, None),
        3: (_tell_null, settings.null_low, settings.null_high),
        4: (_tell_skill, 0.0, None),
        5: (_tell_slope, settings.slope_low, settings.slope_high),
        6: (_tell_movement, None, settings.instability),
        7: (_tell_gain, 0.0, None),
        9: (_tell_ratio, 1 / ratio, ratio),
    }
    found = {}
    for number, (tell, low, high) in asked.items():
        what, marks = tell(body)
        if marks:
            found[number] = GateNumbers(
                what, tuple(marks), low, high, as_percent=number == 2, whole=number in (4, 7)
            )
    return found
