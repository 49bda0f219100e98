"""Every column is told, and the page about them is up to date."""

from __future__ import annotations

import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable
from features.dictionary.variable import parse_value
from features.mapping.columns import describe_columns, make_page, make_text
from tests.places import PROJECT

PAGE = PROJECT / "docs" / "dictionary.md"
COLUMNS = {column.name: column for column in describe_columns()}


def test_the_page_in_the_documentation_is_up_to_date() -> None:
    # If not: ketresponse cohort columns --markdown > docs/dictionary.md
    assert PAGE.read_text(encoding="utf-8") == make_page()


def test_every_column_is_told_with_unit_range_and_words() -> None:
    assert tuple(COLUMNS) == CONTRACT.names
    nrs, sex = COLUMNS["nrs_t0"], COLUMNS["sex"]
    assert (nrs.low, nrs.high, nrs.known_at) == (0, 10, "before treatment")
    assert nrs.codes == ("LOINC 72514-3", "LOINC 38208-5")
    assert sex.allowed == ("female", "male")
    assert COLUMNS["opioid"].allowed == ("yes", "no")
    assert COLUMNS["weight_kg"].raw_units == ("pounds", "g")
    assert COLUMNS["age_years"].raw_units == ("months", "weeks", "days", "two dates")
    assert COLUMNS["crps_type"].raw_units == ()
    assert COLUMNS["success_t2"].known_at == "at the first follow-up (T2)"


@pytest.mark.parametrize("name", CONTRACT.names)
def test_what_is_said_to_be_understood_is_read(name: str) -> None:
    variable = CONTRACT[name]
    for told in COLUMNS[name].understood:
        word, _, meant = told.partition(" as ")
        if meant:
            assert parse_value(variable, word.upper()) == parse_value(variable, meant)
    for word in COLUMNS[name].allowed:
        assert parse_value(variable, word) is not None


def test_a_studys_own_variable_is_told_and_nothing_breaks_the_table() -> None:
    declared = {"kind": "category", "categories": ["a|b", "c"], "known_at": "later"}
    dictionary = CONTRACT.with_variables([declare_variable("arm", declared)])
    assert "| `arm` | arm | one of a\\|b, c |" in make_page(dictionary)
    text = make_text(dictionary)
    assert "\n  arm: arm; one of a|b, c\n" in text
    assert "  opioid: Opioid, any; yes or no (true as yes; false as no)\n" in text
    kg = "  weight_kg: Body weight; a number from 20 to 350 kg (in a mapping from pounds, g)\n"
    assert kg in text
