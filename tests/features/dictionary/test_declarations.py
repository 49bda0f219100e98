"""What a study declares: its own variables, and whom it is for."""

from typing import Any

import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable, read_eligibility
from features.errors import InputError


def test_a_study_writes_its_own_rules() -> None:
    rules = read_eligibility(
        {
            "age_years": {"min": 18, "max": 70},
            "setting": ["elective"],
            "opioid": "no",
            "affected_site": {"allowed": ["upper", "both"]},
        }
    )
    assert rules.steps == (("age_years",), ("setting",), ("opioid",), ("affected_site",))
    record: dict[str, float | str | None] = {
        "age_years": 71.0,
        "setting": 0.0,
        "opioid": 1.0,
        "affected_site": 1.0,
    }
    reasons, unknown = rules.assess(record)
    assert dict(reasons) == {
        "age_years": "Age must be at least 18 years and at most 70 years",
        "opioid": "Opioid, any must be no",
        "affected_site": "Affected limb must be upper or both",
    }
    assert unknown == []


def test_a_declared_variable_can_have_a_rule() -> None:
    arm = declare_variable(
        "arm", {"kind": "category", "categories": ["a", "b"], "known_at": "baseline"}
    )
    dictionary = CONTRACT.with_variables([arm])
    rules = read_eligibility({"arm": ["b"]}, dictionary=dictionary)
    assert rules.assess({"arm": 0.0}, dictionary=dictionary)[0] == [("arm", "arm must be b")]
    assert rules.assess({"arm": 1.0}, dictionary=dictionary)[0] == []


@pytest.mark.parametrize(
    ("name", "rule", "expected"),
    [
        ("age_yaers", {"min": 18}, "did you mean age_years"),
        ("nrs_t1", {"min": 5}, "known before admission"),
        ("site", ["north"], "a number, a category or yes/no"),
        ("setting", ["electiv"], "one of elective, emergency"),
        ("setting", {"min": 1}, "expected one of allowed"),
        ("age_years", {"min": "old"}, "a number from 0 to 120 years"),
        ("age_years", {"mim": 18}, "expected one of min, max; did you mean min?"),
        ("age_years", {"min": 18, "max": 10}, "age_years.max: expected at least min, which is 18"),
        ("age_years", {}, "expected min or max"),
        ("age_years", [18], "expected min or max"),
        ("sex", [], "expected allowed"),
    ],
)
def test_a_rule_that_cannot_be_is_named(name: str, rule: Any, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        read_eligibility({name: rule})


def test_all_rules_that_cannot_be_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read_eligibility({"nrs_t1": {"min": 5}, "setting": "urgent", "sex": "male"})
    assert [p.column for p in caught.value.problems] == [
        "eligibility.nrs_t1",
        "eligibility.setting",
    ]


def test_a_declared_variable_has_what_it_says() -> None:
    entry = {"kind": "number", "known_at": "baseline", "low": 0, "high": 4.5, "unit": "h"}
    variable = declare_variable("morning_stiffness", entry)
    assert (variable.label, variable.roles) == ("morning stiffness", ("predictor",))
    assert (variable.low, variable.high, variable.precision) == (0, 4.5, 1.0)
    assert type(variable.low) is int
    assert declare_variable("a", {"kind": "text", "known_at": "t1"}).roles == ("group",)
    later = declare_variable("a", {"kind": "category", "known_at": "t1", "categories": [1, "b"]})
    assert (later.roles, later.categories) == (("outcome",), ("1", "b"))


def test_every_problem_of_a_declared_variable_is_told_in_these_words() -> None:
    entry = {
        "known_at": "always",
        "kind": "category",
        "low": "1",
        "high": True,
        "lable": "x",
        "precision": float("inf"),
        "categories": "ab",
        "transform": "log",
    }
    with pytest.raises(InputError) as caught:
        declare_variable("y", entry)
    assert caught.value.report().splitlines() == [
        "declared variable y: 7 problems",
        "  variables.y.known_at: expected one of baseline, infusion, t1, t2, later; got 'always'",
        "  variables.y.low: expected a number; got '1'",
        "  variables.y.high: expected a number; got true",
        "  variables.y.categories: expected a list; got 'ab'",
        "  variables.y.transform: expected log1p, or nothing; got 'log'",
        "  variables.y.precision: expected a number; got inf",
        "  variables.y.lable: expected one of kind, known_at, label, unit, low, high, categories, "
        "transform, precision, hint; got an unknown key; did you mean label?",
    ]


@pytest.mark.parametrize("categories", [{}, {"categories": ["a"]}])
def test_a_category_has_two_values_or_more(categories: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"variables.y.categories: expected at least two values"):
        declare_variable("y", {"kind": "category", "known_at": "t1", **categories})
