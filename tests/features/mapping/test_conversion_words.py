"""What an import did is told code by code; what it refused, with a next step that applies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.files.settings import read_settings
from features.mapping.column_rule import ColumnRule, RulePlace
from features.mapping.conversion import Reading, Unread, Value, convert
from features.mapping.conversion_words import describe_conversion, describe_refused, tell_unsure
from features.numerals import DecimalSign


def _rule(name: str, **entry: Any) -> ColumnRule:
    place = RulePlace(CONTRACT[name], has_times=True)
    given = {key.rstrip("_"): value for key, value in entry.items()}
    return read_settings(ColumnRule, given, name, at=name, context=place)


def _describe(name: str, inputs: list[tuple[str, ...]], **entry: Any) -> str:
    rule = _rule(name, **entry)
    values: list[Value] = []
    for texts in inputs:
        value = convert(rule, CONTRACT[name], texts)
        assert not isinstance(value, Unread)
        values.append(value)
    return describe_conversion(rule, CONTRACT[name], inputs, values)


RECODE = {"tramadol": "N02AX02", "pregabalin": "N03AX16", "nothing": "none"}


def test_a_recoded_list_is_told_code_by_code_and_small_numbers_are_not() -> None:
    inputs = [("tramadol;pregabalin",)] * 4 + [("tramadol",), ("nothing",), ("",)]
    assert _describe("medication_atc", inputs, from_="d", recode=RECODE) == (
        "nothing to none (fewer than 3), pregabalin to N03AX16 (4), tramadol to N02AX02 (5)"
    )


@given(st.lists(st.lists(st.sampled_from(list(RECODE)[:2]), max_size=2), min_size=1))
def test_no_combination_of_drugs_is_ever_told(rows: list[list[str]]) -> None:
    inputs = [(";".join(row),) for row in rows]
    told = _describe("medication_atc", inputs, from_="d", recode=RECODE)
    assert ";" not in told
    assert told.count("to N") <= 2


def test_boxes_are_told_one_by_one_with_those_that_say_nothing() -> None:
    boxes = {"med___1": "N02AX02", "med___2": "N03AX16"}
    inputs = [("1", "0")] * 3 + [("0", "1"), ("0", "0"), ("", "1")]
    assert _describe("medication_atc", inputs, boxes=boxes, none_ticked="none") == (
        "med___1 to N02AX02 (3), med___2 to N03AX16 (fewer than 3), no box ticked: none (1), "
        "a box not known: not known (1)"
    )


@pytest.mark.parametrize(
    ("name", "entry", "inputs", "expected"),
    [
        ("sex", {"from": "s", "recode": {1: "female"}}, [("1",)], "1 to female (1)"),
        ("opioid", {"from": ["a", "b"]}, [("yes", "no")], "yes if any is"),
        ("nrs_t0", {"from": "n", "at": 0}, [("8",)], "at time 0"),
        ("nrs_t0", {"from": {"L": "a"}, "by": "s"}, [("8",)], "chosen by s"),
        ("weight_kg", {"from": "w", "unit": "pounds"}, [("150",)], "pounds to kg"),
        ("treatment_year", {"from": "d", "part": "year"}, [("2021",)], "year of the date"),
        (
            "age_years",
            {"from": "b", "until": "d", "completed": True},
            [("1980-01-01", "2021-01-01")],
            "completed years until d",
        ),
        ("nrs_t0", {"from": "n"}, [("8",)], "as it is"),
    ],
)
def test_each_step_is_told_in_words(
    name: str, entry: dict[str, Any], inputs: list[tuple[str, ...]], expected: str
) -> None:
    recode = entry.get("recode")
    if recode:
        entry = {**entry, "recode": {str(key): word for key, word in recode.items()}}
    assert _describe(name, inputs, **entry) == expected


@pytest.mark.parametrize(
    ("name", "entry", "parts", "expected", "action"),
    [
        ("weight_kg", {"from": "w", "unit": "pounds"}, ["x"], "a number from 20", "in pounds"),
        (
            "weight_kg",
            {"from": "w"},
            ["150 lb"],
            "a number from 20",
            "unit = ... if they are in pounds",
        ),
        ("nrs_t0", {"from": "n"}, ["65"], "a number from 0", "if they are on another scale"),
        ("sex", {"from": "s"}, ["1"], "one of female", "cover them with recode"),
        ("sex", {"from": "s", "recode": {}}, ["1"], "a value that recode lists", "to recode"),
        ("opioid", {"from": "o", "yes_if": "> 1"}, ["a"], "compared by > 1", "in place of yes_if"),
        ("medication_atc", {"from": "d"}, ["tramadol"], "ATC codes", "cover names with recode"),
        ("medication_atc", {"boxes": {"a": "none"}}, ["ja"], "boxes that say 1", "under ticked"),
        (
            "age_years",
            {"from": "b", "until": "d"},
            ["05.13.1980"],
            "dates, for",
            'say dates = "mdy"',
        ),
        (
            "age_years",
            {"from": "b", "until": "d"},
            ["05.03.2021"],
            "dates, for",
            'say dates = "dmy" or dates = "mdy"',
        ),
        ("treatment_year", {"from": "d", "part": "year"}, ["44256"], "dates", 'dates = "excel"'),
        ("treatment_year", {"from": "d", "part": "year"}, ["5/3/21"], "dates", "four digits"),
        ("weight_kg", {"from": "w"}, ["2,000", "1,500"], "a number from 20", 'say decimal = ","'),
        ("weight_kg", {"from": "w", "unit": "g"}, ["70,000"], "a number", 'say decimal = ","'),
        ("opioid", {"from": "o", "yes_if": "> 1"}, ["1,500"], "compared", 'say decimal = ","'),
        ("nrs_t0", {"from": "n"}, ["2021-05-06"], "a number from 0", "has made dates of numbers"),
        ("site", {"from": "s"}, ["#REF!"], "text", "a formula has failed"),
        ("age_years", {"from": "b", "until": "d"}, ["soon"], "dates, for", "correct the dates"),
    ],
)
def test_what_is_refused_is_told_with_a_step_that_applies(
    name: str, entry: dict[str, Any], parts: list[str], expected: str, action: str
) -> None:
    rule = _rule(name, **entry)
    read = [convert(rule, CONTRACT[name], (part,) * len(rule.sources)) for part in parts]
    hints = [value.hint for value in read if isinstance(value, Unread)]
    refused = Unread(tuple(parts), hints[0] if len(rule.sources) == 1 and hints else "")
    problem = describe_refused(rule, CONTRACT[name], [refused])
    assert expected in problem.expected and action in problem.action
    assert "recode" not in problem.action or name in ("sex", "opioid", "medication_atc")


@pytest.mark.parametrize(
    ("decimal", "parts", "sign"),
    [(",", ["70.500"], "."), (".", ["7,5"], ","), (".", ["soon", "1,500"], ",")],
)
@pytest.mark.parametrize("entry", [{}, {"unit": "g"}])
def test_a_column_with_the_other_sign_is_told_so(
    entry: dict[str, str], decimal: DecimalSign, parts: list[str], sign: DecimalSign
) -> None:
    rule, variable = _rule("weight_kg", from_="w", **entry), CONTRACT["weight_kg"]
    reading = Reading(decimal=decimal)
    problem = describe_refused(rule, variable, [Unread(tuple(parts))], reading=reading)
    assert f'say decimal = "{sign}" in its entry' in problem.action
    for words in (["soon"], ["70"]):
        told = describe_refused(rule, variable, [Unread(tuple(words))], reading=reading)
        assert "decimal" not in told.action


def test_numbers_that_nothing_tells_of_are_counted() -> None:
    rule, variable = _rule("weight_kg", from_="w", unit="g"), CONTRACT["weight_kg"]
    inputs = [("70.500",), ("65.250",), ("70",), (None,)]
    [told] = tell_unsure(rule, variable, inputs, Reading())
    assert told == '2 such as 1.500 read as 1.5 (if so, say decimal = ".")'
    assert tell_unsure(rule, variable, inputs, Reading(decimal=".")) == []
    assert tell_unsure(rule, variable, inputs[2:], Reading()) == []
    assert tell_unsure(_rule("site", from_="s"), CONTRACT["site"], inputs, Reading()) == []


def test_the_order_of_dates_is_not_asked_for_where_it_is_said() -> None:
    rule = _rule("age_years", from_="b", until="d")
    refused = [Unread(("13.05.1980",))]
    problem = describe_refused(rule, CONTRACT["age_years"], refused, reading=Reading(dates="mdy"))
    assert problem.action == "correct the dates, or list them as missing"


def test_refused_values_are_counted_by_course_and_at_most_twenty_are_shown() -> None:
    rule = _rule("medication_atc", from_="d", recode=RECODE)
    refused = [Unread(("a", "a")), Unread(("a", "b"))]
    problem = describe_refused(rule, CONTRACT["medication_atc"], refused)
    assert problem.got == "'a' in 2 rows, 'b' in 1 row"
    many = [Unread((f"drug number {i} of this list",)) for i in range(30)]
    got = describe_refused(rule, CONTRACT["medication_atc"], many).got
    assert got.count(" in 1 row") == 20 and got.endswith(" and 10 more values")
    assert "'drug number 0 of thi...'" in got


def test_values_that_choose_no_column_are_told_as_such() -> None:
    rule = _rule("nrs_t0", from_={"L": "a", "R": "b"}, by="side")
    problem = describe_refused(rule, CONTRACT["nrs_t0"], [Unread(("B",))], chosen=True)
    assert problem.expected == "a value of side that from lists: L, R"
    assert problem.action == 'add it to from ("" for not known), or list it as missing'
