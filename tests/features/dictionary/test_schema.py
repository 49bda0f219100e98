"""The dictionary: an ordered set of variables, and what a study may ask of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.errors import InputError

OWN = Variable("own", "Own", "number", "baseline", ("predictor",), low=0, high=1)


def test_variables_stand_in_the_order_in_which_they_were_given() -> None:
    dictionary = Dictionary([OWN, CONTRACT["sex"], CONTRACT["nrs_t0"]])
    assert dictionary.names == ("own", "sex", "nrs_t0")
    assert [variable.name for variable in dictionary] == ["own", "sex", "nrs_t0"]
    assert len(dictionary) == 3
    assert dictionary["own"] is OWN
    assert "sex" in dictionary
    assert "age_years" not in dictionary


def test_a_studys_own_variables_come_last_and_the_contract_is_left_as_it_was() -> None:
    before = CONTRACT.names
    assert CONTRACT.with_variables([OWN]).names == (*before, "own")
    assert CONTRACT.names == before


def test_a_contract_variable_cannot_be_given_another_meaning() -> None:
    taken = [Variable(name, "X", "text", "always", ("group",)) for name in ("sex", "site")]
    with pytest.raises(InputError, match="variables declared by the study") as caught:
        CONTRACT.with_variables([taken[0], OWN, taken[1]])
    assert [problem.column for problem in caught.value.problems] == ["sex", "site"]


def test_predictors_come_back_in_the_order_asked_for() -> None:
    names = ["sex", "nrs_t0", "setting", "strong_opioid"]
    assert [variable.name for variable in CONTRACT.check_predictors(names)] == names


@pytest.mark.parametrize(
    ("name", "got"),
    [
        ("nix", "a name that neither the contract nor the study declares"),
        ("max_dose_mg_h", "known only during the infusion"),
        ("nrs_t1", "known only at discharge (T1)"),
        ("success_t2", "known only at the first follow-up (T2)"),
        ("relief_weeks", "known only after the first follow-up"),
        ("medication_atc", "the source of the drug classes: name the classes"),
        ("patient_id", "identifier: not a property of the patient that a model may learn from"),
        ("site", "group: not a property of the patient that a model may learn from"),
        ("treatment_year", "group: not a property of the patient that a model may learn from"),
    ],
)
def test_what_cannot_be_a_predictor_is_told_with_its_reason(name: str, got: str) -> None:
    with pytest.raises(InputError) as caught:
        CONTRACT.check_predictors(["nrs_t0", name])
    [problem] = caught.value.problems
    assert (problem.column, problem.got) == (name, got)


def test_the_nearest_predictor_is_named() -> None:
    with pytest.raises(InputError, match=r"did you mean opioid\?"):
        CONTRACT.check_predictors(["opiod"])


def test_an_entry_rule_that_is_no_number_is_no_predictor() -> None:
    own = Variable("own", "Own", "text", "baseline", ("eligibility",))
    with pytest.raises(InputError, match="own: expected a predictor known at baseline"):
        CONTRACT.with_variables([own]).check_predictors(["own"])


def test_a_class_and_the_class_it_is_part_of_are_never_predictors_together() -> None:
    assert CONTRACT.check_predictors(["strong_opioid", "weak_opioid"])
    for names in (["strong_opioid", "opioid"], ["opioid", "strong_opioid"]):
        with pytest.raises(InputError) as caught:
            CONTRACT.check_predictors(names)
        [problem] = caught.value.problems
        assert problem.column == "strong_opioid"
        assert problem.expected == "either strong_opioid or opioid"


def test_every_problem_is_told_at_once_and_none_twice() -> None:
    with pytest.raises(InputError) as caught:
        CONTRACT.check_predictors(["nix", "nrs_t0", "nrs_t0", "nrs_t1", "nix"])
    assert [(p.column, p.got) for p in caught.value.problems] == [
        ("nix", "a name that neither the contract nor the study declares"),
        ("nrs_t0", "named twice"),
        ("nrs_t1", "known only at discharge (T1)"),
        ("nix", "named twice"),
    ]
    with pytest.raises(InputError, match="at least one predictor"):
        CONTRACT.check_predictors([])


def test_records_become_columns_in_the_order_asked_for_and_missing_is_nan() -> None:
    records = [{"nrs_t0": 8.0, "opioid": 1.0, "site": "north"}, {"nrs_t0": None}, {}]
    np.testing.assert_array_equal(
        CONTRACT.encode(records, ["opioid", "nrs_t0"]),
        [[1.0, 8.0], [np.nan, np.nan], [np.nan, np.nan]],
    )
    assert CONTRACT.encode([], ["opioid"]).shape == (0, 1)


def test_a_dictionary_survives_json_and_what_later_code_adds_is_passed_over() -> None:
    dictionary = CONTRACT.with_variables([OWN])
    written = json.loads(json.dumps(dictionary.to_list()))
    again = Dictionary.from_list([{**item, "colour": "blue"} for item in written])
    assert list(again) == list(dictionary)
