"""Dates are read in one way or not at all; the time between them follows the calendar."""

from __future__ import annotations

import datetime
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from openpyxl.utils.datetime import to_excel

from features.mapping.dates import (
    DateOrder,
    advise_dates,
    compute_time_between,
    fit_orders,
    parse_date,
    parse_year,
)

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
        ("20210305", None, date(2021, 3, 5)),
        ("20211305", None, None),
        ("18210305", None, None),
        ("March 5, 2021", None, date(2021, 3, 5)),
        ("Mar 5 2021", None, date(2021, 3, 5)),
        ("3/5/2021 8:30:00 AM", "mdy", date(2021, 3, 5)),
        ("5. M\u00e4rz 2021", None, date(2021, 3, 5)),
        ("05-MRZ-2021", None, date(2021, 3, 5)),
        ("5 mrt. 2021", None, date(2021, 3, 5)),
        ("5 ao\u00fbt 2021", None, date(2021, 8, 5)),
        ("5 jui 2021", None, None),  # juin or juillet
        ("05MAR2021", None, date(2021, 3, 5)),
        ("05MAR2021:08:30:00", None, date(2021, 3, 5)),
        ("2021-03-05 08:30:00+01", None, date(2021, 3, 5)),
        ("05MAR21", None, None),
        ("44260", "excel", date(2021, 3, 5)),
        ("44260.354", "excel", date(2021, 3, 5)),
        ("44260,5", "excel", date(2021, 3, 5)),
        ("2021-03-05", "excel", date(2021, 3, 5)),
        ("05.03.2021", "excel", None),
        ("2021", "excel", None),
        ("99999", "excel", None),
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


@pytest.mark.parametrize(
    ("text", "order", "year"),
    [
        ("2021", None, 2021),
        ("05.03.2021", None, 2021),
        ("13/05/2021", "mdy", None),
        ("03/2021", None, 2021),
        ("2021-03", None, 2021),
        ("M\u00e4rz 2021", None, 2021),
        ("Mar-2021", None, 2021),
        ("Foo 2021", None, None),
        ("44260", None, None),
        ("44260", "excel", 2021),
        ("05.03.2021", "excel", 2021),
        ("05.03.21", None, None),
        ("Mar-21", None, None),
        ("12021", None, None),
        ("", None, None),
    ],
)
def test_a_year_is_the_number_of_four_digits(
    text: str, order: DateOrder | None, year: int | None
) -> None:
    assert parse_year(text, order) == year


@pytest.mark.parametrize(
    ("texts", "order", "advice"),
    [
        (["05.03.2021"], None, 'say dates = "dmy" or dates = "mdy"'),
        (["05.03.2021", "soon"], None,
         'say dates = "dmy" or dates = "mdy"; correct the others, or list them as missing'),
        (["13.05.1980"], "mdy", "correct the dates, or list them as missing"),
        (["44256", "44260.5"], None, 'say dates = "excel" if these are Excel\'s numbers of days'),
        (["44256"], "dmy", "format Excel's numbers of days as dates in the workbook"),
        (["44256", "13.05.1980"], None,
         'say dates = "dmy"; format Excel\'s numbers of days as dates in the workbook'),
        (["5/3/21", "05-MAR-21", "5.3.'21", "05MAR21"], None,
         "write years with four digits, or list them as missing"),
        (["2021-03", "3/2021", "March 2021", "2021"], None,
         "write the day of each date, or list them as missing"),
        (["5/3/21", "2021-03", "?"], "dmy",
         "write years with four digits, or list them as missing; write the day of each date, or "
         "list them as missing; correct the others, or list them as missing"),
    ],
)  # fmt: skip
def test_what_is_no_date_is_told_with_its_remedy(
    texts: list[str], order: DateOrder | None, advice: str
) -> None:
    assert advise_dates(texts, order) == advice


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["{d}.{m}.{y}", "{y}{m}{d}", "{m}/{y}", "{y}-{m}", "{y}"]),
)
def test_the_year_of_a_date_needs_no_order(day: date, form: str) -> None:
    text = form.format(d=f"{day.day:02}", m=f"{day.month:02}", y=day.year)
    assert parse_year(text) == day.year


@given(st.dates(date(1928, 1, 1), date(2100, 12, 31)))
def test_numbers_of_days_are_those_of_a_workbook(day: date) -> None:
    assert parse_date(str(to_excel(day)), "excel") == day
    assert parse_date(str(to_excel(day))) is None


@given(DATES, st.sampled_from(["%d-%b-%y", "%d.%m.%y", "%m/%d/%y"]), st.sampled_from([None, "dmy"]))
def test_no_century_is_ever_guessed(day: date, form: str, order: DateOrder | None) -> None:
    text = day.strftime(form)
    assert parse_date(text, order) is None and parse_year(text, order) is None
    assert advise_dates([text], order).startswith("write years with four digits")
