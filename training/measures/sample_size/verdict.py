"""Whether the study at hand is large enough for its model, in one line."""

from __future__ import annotations

import math
from dataclasses import dataclass

from features.errors import InputError, Problem
from training.measures.sample_size.assumptions import check_values
from training.measures.sample_size.development import (
    DevelopmentSize,
    compute_criteria,
    compute_development_size,
    compute_expected_shrinkage,
)

__all__ = ["SizeVerdict", "compute_size_verdict"]


@dataclass(frozen=True)
class SizeVerdict:
    """Whether the study at hand is large enough for its model.

    Parameters
    ----------
    n, events, parameters : int
        Patients with a known outcome, events among them, candidate parameters.
    c_statistic : float
        The discrimination hoped for.
    needed : DevelopmentSize or None
        None where one class is absent, for which no size can be given.
    enough : bool
    expected_shrinkage : float
        Factor by which the coefficients of an unpenalised model of this size are too large: 0.9
        is good, below 0.7 a model says more about these patients than about the next. NaN where
        one class is absent.
    text : str
        One line for the report.
    """

    n: int
    events: int
    parameters: int
    c_statistic: float
    needed: DevelopmentSize | None
    enough: bool
    expected_shrinkage: float
    text: str


def compute_size_verdict(
    n: int, events: int, parameters: int, c_statistic: float = 0.70, *, horizon: str = "T2"
) -> SizeVerdict:
    """Say in one line whether a study is large enough for the model it asks for.

    Parameters
    ----------
    n : int
        Patients with a known outcome.
    events : int
        Responders among them.
    parameters : int
        Candidate parameters.
    c_statistic : float
        The discrimination hoped for; 0.70 is what a first clinical model may reach.
    horizon : str
        The outcome's name in the text.
    """
    check_values({"n": n, "parameters": parameters, "c_statistic": c_statistic})
    if not 0 <= events <= n:
        raise InputError("sample size", [Problem("events", f"from 0 to n ({n})", str(events))])
    start = f"n = {n} with known {horizon}, {_count(events, 'event')}, "
    start += _count(parameters, "parameter")
    if events in (0, n):
        text = f"{start}: one class only, no size can be given"
        return SizeVerdict(n, events, parameters, c_statistic, None, False, math.nan, text)
    needed = compute_development_size(parameters, events / n, c_statistic=c_statistic)
    shrinkage = compute_expected_shrinkage(n, parameters, needed.r2, adjusted=True)
    text = f"{start}: about {_about(needed)} needed (c {c_statistic:.2f})"
    return SizeVerdict(n, events, parameters, c_statistic, needed, n >= needed.n, shrinkage, text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _about(needed: DevelopmentSize) -> int:
    """Return the size before it was rounded up, to two significant digits."""
    n = max(
        compute_criteria(
            needed.parameters, needed.prevalence, needed.r2, needed.max_r2, needed.shrinkage
        ).values()
    )
    return int(float(f"{n:.1e}"))
