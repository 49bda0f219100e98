"""Dates of an export: read in a stated order, and the time between two of them.

A date that begins with the year, or that has the month in letters, can be read in one way only. Of
any other, `05.03.2021`, the mapping says whether the day or the month comes first; of a number,
`44260`, that it counts days as Excel does.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from features.texts import squash

__all__ = [
    "DAY_UNITS",
    "DateOrder",
    "advise_dates",
    "compute_time_between",
    "fit_orders",
    "parse_date",
    "parse_year",
]

DateOrder = Literal["dmy", "mdy", "excel"]
"""Whether the day or the month comes first, or numbers count days as Excel does."""

DAY_UNITS = ("years", "months", "weeks", "days")
"""Units in which the time between two dates can be told."""

_ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy")
# In English, German, Dutch, French, Spanish and Italian; three letters of a word will do.
_MONTHS = tuple(
    words.split()
    for words in (
        "january januar januari janvier enero gennaio",
        "february februar februari fevrier febrero febbraio",
        "march marz maerz mrz maart mrt mars marzo",
        "april avril abril aprile",
        "may mai mei mayo maggio",
        "june juni juin junio giugno",
        "july juli juillet julio luglio",
        "august augustus aout agosto",
        "september septembre septiembre setiembre settembre",
        "october oktober octobre octubre ottobre",
        "november novembre noviembre",
        "december dezember decembre diciembre dicembre",
    )
)
# 08:30, 8:30:00.5 PM, T08:30Z, 08:30:00+01; SAS has a colon before it.
_CLOCK = r"(?:[T :]\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|[+-]\d{2}(?::?\d{2})?|[AP]M)?)?"
_WORD = r"([^\W\d_]{3,10})\.?"


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern + _CLOCK, re.IGNORECASE)


_YEAR_FIRST = _compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_UNBROKEN = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_YEAR_LAST = _compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4})")
_LETTERS = _compile(rf"([0-9]{{1,2}})[-. ]*{_WORD}[-. ]*([0-9]{{4}})")
_MONTH_FIRST = _compile(rf"{_WORD} ([0-9]{{1,2}}),? ([0-9]{{4}})")
_SHORT_YEAR = _compile(
    rf"[0-9]{{1,2}}(?:[-/. ]+[0-9]{{1,2}}[-/. ]+|[-/. ]*{_WORD}[-/. ]*)'?[0-9]{{2}}"
)
_NO_DAY = re.compile(
    rf"(?:[0-9]{{4}})[-/. ][0-9]{{1,2}}|[0-9]{{1,2}}[-/. ]([0-9]{{4}})|{_WORD}[-/. ]+([0-9]{{4}})"
    r"|[0-9]{4}",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
# Five digits: from 1927 to 2119. Fewer may be a year or a number of anything.
_DAY_NUMBER = re.compile(r"([1-7][0-9]{4})(?:[.,][0-9]+)?")
_EXCEL_BEGINS = datetime.date(1899, 12, 30)


def parse_date(text: str, order: DateOrder | None = None) -> datetime.date | None:
    """Read one date; a time of day behind it is left away.

    Parameters
    ----------
    text : str
        ``2021-03-05``, ``2021/3/5``, ``20210305``, ``5 March 2021``, ``05-MAR-2021``, ``March 5,
        2021``; with an `order` also ``05.03.2021``, ``5/3/2021`` and the like, or ``44260``. Years
        have four digits.
    order : {"dmy", "mdy", "excel"} or None
        Whether the day or the month comes first, or numbers of five digits count days.

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
        return _make_date(match[1], match[3], match[4])
    if match := _UNBROKEN.fullmatch(text):
        return _make_date(*match.groups())
    if match := _LETTERS.fullmatch(text):
        return _make_date(match[3], _find_month(match[2]), match[1])
    if match := _MONTH_FIRST.fullmatch(text):
        return _make_date(match[3], _find_month(match[1]), match[2])
    if order == "excel":
        match = _DAY_NUMBER.fullmatch(text)
        return _EXCEL_BEGINS + datetime.timedelta(days=int(match[1])) if match else None
    match = _YEAR_LAST.fullmatch(text)
    if match is None or order is None:
        return None
    day, month = (match[1], match[3]) if order == "dmy" else (match[3], match[1])
    return _make_date(match[4], month, day)


def _find_month(word: str) -> int:
    """Return the number of the one month that a word is or begins; 0 where there is none."""
    squashed = squash(word)
    found = [
        number
        for number, names in enumerate(_MONTHS, start=1)
        if any(name.startswith(squashed) for name in names)
    ]
    return found[0] if len(found) == 1 else 0


def _make_date(year: str, month: str | int, day: str) -> datetime.date | None:
    try:
        return datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None


def parse_year(text: str, order: DateOrder | None = None) -> int | None:
    """Return the year of a date, of a month, or a year that stands alone.

    No order is needed: the year is the number of four digits, wherever it stands.

    Examples
    --------
    >>> parse_year("05.03.2021"), parse_year("03/2021"), parse_year("2021"), parse_year("05.03.21")
    (2021, 2021, 2021, None)
    """
    text = text.strip()
    orders = (order,) if order in _ORDERS else (*_ORDERS, order)
    day = next((day for o in orders if (day := parse_date(text, o)) is not None), None)
    if day is not None:
        return day.year
    match = _NO_DAY.fullmatch(text)
    if match is None or (match[2] and not _find_month(match[2])):
        return None
    found = _YEAR.search(text)
    return int(found[0]) if found else None


def fit_orders(texts: Iterable[str]) -> tuple[DateOrder, ...]:
    """Return the orders of day and month in which every text is a date."""
    texts = list(texts)
    return tuple(o for o in _ORDERS if all(parse_date(text, o) is not None for text in texts))


def advise_dates(texts: Sequence[str], order: DateOrder | None = None) -> str:
    """Return what to do about texts that were not read as dates.

    Parameters
    ----------
    texts : sequence of str
        What was not read.
    order : {"dmy", "mdy", "excel"} or None
        The order that was said.

    Examples
    --------
    >>> advise_dates(["13.05.2021"]), advise_dates(["05.03.21"])
    ('say dates = "dmy"', 'write years with four digits, or list them as missing')
    """
    left = [text.strip() for text in texts]
    advice = []
    numbers = [text for text in left if _DAY_NUMBER.fullmatch(text)]
    whole = [text for text in left if _YEAR_LAST.fullmatch(text)]
    orders = () if order or not whole else fit_orders(whole)
    if orders:
        advice.append("say " + " or ".join(f'dates = "{fitting}"' for fitting in orders))
        left = [text for text in left if text not in whole]
    if numbers and order != "excel":
        said = order or orders
        advice.append(
            "format Excel's numbers of days as dates in the workbook"
            if said
            else 'say dates = "excel" if these are Excel\'s numbers of days'
        )
        left = [text for text in left if text not in numbers]
    for pattern, action in (
        (_SHORT_YEAR, "write years with four digits, or list them as missing"),
        (_NO_DAY, "write the day of each date, or list them as missing"),
    ):
        found = [text for text in left if pattern.fullmatch(text)]
        if found:
            advice.append(action)
            left = [text for text in left if text not in found]
    if left:
        advice.append(f"correct the {'others' if advice else 'dates'}, or list them as missing")
    return "; ".join(advice)


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
