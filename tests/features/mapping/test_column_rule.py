"""An entry of [columns]: which keys go together, and what each may say."""

from __future__ import annotations

from typing import Any

import pytest

from features.dictionary.contract import CONTRACT
from features.errors import InputError
from features.files.settings import read_settings
from features.mapping.column_rule import ColumnRule, RulePlace, check_together


def _read(name: str, entry: dict[str, Any]) -> ColumnRule:
    place = RulePlace(CONTRACT[name], has_times=True)
    return read_settings(ColumnRule, entry, name, at=f"columns.{name}", context=place)


@pytest.mark.parametrize(
    ("name", "entry", "place", "expected"),
    [
        ("nrs_t0", {"from": {"L": 1}, "by": "s"}, "from", "a raw column for each value"),
        ("nrs_t0", {"from": {}, "by": "s"}, "from", "a raw column for each value"),
        ("nrs_t0", {"from": "x", "by": ""}, "by", "the name of a raw column"),
        ("nrs_t0", {"from": ["a", "b"]}, "from", "one raw column"),
        ("nrs_t0", {"from": ""}, "from", "the name of a raw column"),
        ("opioid", {"from": ["a", ""]}, "from", "the name of a raw column"),
        ("nrs_t0", {"boxes": {"a": 1}}, "boxes", "ATC codes, a category or a text"),
        ("sex", {"boxes": {"a": "man"}}, "boxes.a", "one of female, male"),
        ("medication_atc", {"boxes": {"a": "tramadol"}}, "boxes.a", "ATC codes"),
        ("medication_atc", {"from": "x", "separator": ""}, "separator", "what stands between"),
        ("medication_atc", {"boxes": {}}, "boxes", "a raw column for each box"),
        ("medication_atc", {"from": "x", "none_ticked": "x"}, "none_ticked", "ATC codes"),
        ("medication_atc", {"from": "x", "ticked": [[1]]}, "ticked", "a value or a list"),
        (
            "nrs_t0",
            {"from": "x", "until": "y"},
            "until",
            "a number of years, months, weeks or days",
        ),
        ("sex", {"from": "x", "until": "y"}, "until", "a number of years"),
        ("age_years", {"from": "x", "part": "year"}, "part", "a number without a unit"),
        ("treatment_year", {"from": "x", "part": "month"}, "part", "one of year"),
        (
            "age_years",
            {"from": "x", "until": "y", "dates": "ymd"},
            "dates",
            '"dmy", "mdy" or "excel"',
        ),
    ],
)
def test_a_value_that_cannot_be_is_refused_at_its_place(
    name: str, entry: dict[str, Any], place: str, expected: str
) -> None:
    with pytest.raises(InputError) as caught:
        _read(name, entry)
    [problem] = caught.value.problems
    assert problem.column == f"columns.{name}.{place}"
    assert problem.expected.startswith(expected)


@pytest.mark.parametrize(
    ("name", "entry", "place"),
    [
        ("sex", {"from": "x", "boxes": {}}, "x"),
        ("sex", {"boxes": {}, "constant": "male"}, "x"),
        ("sex", {"boxes": {}, "recode": {}}, "x"),
        ("age_years", {"from": "x", "until": "y", "unit": "months"}, "x"),
        ("nrs_t0", {"from": "x", "by": "s"}, "x"),
        ("nrs_t0", {"from": {"L": "a"}}, "x"),
        ("medication_atc", {"from": "x", "none_ticked": "none"}, "x.none_ticked"),
        ("age_years", {"from": "x", "completed": True}, "x.completed"),
        ("age_years", {"from": "x", "until": "x"}, "x.until"),
        ("age_years", {"from": "x", "dates": "dmy"}, "x.dates"),
        ("sex", {"from": "x", "decimal": ","}, "x.decimal"),
        ("age_years", {"from": "x", "until": "y", "decimal": ","}, "x.decimal"),
        ("opioid", {"from": ["a", "b"], "part": "year"}, "x.from"),
        ("patient_id", {"boxes": {"a": "1"}}, "x"),
        ("patient_id", {"from": "a", "by": "b"}, "x"),
    ],
)
def test_keys_that_exclude_or_need_one_another_are_told(
    name: str, entry: dict[str, Any], place: str
) -> None:
    assert place in [p.column for p in check_together("x", entry, CONTRACT[name])]


@pytest.mark.parametrize(
    "entry",
    [
        {"from": "x"},
        {"from": {"L": "a", "R": ""}, "by": "side", "unit": "months", "at": 0},
        {"from": "x", "until": "y", "completed": True, "dates": "dmy", "missing": [-99]},
    ],
)
def test_keys_that_go_together_are_no_problem(entry: dict[str, Any]) -> None:
    assert check_together("x", entry, CONTRACT["age_years"]) == []
    assert _read("age_years", entry).raw_columns


def test_every_raw_column_of_an_entry_is_known() -> None:
    chosen = _read("nrs_t0", {"from": {"1.0": "a", "2": "", "3": "a"}, "by": "side"})
    assert (chosen.sources, chosen.raw_columns) == (("a",), ("side", "a"))
    assert chosen.given == {"1": "a", "2": "", "3": "a"}
    dated = _read("age_years", {"from": "born", "until": "seen"})
    assert dated.raw_columns == ("born", "seen")
    boxed = _read("medication_atc", {"boxes": {"a": "N02AX02", "b": "none"}})
    assert boxed.raw_columns == ("a", "b")


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"from": "x", "recode": {"1": "female", "01": "male"}}, "recode"),
        ({"from": "x", "recode": {"1,0": "female", "1": "male"}}, "recode"),
        ({"by": "k", "from": {"1": "a", "1.0": "b"}}, "from"),
    ],
)
def test_a_code_that_is_to_mean_two_things_is_refused(entry: dict[str, Any], place: str) -> None:
    with pytest.raises(InputError) as caught:
        _read("sex", entry)
    [problem] = caught.value.problems
    assert (problem.column, problem.expected) == (f"columns.sex.{place}", "each code once")
    assert problem.got.startswith("1 twice")


def test_a_code_may_be_written_in_two_ways_that_mean_one_thing() -> None:
    rule = _read("sex", {"from": "x", "recode": {"1": "female", "01": "female", "": ""}})
    assert rule.recode == {"1": "female", "": ""}


def test_an_empty_cell_is_not_known_whatever_recode_says() -> None:
    with pytest.raises(InputError) as caught:
        _read("opioid", {"from": "x", "recode": {"": "no", "x": "yes"}})
    [problem] = caught.value.problems
    assert problem.column == "columns.opioid.recode" and "is not known" in problem.action
