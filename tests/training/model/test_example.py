from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import CRPS_ELIGIBILITY, Eligibility
from features.dictionary.variable import Variable, parse_value
from tests.training.helpers.examples import make_model
from training.model.example import make_example
from training.model.response_model import ResponseModel


def _with_background(names: tuple[str, ...], *values: float) -> ResponseModel:
    return replace(make_model(), predictors=names, background=np.array([values] * 3))


@pytest.mark.parametrize("variable", [v for v in CONTRACT if v.is_encodable], ids=lambda v: v.name)
@pytest.mark.parametrize("rules", [CRPS_ELIGIBILITY, Eligibility()], ids=["crps", "none"])
@pytest.mark.parametrize("seen", [np.nan, 0.0])
def test_an_example_is_within_dictionary_and_rules(
    variable: Variable, rules: Eligibility, seen: float
) -> None:
    record = make_example(_with_background((variable.name,), seen), rules)
    parsed = {name: parse_value(CONTRACT[name], value) for name, value in record.items()}
    assert isinstance(parsed[variable.name], float)
    assert rules.assess(parsed) == ([], [])


def test_an_example_keeps_to_narrow_rules() -> None:
    rules = Eligibility(
        minimum={"age_years": 70, "disease_duration_years": 50},
        maximum={"age_years": 71},
        allowed={"opioid": ("yes",)},
    )
    model = _with_background(("age_years", "disease_duration_years", "opioid"), 44.0, 3.0, 0.0)
    assert make_example(model, rules) == {
        "age_years": 70,
        "disease_duration_years": 50,
        "opioid": "yes",
    }


def test_numbers_are_medians_of_the_background_and_flags_are_no() -> None:
    model = _with_background(("nrs_t0", "opioid"), 7.4, 1.0)
    assert make_example(model, Eligibility()) == {"nrs_t0": 7, "opioid": "no"}


def test_rules_come_first_and_an_age_is_a_grown_ups_where_none_was_seen() -> None:
    example = make_example(_with_background(("nrs_t0",), 8.0), CRPS_ELIGIBILITY)
    first, *_, last = example
    assert (first, last) == ("age_years", "nrs_t0")
    assert example["age_years"] == 44
    assert example["course_number"] == 1
