"""When something was: a moment, or a whole day, month or year, as a FHIR dateTime may tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from serving.fhir.elements import mapping_of, text_of

__all__ = ["Index", "Span", "parse_span", "read_period", "read_time"]

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_YEAR = timedelta(days=365.25)


@dataclass(frozen=True)
class Span:
    """From when to when, in UTC; the two are one where the moment is known.

    A date has no zone of its own and is taken in UTC.
    """

    begin: datetime
    end: datetime
    is_rough: bool = False
    """Whether not even the day is known."""

    @property
    def middle(self) -> datetime:
        """The moment in the middle."""
        return self.begin + (self.end - self.begin) / 2


@dataclass(frozen=True)
class Index:
    """The moment before which everything must have been known.

    Parameters
    ----------
    at : datetime
        When the infusion began; now, where it has not.
    has_begun : bool
        Whether it is an infusion's beginning.
    """

    at: datetime
    has_begun: bool = False

    def precedes(self, span: Span) -> bool:
        """Whether something may have been later: then it must not be used.

        Today's values are before an infusion that has not begun, at whatever hour they were taken.
        """
        return span.end > self.at if self.has_begun else span.begin > self.at

    def count_days_since(self, span: Span) -> float:
        """Return how many days before it something was, at least."""
        return (self.at - span.end) / timedelta(days=1)

    def count_years_since(self, moment: datetime) -> float:
        """Return the years from a moment until then."""
        return (self.at - moment) / _YEAR


def parse_span(value: object) -> Span | None:
    """Return what a FHIR date, dateTime or instant tells; None for anything else.

    Examples
    --------
    >>> parse_span("2026-02").end.isoformat(), parse_span("2026-02").is_rough
    ('2026-03-01T00:00:00+00:00', True)
    >>> parse_span("2026-02-30"), parse_span("2026-02-03T10:00")
    (None, None)
    """
    text = text_of(value)
    try:
        if _TIME.fullmatch(text):
            moment = datetime.fromisoformat(text).astimezone(UTC)
            return Span(moment, moment)
        found = _DATE.fullmatch(text)
        if not found:
            return None
        year, month, day = (int(part) if part else None for part in found.groups())
        begin = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
        if day:
            end = begin + timedelta(days=1)
        elif month:
            end = (begin + timedelta(days=31)).replace(day=1)
        else:
            end = begin.replace(year=begin.year + 1)
    except (ValueError, OverflowError):
        return None
    return Span(begin, end, is_rough=not day)


def read_period(value: object) -> tuple[Span | None, Span | None]:
    """Return beginning and end of a Period, each None where it does not tell."""
    period = mapping_of(value)
    return parse_span(period.get("start")), parse_span(period.get("end"))


def read_time(resource: Mapping[str, object], name: str = "effective") -> Span | None:
    """Return when something was: `nameDateTime`, `nameInstant` or `namePeriod`; None if unknown."""
    moment = resource.get(f"{name}DateTime") or resource.get(f"{name}Instant")
    if moment is not None:
        return parse_span(moment)
    start, end = read_period(resource.get(f"{name}Period"))
    if start is None or end is None:
        return start or end
    return Span(start.begin, max(start.end, end.end), start.is_rough or end.is_rough)
