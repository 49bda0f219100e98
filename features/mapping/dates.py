"""Dates of an export: read in a stated order, and the time between two of them.

A date that begins with the year, or that has the month in letters, can be read in one way only. Of
any other, `05.03.2021`, the mapping says whether the day or the month comes first.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Literal, cast, get_args

__all__ = ["DAY_UNITS", "DateOrder", "compute_time_between", "fit_orders", "parse_date"]

DateOrder = Literal["dmy", "mdy"]
"""Whether the day or the month comes first."""

DAY_UNITS = ("years", "months", "weeks", "days")
"""Units in which the time between two dates can be told."""

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_CLOCK = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_CLOCK}", re.ASCII)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/. ])(\d{{1,2}})\2(\d{{4}}){_CLOCK}", re.ASCII)
_LETTERS = re.compile(
    rf"(\d{{1,2}})[-. ]+([a-z]{{3,9}})\.?[-. ]+(\d{{4}}){_CLOCK}", re.I | re.ASCII
)


def parse_date(text: str, order: DateOrder | None = None) -> datetime.date | None:
    """Read one date; a time of day behind it is left away.

    Parameters
    ----------
    text : str
        ``2021-03-05``, ``2021/3/5``, ``5 March 2021``, ``05-MAR-2021``; with an `order` also
        ``05.03.2021``, ``5/3/2021`` and the like. Years have four digits.
    order : {"dmy", "mdy"} or None
        Whether the day or the month comes first.

    Returns
    -------
    date or None
        None where the text is no date, or could be two.

    Examples
    --------
    >>> parse_date("2021-03-05 08:30"), parse_date("05.03.2021", "dmy")
    (datetime.date(2021, 3, 5), datetime.date(2021, 3, 5))
    >>> parse_date("05.03.2021") is None
    True
    """
    text = text.strip()
    if match := _YEAR_FIRST.fullmatch(text):
        return _make_date(int(match[1]), int(match[3]), int(match[4]))
    if match := _LETTERS.fullmatch(text):
        word = match[2].lower()
        months = [i for i, name in enumerate(_MONTHS, start=1) if name.startswith(word)]
        return _make_date(int(match[3]), months[0], int(match[1])) if months else None
    match = _YEAR_LAST.fullmatch(text)
    if match is None or order is None:
        return None
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    return _make_date(year, *((second, first) if order == "dmy" else (first, second)))


def _make_date(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def fit_orders(texts: Iterable[str]) -> tuple[DateOrder, ...]:
    """Return the orders in which every text is a date."""
    texts = list(texts)
    orders = cast("tuple[DateOrder, ...]", get_args(DateOrder))
    return tuple(o for o in orders if all(parse_date(text, o) is not None for text in texts))


def compute_time_between(start: datetime.date, end: datetime.date, unit: str) -> float:
    """Return the time from one date to another, negative where the other comes first.

    Parameters
    ----------
    start, end : date
        Two days.
    unit : {"years", "months", "weeks", "days"}
        Months are counted by the calendar: whole months, and the days left over as a part of the
        month that they lie in. Twelve of them are a year, so that a birthday is a whole year.

    Examples
    --------
    >>> compute_time_between(datetime.date(2020, 1, 15), datetime.date(2021, 4, 15), "months")
    15.0
    """
    if end < start:
        return -compute_time_between(end, start, unit)
    days = (end - start).days
    if unit in ("weeks", "days"):
        return days / 7 if unit == "weeks" else float(days)
    whole = (end.year - start.year) * 12 + end.month - start.month
    whole -= _add_months(start, whole) > end
    before, after = _add_months(start, whole), _add_months(start, whole + 1)
    months = whole + (end - before).days / (after - before).days
    return months / 12 if unit == "years" else months


def _add_months(start: datetime.date, months: int) -> datetime.date:
    """Return the same day of a later month, or its last day where it is shorter."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    following = datetime.date(year + month // 11, (month + 1) % 12 + 1, 1)
    last = (following - datetime.timedelta(days=1)).day
    return datetime.date(year, month + 1, min(start.day, last))
