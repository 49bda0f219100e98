"""Whether the study at hand is large enough for its model, in one line and in a few rows."""

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

__all__ = ["SizeRow", "SizeVerdict", "compute_size_verdict"]


@dataclass(frozen=True)
class SizeRow:
    """What one count of the parameters asks for at one AUC.

    Parameters
    ----------
    counted : str
        What is counted: "predictors", "columns fitted" or "in effect".
    parameters : int or float
    c_statistic : float
    source : str
        Where the AUC comes from: "assumed", "own" or "own, lower limit".
    needed : int or None
        Patients; None where the AUC is not above 0.5, or is 1: no size can be given.
    expected_shrinkage : float
        As of :class:`SizeVerdict`; NaN where no size can be given.
    """

    counted: str
    parameters: int | float
    c_statistic: float
    source: str
    needed: int | None
    expected_shrinkage: float


@dataclass(frozen=True)
class SizeVerdict:
    """Whether the study at hand is large enough for its model.

    Parameters
    ----------
    n, events, parameters : int
        Patients with a known outcome, events among them, parameters of the predictors, each
        straight.
    c_statistic : float
        The discrimination hoped for.
    needed : DevelopmentSize or None
        For everything that may be fitted, at that discrimination; None where one class is absent,
        for which no size can be given.
    enough : bool
    expected_shrinkage : float
        Factor by which the coefficients of an unpenalised model of this size are too large: 0.9
        is good, below 0.7 a model says more about these patients than about the next. NaN where
        one class is absent.
    text : str
        One line for the report.
    fitted : int or None
        Columns that the procedure may fit, bends and products included; None where those are the
        predictors' parameters.
    effective : float or None
        As how many free parameters these columns act, where that is known.
    rows : tuple of SizeRow
        The size by each way of counting, and at the study's own AUC. Empty where one class is
        absent.
    """

    n: int
    events: int
    parameters: int
    c_statistic: float
    needed: DevelopmentSize | None
    enough: bool
    expected_shrinkage: float
    text: str
    fitted: int | None = None
    effective: float | None = None
    rows: tuple[SizeRow, ...] = ()


def compute_size_verdict(
    n: int,
    events: int,
    parameters: int,
    c_statistic: float = 0.70,
    *,
    horizon: str = "T2",
    fitted: int | None = None,
    effective: float | None = None,
    own: tuple[float, float] | None = None,
) -> SizeVerdict:
    """Say whether a study is large enough for everything that its procedure may fit.

    Parameters
    ----------
    n : int
        Patients with a known outcome.
    events : int
        Responders among them.
    parameters : int
        Of the predictors, each straight; a category counts its levels less one.
    c_statistic : float
        The discrimination hoped for; 0.70 is what a first clinical model may reach.
    horizon : str
        The outcome's name in the text.
    fitted : int, optional
        Columns that the procedure may fit, bends and products of predictors included.
    effective : float, optional
        As how many free parameters they act. Where given, the verdict is by it and not by
        `fitted`; never by fewer than `parameters`.
    own : (float, float), optional
        The study's own AUC, in patients it had not seen, and its lower limit. It is told beside
        `c_statistic`, and does not decide: from few patients it is too uncertain for that.
    """
    check_values({"n": n, "parameters": parameters, "c_statistic": c_statistic})
    if not 0 <= events <= n:
        raise InputError("sample size", [Problem("events", f"from 0 to n ({n})", str(events))])
    start = f"n = {n} with known {horizon}, {_count(events, 'event')}, "
    start += _count(parameters, "parameter")
    if events in (0, n):
        text = f"{start}: one class only, no size can be given"
        return SizeVerdict(n, events, parameters, c_statistic, None, False, math.nan, text)
    rate = events / n
    counts = _list_counts(parameters, fitted, effective)
    counted, decides = counts[-1] if counts[-1][1] > parameters else counts[0]
    needed = compute_development_size(decides, rate, c_statistic=c_statistic)
    rows = [_make_row(n, rate, *count, c_statistic, "assumed") for count in counts]
    text = f"{start}: about {_about(parameters, rate, c_statistic)} needed (c {c_statistic:.2f})"
    if len(counts) > 1:
        about = _about(counts[-1][1], rate, c_statistic)
        text += f", {about} for {_tell_counted(fitted, effective)}"
    if own is not None and not math.isnan(own[0]):
        aucs = ((own[0], "own"), (own[1], "own, lower limit"))
        rows += [_make_row(n, rate, counted, decides, *auc) for auc in aucs[: 1 + (own[1] > 0.5)]]
        text += _tell_own(own[0], decides, rate)
    return SizeVerdict(
        n=n,
        events=events,
        parameters=parameters,
        c_statistic=c_statistic,
        needed=needed,
        enough=n >= needed.n,
        expected_shrinkage=compute_expected_shrinkage(n, decides, needed.r2, adjusted=True),
        text=text,
        fitted=fitted,
        effective=effective,
        rows=tuple(rows),
    )


def _list_counts(
    parameters: int, fitted: int | None, effective: float | None
) -> list[tuple[str, int | float]]:
    """Return the parameters by each way of counting; the last is the one that is asked for."""
    counts: list[tuple[str, int | float]] = [("predictors", parameters)]
    if fitted is not None and fitted != parameters:
        counts.append(("columns fitted", fitted))
    if effective is not None:
        counts.append(("in effect", effective))
    return counts


def _make_row(
    n: int, rate: float, counted: str, parameters: int | float, c_statistic: float, source: str
) -> SizeRow:
    if not 0.5 < c_statistic < 1:
        return SizeRow(counted, parameters, c_statistic, source, None, math.nan)
    size = compute_development_size(parameters, rate, c_statistic=c_statistic)
    shrinkage = compute_expected_shrinkage(n, parameters, size.r2, adjusted=True)
    return SizeRow(counted, parameters, c_statistic, source, size.n, shrinkage)


def _tell_counted(fitted: int | None, effective: float | None) -> str:
    columns = f"{fitted} columns that are fitted"
    if effective is None:
        return f"the {columns}"
    return f"the {effective:.1f} parameters in effect" + (f" of {columns}" if fitted else "")


def _tell_own(c_statistic: float, parameters: float, rate: float) -> str:
    if not 0.5 < c_statistic < 1:
        return f"; at this study's own AUC ({c_statistic:.2f}) no size can be given"
    about = _about(parameters, rate, c_statistic)
    return f"; about {about} at this study's own AUC ({c_statistic:.2f})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _about(parameters: float, rate: float, c_statistic: float) -> int:
    """Return the size before it was rounded up, to two significant digits."""
    size = compute_development_size(parameters, rate, c_statistic=c_statistic)
    criteria = compute_criteria(parameters, rate, size.r2, size.max_r2, size.shrinkage)
    return int(float(f"{max(criteria.values()):.1e}"))
