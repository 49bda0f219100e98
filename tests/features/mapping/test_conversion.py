"""What stands in the raw columns of one course becomes one value, or is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.dictionary.medication import fill_classes
from features.files.settings import read_settings
from features.mapping.column_rule import ColumnRule, RulePlace
from features.mapping.conversion import (
    Reading,
    Unread,
    choose_columns,
    convert,
    read_box,
    split_texts,
)


def _rule(name: str, **entry: Any) -> ColumnRule:
    place = RulePlace(CONTRACT[name], has_times=True)
    given = {key.rstrip("_"): value for key, value in entry.items()}
    return read_settings(ColumnRule, given, name, at=name, context=place)


BOXES = {"a": "N02AX02", "b": "N03AX16", "c": "none"}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("1", "0", "0"), "N02AX02"),
        (("Checked", "checked", "Unchecked"), "N02AX02;N03AX16"),
        (("yes", "TRUE", "no"), "N02AX02;N03AX16"),
        (("1.0", "x", "0.0"), "N02AX02;N03AX16"),
        (("0", "0", "1"), "none"),
        (("0", "0", "0"), None),
        (("1", "", "0"), None),
        (("1", None, "0"), None),
        (("1", "2", "ja"), Unread(("2", "ja"))),
        (
            ("1", "0", "1"),
            Unread(("none beside others",), "correct the file: these boxes exclude one another"),
        ),
    ],
)
def test_boxes_become_a_list(texts: tuple[str | None, ...], expected: object) -> None:
    rule = _rule("medication_atc", boxes=BOXES)
    assert convert(rule, CONTRACT["medication_atc"], texts) == expected


def test_what_no_box_and_an_empty_box_mean_is_said_by_the_mapping() -> None:
    variable = CONTRACT["medication_atc"]
    none = _rule("medication_atc", boxes=BOXES, none_ticked="none")
    assert convert(none, variable, ("0", "0", "0")) == "none"
    assert convert(none, variable, ("", "", "")) is None
    marks = _rule("medication_atc", boxes=BOXES, none_ticked="none", not_ticked="", ticked="ja")
    assert convert(marks, variable, ("ja", "", "")) == "N02AX02"
    assert convert(marks, variable, ("", "", "")) == "none"
    assert convert(marks, variable, (None, "", "x")) is None


@given(st.lists(st.sampled_from(["tramadol", "pregabalin", "other", "splint"]), min_size=1))
def test_a_drug_that_is_not_known_leaves_no_list(drugs: list[str]) -> None:
    variable = CONTRACT["medication_atc"]
    words = {"tramadol": "N02AX02", "pregabalin": "N03AX16", "other": "", "splint": "V07"}
    recoded = convert(
        _rule("medication_atc", from_="d", recode=words), variable, (";".join(drugs),)
    )
    columns = ["a", "b", "c", "d"]
    boxes = _rule("medication_atc", boxes=dict(zip(columns, words.values(), strict=True)))
    ticked = convert(boxes, variable, tuple("01"[word in drugs] for word in words))
    if "other" in drugs:
        assert recoded is None and ticked is None
    else:
        listed = {words[drug] for drug in drugs}
        assert isinstance(recoded, str) and set(recoded.split(";")) == listed
        assert isinstance(ticked, str) and set(ticked.split(";")) == listed


def test_a_code_for_what_is_no_drug_of_interest_decides_every_class() -> None:
    known, _ = fill_classes({"medication_atc": "V07"})
    none, _ = fill_classes({"medication_atc": "none"})
    assert {**known, "medication_atc": ""} == {**none, "medication_atc": ""}


def test_boxes_of_a_category_exclude_one_another() -> None:
    rule = _rule("sex", boxes={"f": "female", "m": "male"})
    assert convert(rule, CONTRACT["sex"], ("0", "1")) == "male"
    assert convert(rule, CONTRACT["sex"], ("0", "0")) is None
    refused = convert(rule, CONTRACT["sex"], ("1", "1"))
    assert isinstance(refused, Unread) and refused.parts == ("f and m",)


@given(st.lists(st.sampled_from(["1", "0", "", "Checked", "unchecked"]), min_size=3, max_size=3))
def test_a_list_from_boxes_is_whole_or_not_known(texts: list[str]) -> None:
    drugs = {"a": "N02AX02", "b": "N03AX16", "c": "N06AA09"}
    rule = _rule("medication_atc", boxes=drugs, none_ticked="none")
    value = convert(rule, CONTRACT["medication_atc"], tuple(texts))
    if "" in texts:
        assert value is None
        return
    ticked = [code for code, text in zip(drugs.values(), texts, strict=True) if text in "1Checked"]
    assert value == (";".join(ticked) or "none")


@given(st.lists(st.sampled_from(["yes", "no", ""]), min_size=1, max_size=4))
def test_any_of_several_columns_is_yes_and_all_of_them_are_no(texts: list[str]) -> None:
    rule = _rule("opioid", from_=[f"c{i}" for i in range(len(texts))])
    expected = "yes" if "yes" in texts else None if "" in texts else "no"
    assert convert(rule, CONTRACT["opioid"], tuple(texts)) == expected


def test_each_of_several_columns_is_recoded_or_compared() -> None:
    recoded = _rule("opioid", from_=["a", "b"], recode={"0": "no", "1": "yes", "9": ""})
    assert convert(recoded, CONTRACT["opioid"], ("0", "1.0")) == "yes"
    assert convert(recoded, CONTRACT["opioid"], ("0", "9")) is None
    assert convert(recoded, CONTRACT["opioid"], ("0", "2")) == Unread(("2",))
    compared = _rule("opioid", from_=["a", "b"], yes_if="> 0")
    assert convert(compared, CONTRACT["opioid"], ("0", "2,5")) == "yes"
    assert convert(compared, CONTRACT["opioid"], ("0", "0")) == "no"
    assert convert(compared, CONTRACT["opioid"], ("0", "many")) == Unread(("many",))


def test_a_column_is_chosen_by_the_value_of_another() -> None:
    rule = _rule("nrs_t0", by="side", from_={"1": "left", "2": "right", "3": ""})
    columns: dict[str, list[str | None]] = {
        "left": ["8", "1", "2", "3", "4"],
        "right": ["0", "7", "5", "6", "9"],
    }
    chosen = choose_columns(rule, ["1", "2.0", "3", "", "4"], columns)
    assert chosen == [("8",), ("7",), ("",), ("",), Unread(("4",))]


def test_dates_become_years_and_times() -> None:
    year = _rule("treatment_year", from_="d", part="year")
    variable = CONTRACT["treatment_year"]
    assert convert(year, variable, ("2021-03-05 10:00",)) == 2021
    assert convert(year, variable, ("2021",)) == 2021
    assert convert(year, variable, ("05.03.2021",)) == 2021
    assert convert(year, variable, ("03/2021",)) == 2021
    assert convert(year, variable, ("05.03.21",)) == Unread(("05.03.21",))
    assert convert(year, variable, ("44256",)) == Unread(("44256",))
    assert convert(year, variable, ("44256",), Reading(dates="excel")) == 2021
    assert convert(year, variable, ("05.03.2021",), Reading(dates="mdy")) == 2021
    assert convert(year, variable, ("1021-01-01",)) == Unread(
        ("1021-01-01",),
        "expected a whole number from 1990 to 2100: correct it, or list it as missing",
    )
    age = _rule("age_years", from_="b", until="d")
    texts = ("1980-06-15", "2021-03-15")
    assert convert(age, CONTRACT["age_years"], texts) == 40.75
    assert convert(age, CONTRACT["age_years"], (texts[0], "")) is None
    whole = _rule("age_years", from_="b", until="d", completed=True)
    assert convert(whole, CONTRACT["age_years"], texts) == 40
    backwards = convert(age, CONTRACT["age_years"], texts[::-1])
    assert isinstance(backwards, Unread) and "before the first" in backwards.hint
    own = _rule("follow_up_weeks", from_="b", until="d", dates="dmy")
    got = convert(own, CONTRACT["follow_up_weeks"], ("01.02.2021", "08.02.2021"), Reading("mdy"))
    assert got == 1


@given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.dates(date(1900, 1, 1), date(2020, 1, 1)))
def test_a_time_between_dates_is_never_negative(start: date, end: date) -> None:
    rule = _rule("age_years", from_="b", until="d")
    value = convert(rule, CONTRACT["age_years"], (start.isoformat(), end.isoformat()))
    assert isinstance(value, Unread) == (end < start)
    if isinstance(value, float):
        assert abs(value - (end - start).days / 365.25) < 0.01


@pytest.mark.parametrize(
    ("name", "entry", "text", "decimal", "expected"),
    [
        ("weight_kg", {}, "70,5", None, 70.5),
        ("weight_kg", {"unit": "g"}, "70.500,0", ",", Unread(("70.500,0",))),
        ("nrs_t0", {}, "1,500", ",", 1.5),
        ("nrs_t0", {}, "1,500", None, Unread(("1,500",))),
        ("nrs_t0", {"recode": {"mild": "2.5"}}, "mild", ",", 2.5),
    ],
)
def test_numbers_are_read_by_the_sign_before_their_decimals(
    name: str, entry: dict[str, Any], text: str, decimal: Any, expected: object
) -> None:
    rule = _rule(name, from_="x", **entry)
    got = convert(rule, CONTRACT[name], (text,), Reading(decimal=decimal))
    if isinstance(expected, Unread):
        assert isinstance(got, Unread) and got.parts == expected.parts
    else:
        assert got == expected


def test_of_a_list_only_the_codes_at_fault_are_refused() -> None:
    plain = _rule("medication_atc", from_="d", separator="|")
    variable = CONTRACT["medication_atc"]
    assert convert(plain, variable, ("N02AX02|tramadol|N03AX16",)) == Unread(
        ("tramadol",), "write each as the ATC index does"
    )
    assert convert(plain, variable, ("none|N03AX16",)) == Unread(
        ("none beside others",), "take one of the two out"
    )
    recoded = _rule("medication_atc", from_=["d", "e"], recode={"T": "N02AX02"})
    assert convert(recoded, variable, ("T;Q", "R")) == Unread(("Q", "R"))
    assert split_texts(plain, variable, ("a | b|", None)) == ["a", "b"]


def test_a_word_that_tells_nothing_of_a_box_is_refused() -> None:
    rule = _rule("medication_atc", boxes=BOXES, ticked=["JA"], not_ticked=[2])
    assert [read_box(rule, text) for text in ("JA", "2.0", "1", "0", "", None)] == [
        True,
        False,
        True,
        False,
        None,
        None,
    ]
    with pytest.raises(ValueError, match="vielleicht"):
        read_box(rule, "vielleicht")
