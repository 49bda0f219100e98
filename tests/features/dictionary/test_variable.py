"""One variable: what it expects, how a value is read, and how it is written again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.dictionary.variable import Variable, parse_value
from features.errors import Problem

NUMBER = Variable("x", "X", "number", "baseline", ("predictor",), unit="points", low=0, high=10)
YEARS = replace(NUMBER, unit="years", high=60)
INTEGER = replace(NUMBER, kind="integer")
YES_NO = Variable("x", "X", "yes_no", "baseline", ("predictor",))
CATEGORY = replace(YES_NO, kind="category", categories=("Upper", "lower", "both"))
TEXT = replace(YES_NO, kind="text", roles=("group",))
CODES = replace(YES_NO, kind="codes", roles=("source",))

SEPARATORS = "write it without separators of thousands, and decimals with a point"


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        (NUMBER, "a number from 0 to 10 points"),
        (replace(NUMBER, high=None), "a number of at least 0 points"),
        (replace(NUMBER, low=None), "a number of at most 10 points"),
        (replace(NUMBER, low=None, high=None), "a number points"),
        (replace(INTEGER, unit=""), "a whole number from 0 to 10"),
        (YES_NO, "yes or no"),
        (CATEGORY, "one of Upper, lower, both"),
        (TEXT, "text"),
        (CODES, "ATC codes with ; between, or none"),
    ],
)
def test_what_is_expected_is_said_with_range_and_unit(variable: Variable, words: str) -> None:
    assert variable.expected() == words


@pytest.mark.parametrize(
    ("variable", "numeric", "encodable"),
    [
        (NUMBER, True, True),
        (INTEGER, True, True),
        (YES_NO, False, True),
        (CATEGORY, False, True),
        (TEXT, False, False),
        (CODES, False, False),
    ],
)
def test_only_what_is_one_number_can_enter_a_model(
    variable: Variable, numeric: bool, encodable: bool
) -> None:
    assert (variable.is_numeric, variable.is_encodable) == (numeric, encodable)


@pytest.mark.parametrize(
    ("variable", "raw", "value"),
    [
        (NUMBER, " 7.5 ", 7.5),
        (NUMBER, 0, 0.0),  # both ends are possible values
        (NUMBER, "10", 10.0),
        (NUMBER, "7,5", 7.5),
        (NUMBER, "0,125", 0.125),
        (NUMBER, "\ufeff7.5\u00a0", 7.5),
        (INTEGER, "3,0", 3.0),
        (replace(NUMBER, low=None), -5, -5.0),
        (replace(NUMBER, high=None), 1e9, 1e9),
        (INTEGER, "3.0", 3.0),
        (YES_NO, True, 1.0),
        (YES_NO, np.False_, 0.0),
        (YES_NO, "YES", 1.0),
        (YES_NO, "true", 1.0),
        (YES_NO, "No", 0.0),
        (YES_NO, "false", 0.0),
        (CATEGORY, "upper", 0.0),
        (CATEGORY, "BOTH", 2.0),
        (TEXT, " north ", "north"),
        (TEXT, "\u200bP\u200d01\u00a0", "P01"),
        (CATEGORY, "\u202fupper", 0.0),
        (CODES, "N02AX02", "N02AX02"),
    ],
)
def test_a_right_value_is_read(variable: Variable, raw: object, value: float | str) -> None:
    found = parse_value(variable, raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("variable", [NUMBER, YES_NO, CATEGORY, TEXT, CODES])
@pytest.mark.parametrize("raw", [None, float("nan"), "", "  ", "Unknown"])
def test_what_is_missing_is_none(variable: Variable, raw: object) -> None:
    assert parse_value(variable, raw) is None


def test_unknown_is_a_value_where_it_is_one_of_the_categories() -> None:
    variable = replace(CATEGORY, categories=("known", "unknown"))
    assert parse_value(variable, "Unknown") == 1.0


MISSING = "if it stands for not known, leave it empty, or list it as missing"


@pytest.mark.parametrize(
    ("variable", "raw", "got", "action"),
    [
        (NUMBER, "high", "'high'", ""),
        (NUMBER, "1_0", "'1_0'", ""),
        (NUMBER, "0x5", "'0x5'", ""),
        (NUMBER, "٧", "'٧'", ""),
        (NUMBER, "1,500", "'1,500'", SEPARATORS),
        (NUMBER, "1.234,5", "'1.234,5'", SEPARATORS),
        (NUMBER, "1 500", "'1 500'", SEPARATORS),
        (NUMBER, "1\u202f500", "'1 500'", SEPARATORS),
        (NUMBER, "nan", "'nan'", "leave a missing value empty"),
        (NUMBER, "1e999", "'1e999'", ""),
        (NUMBER, "inf", "'inf'", "leave a missing value empty"),
        (NUMBER, True, "'True'", ""),
        (NUMBER, 10**400, repr(str(10**400)[:37] + "..."), ""),
        (NUMBER, 10.5, "10.5", ""),
        (NUMBER, -0.5, "-0.5", ""),
        (NUMBER, [8], "a list or an object", ""),
        (TEXT, {"a": 1}, "a list or an object", ""),
        (YEARS, 84, "84", "if this is in months, divide by 12"),
        (
            YEARS,
            1980,
            "1980",
            "a year of birth or onset is no age or duration: `until` of a mapping makes one",
        ),
        (YEARS, -1, "-1", MISSING),
        (YEARS, -12, "-12", ""),
        (YEARS, 99, "99", f"{MISSING}; if this is in months, divide by 12"),
        (YEARS, 9999, "9999", MISSING),
        (NUMBER, "-99,00", "-99", MISSING),
        (NUMBER, 999, "999", MISSING),
        (NUMBER, 998, "998", ""),
        (INTEGER, 1.5, "'1.5'", ""),
        (YES_NO, 1, "'1'", ""),
        (YES_NO, "maybe", "'maybe'", ""),
        (CATEGORY, "left", "'left'", ""),
        (CATEGORY, "x" * 40, repr("x" * 40), ""),
        (CATEGORY, "x" * 41, repr("x" * 37 + "..."), ""),
    ],
)
def test_what_cannot_be_read_is_returned_as_a_problem(
    variable: Variable, raw: object, got: str, action: str
) -> None:
    assert parse_value(variable, raw) == Problem("x", variable.expected(), got, action=action)


@pytest.mark.parametrize(
    ("variable", "value", "written"),
    [
        (NUMBER, 7.0, 7),
        (NUMBER, 7.25, 7.25),
        (YES_NO, 1.0, "yes"),
        (YES_NO, 0.5, "yes"),  # a background value between the two
        (YES_NO, 0.49, "no"),
        (CATEGORY, 1.0, "lower"),
        (NUMBER, float("nan"), None),
        (CATEGORY, float("nan"), None),
    ],
)
def test_a_value_is_written_as_people_write_it(
    variable: Variable, value: float, written: object
) -> None:
    found = variable.decode(value)
    assert found == written
    assert type(found) is type(written)


ENCODABLE = [variable for variable in CONTRACT if variable.is_encodable]


@given(st.data())
def test_what_is_written_is_read_as_it_was(data: Any) -> None:
    variable = data.draw(st.sampled_from(ENCODABLE))
    if variable.is_numeric:
        step = st.integers(int(variable.low), int(variable.high))
        value = float(data.draw(step))
    else:
        value = float(data.draw(st.integers(0, max(1, len(variable.categories) - 1))))
    assert parse_value(variable, variable.decode(value)) == value


def test_a_stated_sign_stands_above_what_one_text_tells() -> None:
    assert parse_value(NUMBER, "1,500") == NUMBER.problem("'1,500'", action=SEPARATORS)
    assert parse_value(NUMBER, "1,500", decimal=",") == 1.5
    assert parse_value(NUMBER, "1.500") == 1.5
    assert parse_value(NUMBER, "1.500", decimal=",") == NUMBER.problem("'1.500'", action=SEPARATORS)
    assert parse_value(NUMBER, "7,5", decimal=".") == NUMBER.problem("'7,5'")


def test_a_problem_keeps_its_row() -> None:
    problem = NUMBER.problem("11", row=4, action="look again")
    assert problem == Problem("x", NUMBER.expected(), "11", row=4, action="look again")


@pytest.mark.parametrize(
    "text", ["#N/A", "#DIV/0!", "#REF!", "#NAME?", "#VALUE!", "#NV", "#WERT!", "#ZAHL!", "####"]
)
def test_a_formula_that_failed_is_no_text(text: str) -> None:
    site = CONTRACT["site"]
    problem = parse_value(site, text)
    assert isinstance(problem, Problem) and "a formula has failed" in problem.action
    assert parse_value(site, "#1") == "#1" and parse_value(site, "# A!") == "# A!"


@pytest.mark.parametrize(("text", "value"), [("1.0", 0.0), ("2,00", 1.0), ("1", 0.0)])
def test_a_category_that_is_a_number_may_have_decimals_of_nothing(text: str, value: float) -> None:
    assert parse_value(CONTRACT["crps_type"], text) == value
    assert isinstance(parse_value(CONTRACT["crps_type"], "1.5"), Problem)
