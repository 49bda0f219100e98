"""Dates are read in one way or not at all; the time between them follows the calendar."""

from __future__ import annotations

import datetime
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from features.mapping.dates import DateOrder, compute_time_between, fit_orders, parse_date

DATES = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2021-03-05", None, date(2021, 3, 5)),
        ("2021-03-05T23:59:59.5Z", None, date(2021, 3, 5)),
        ("2021-03-05 00:00:00", "mdy", date(2021, 3, 5)),
        ("2021/3/5", "dmy", date(2021, 3, 5)),
        ("05-MAR-2021", None, date(2021, 3, 5)),
        ("5 March 2021", None, date(2021, 3, 5)),
        ("5. Sept. 2021", None, date(2021, 9, 5)),
        ("05.03.2021", "dmy", date(2021, 3, 5)),
        ("05/03/2021 08:30", "mdy", date(2021, 5, 3)),
        ("05.03.2021", None, None),
        ("13/13/2021", "dmy", None),
        ("2021-02-30", None, None),
        ("05.03.21", "dmy", None),
        ("05.03-2021", "dmy", None),
        ("5 Foo 2021", None, None),
        ("2021", None, None),
        ("44260", None, None),
        ("", None, None),
    ],
)
def test_a_date_is_read_in_one_way_or_not_at_all(
    text: str, order: DateOrder | None, expected: date | None
) -> None:
    assert parse_date(text, order) == expected


def test_the_orders_that_fit_every_date_are_named() -> None:
    assert fit_orders(["05.03.2021", "13.05.2021"]) == ("dmy",)
    assert fit_orders(["05/03/2021", "2021-01-01"]) == ("dmy", "mdy")
    assert fit_orders(["05/13/2021", "13/05/2021"]) == ()


@given(DATES, st.sampled_from(["dmy", "mdy"]), st.sampled_from("./- "))
def test_a_date_comes_back_from_its_own_order(day: date, order: DateOrder, sign: str) -> None:
    parts = [f"{day.day:02}", f"{day.month}", f"{day.year}"]
    if order == "mdy":
        parts[:2] = parts[1::-1]
    assert parse_date(sign.join(parts), order) == day
    assert parse_date(day.isoformat(), order) == day


@pytest.mark.parametrize(
    ("start", "end", "unit", "expected"),
    [
        # 10 days of the 31 from 15 March to 15 April.
        (date(2021, 1, 15), date(2021, 3, 25), "months", 2 + 10 / 31),
        (date(2021, 1, 31), date(2021, 2, 28), "months", 1),
        (date(2020, 12, 1), date(2021, 1, 1), "months", 1),
        (date(1980, 6, 1), date(2020, 6, 1), "years", 40),
        (date(1980, 6, 1), date(2020, 5, 31), "years", 39 + (11 + 30 / 31) / 12),
        (date(2021, 1, 1), date(2021, 1, 15), "weeks", 2),
        (date(2021, 1, 15), date(2021, 1, 1), "days", -14),
    ],
)
def test_time_between_dates_by_the_calendar(
    start: date, end: date, unit: str, expected: float
) -> None:
    assert compute_time_between(start, end, unit) == pytest.approx(expected)


@given(DATES, DATES, DATES)
def test_time_grows_with_the_second_date(start: date, one: date, two: date) -> None:
    assume(one < two)
    for unit in ("years", "months", "weeks", "days"):
        first, second = (compute_time_between(start, end, unit) for end in (one, two))
        assert first <= second
        assert (first >= 0) == (one >= start)


@given(DATES, st.integers(0, 1200))
def test_whole_months_are_whole_numbers(start: date, months: int) -> None:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    assume(year <= 2200)
    first = start.replace(day=1)
    assert compute_time_between(first, datetime.date(year, month + 1, 1), "months") == months
