"""Of the values that came for a variable, the one to use: the newest that is valid, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from features.dictionary.variable import Variable, parse_value
from features.errors import Problem
from features.texts import Text, say
from serving.fhir.elements import Placed
from serving.fhir.issues import Issue, issue_of, tell_unused
from serving.fhir.times import Index, Span

__all__ = ["Value", "choose", "reckon"]

_EVER = 10**6


@dataclass(frozen=True)
class Value:
    """One value that came.

    Parameters
    ----------
    variable : str
        Of the dictionary.
    value : object
        As :func:`features.dictionary.variable.parse_value` takes it.
    at : Span
        When it was so.
    source : Placed
        The resource that tells it.
    path : str
        FHIRPath of the value itself.
    days : int
        How old it may be.
    doubt : Text or None
        Why it cannot be used; None where nothing speaks against it.
    """

    variable: str
    value: object
    at: Span
    source: Placed
    path: str
    days: int
    doubt: Text | None = None


def reckon(variable: str, value: object, index: Index, source: Placed, path: str = "") -> Value:
    """Return a value that is reckoned for the moment of the index, and so never too old.

    Parameters
    ----------
    variable, value, source
        As :class:`Value` has them.
    index : Index
        For when it was reckoned.
    path : str
        FHIRPath of what it was reckoned from; the resource's where it is empty.
    """
    return Value(variable, value, Span(index.at, index.at), source, path or source.path, _EVER)


def choose(
    variable: Variable, values: Sequence[Value], index: Index
) -> tuple[Value | None, list[Issue]]:
    """Return the newest valid value within its window, and what is to be told of the others.

    Parameters
    ----------
    variable : Variable
        What the value should be.
    values : sequence of Value
        All that came for it.
    index : Index
        What is from after it is never used.

    Returns
    -------
    value : Value or None
        None where there is none; nothing is put in its place.
    issues : list of Issue
        Each value that is newer than the chosen one and cannot be used, and why.
    """
    issues = []
    late = [value for value in values if index.precedes(value.at)]
    if late:
        why = (
            say("it is from after the infusion began")
            if index.has_begun
            else say("it is from after today")
        )
        paths = [value.path for value in late]
        issues.append(tell_unused(variable.label, why, *paths, severity="information"))
    early = sorted(
        (value for value in values if not index.precedes(value.at)),
        key=lambda value: (value.at.end, value.at.begin),
        reverse=True,
    )
    for _, group in groupby(early, key=lambda value: (value.at.end, value.at.begin)):
        alike = [*group]
        found, told = _settle(variable, alike, index)
        issues += told
        if found is not None:
            return found, issues
        if index.count_days_since(alike[0].at) > max(value.days for value in early):
            break  # and so are all that are older still
    return None, issues


def _settle(
    variable: Variable, alike: Sequence[Value], index: Index
) -> tuple[Value | None, list[Issue]]:
    """Return the value of one moment, where there is one only."""
    issues: list[Issue] = []
    valid: dict[object, Value] = {}
    for value in alike:
        days = index.count_days_since(value.at)
        if days > value.days:
            why = say(
                "the newest value is {days:.0f} days old, and at most {most} are taken",
                days=days,
                most=value.days,
            )
            issues.append(tell_unused(variable.label, why, value.path, severity="information"))
            continue
        if value.doubt:
            issues.append(tell_unused(variable.label, value.doubt, value.path, code="value"))
            continue
        parsed = parse_value(variable, value.value)
        if isinstance(parsed, Problem):
            issues.append(issue_of(parsed, value.path, severity="warning"))
        elif parsed is not None:
            valid.setdefault(parsed, value)
    if len(valid) > 1:
        why = say("there are {count} different values of the same time", count=len(valid))
        paths = [value.path for value in valid.values()]
        issues.append(tell_unused(variable.label, why, *paths, code="conflict"))
        return None, issues
    return next(iter(valid.values()), None), issues
