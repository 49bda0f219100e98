"""The scale that an outcome is measured on."""

from typing import Any

import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.scale import OutcomeScale, find_scale, with_scale
from features.errors import InputError
from features.files.settings import read_settings

SCORES = ("nrs_t0", "nrs_t1", "nrs_t2")


def test_the_scores_take_the_scale_and_nothing_else_does() -> None:
    scale = OutcomeScale(min=0, max=240, label="Headache index", unit="hours")
    found = with_scale(CONTRACT, scale)
    assert found.names == CONTRACT.names
    assert [found[name].label for name in SCORES] == [
        "Headache index before treatment",
        "Headache index at T1",
        "Headache index at T2",
    ]
    for name in SCORES:
        variable = found[name]
        assert variable.expected() == "a number from 0 to 240 hours"
        assert (variable.better, variable.codes, variable.precision) == ("low", (), 24)
        assert variable.roles == CONTRACT[name].roles
    rest = [name for name in CONTRACT.names if name not in SCORES]
    assert [found[name] for name in rest] == [CONTRACT[name] for name in rest]


def test_a_score_that_has_no_before_leaves_pain_before_treatment_alone() -> None:
    scale = OutcomeScale(min=0, max=100, higher_is_worse=False, label="Relief", before=False)
    found = with_scale(CONTRACT, scale)
    assert found["nrs_t0"] == CONTRACT["nrs_t0"]
    assert (found["nrs_t1"].label, found["nrs_t1"].better) == ("Relief at T1", "high")


def test_without_a_scale_all_stays_as_it_is() -> None:
    assert with_scale(CONTRACT, None) is CONTRACT


@pytest.mark.parametrize(
    ("given", "column", "expected"),
    [
        ({"max": 100}, "min", "a value"),
        ({"min": 0, "max": 0}, "max", "more than min, which is 0"),
        ({"min": 0, "max": "100"}, "max", "a number"),
        ({"min": 0, "max": 100, "higher_is_worse": "yes"}, "higher_is_worse", "true or false"),
        ({"min": 0, "max": 100, "label": " "}, "label", "a text"),
        ({"min": 0, "max": 100, "worse": True}, "worse", "one of min, max, higher_is_worse"),
    ],
)
def test_a_scale_that_cannot_be_is_told_and_not_used(
    given: dict[str, Any], column: str, expected: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_settings(OutcomeScale, given, "the outcome's scale")
    [problem] = caught.value.problems
    assert problem.column == column and expected in problem.expected
    assert find_scale({"outcome": {"scale": given}}) is None


@pytest.mark.parametrize(
    "content", [{}, {"outcome": 3}, {"outcome": {}}, {"outcome": {"scale": 1}}]
)
def test_a_file_may_declare_none(content: dict[str, Any]) -> None:
    assert find_scale(content) is None
    assert find_scale({"outcome": {"scale": {"min": 0, "max": 1}}}) == OutcomeScale(min=0, max=1)
