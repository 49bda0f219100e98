"""The contract agrees with itself, and with what the published studies measured."""

from __future__ import annotations

import re

import pytest

from features.dictionary.contract import CONTRACT, DEFAULT_PREDICTORS
from features.dictionary.variable import Variable

VARIABLES = list(CONTRACT)
CODE = {
    "ATC": r"[A-Z]\d\d[A-Z]{0,2}(\d\d)?",
    "ICD-10": r"[A-Z]\d\d\.\d",
    "ICD-11": r"[0-9][A-Z][0-9][A-Z]\.[0-9Z]",
    "LOINC": r"\d+-\d",
    "SNOMED": r"\d{6,}",
}


def test_what_a_study_uses_without_a_choice_can_be_predictors() -> None:
    assert [v.name for v in CONTRACT.check_predictors(DEFAULT_PREDICTORS)] == [
        "nrs_t0",
        "disease_duration_years",
        "opioid",
        "antidepressant",
        "anti_epileptic",
    ]


def test_no_name_is_declared_twice_and_all_are_lower_case() -> None:
    assert len(CONTRACT) == 47
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in CONTRACT.names)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda v: v.name)
def test_a_variable_has_what_its_kind_needs_and_nothing_else(variable: Variable) -> None:
    assert (variable.low is None) is (variable.high is None) is not variable.is_numeric
    if variable.is_numeric:
        assert variable.low is not None
        assert variable.high is not None
        assert variable.low < variable.high
    assert bool(variable.categories) is (variable.kind == "category")
    assert len(set(variable.categories)) == len(variable.categories)
    assert variable.transform in ("", "log1p")
    for system, code in variable.codes:
        assert re.fullmatch(CODE[system], code), code


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda v: v.name)
def test_a_source_has_a_doi_and_a_parent_is_a_wider_class(variable: Variable) -> None:
    for source in filter(None, variable.source.split("; ")):
        assert "doi:10." in source
    if variable.parent:
        parent = CONTRACT[variable.parent]
        wide = tuple(code for _, code in parent.codes)
        assert all(code.startswith(wide) for _, code in variable.codes)


def test_nothing_that_is_known_only_later_is_called_a_predictor() -> None:
    later = [v for v in VARIABLES if v.known_at in ("infusion", "t1", "t2", "later")]
    assert {role for v in later for role in v.roles} == {"course", "outcome"}
    assert {v.known_at for v in VARIABLES if "predictor" in v.roles} == {"baseline"}


@pytest.mark.parametrize(
    ("name", "low", "high", "unit"),
    [
        # The scales' own ends: NRS-11, HADS subscales 7 items of 0 to 3, TSK 17 items of 1 to 4,
        # the McGill pain rating index, and the SF-36 summary scales.
        ("nrs_t0", 0, 10, "points, 0 no pain to 10 worst"),
        ("nrs_t1", 0, 10, "points, 0 no pain to 10 worst"),
        ("nrs_t2", 0, 10, "points, 0 no pain to 10 worst"),
        ("hads_depression", 0, 21, "points"),
        ("hads_anxiety", 0, 21, "points"),
        ("tsk", 17, 68, "points"),
        ("mcgill_pri", 0, 78, "points"),
        ("sf36_physical", 0, 100, "points"),
        ("affected_limbs", 1, 4, "limbs"),
        ("disease_duration_years", 0, 60, "years"),
    ],
)
def test_ranges_are_those_of_the_scales(name: str, low: float, high: float, unit: str) -> None:
    variable = CONTRACT[name]
    assert (variable.low, variable.high, variable.unit) == (low, high, unit)
