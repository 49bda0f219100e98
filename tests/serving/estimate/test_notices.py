"""What a reader is told beside a number: each notice on either side of where it begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable, read_eligibility
from serving.estimate.notices import (
    PlainNotice,
    evidence_notices,
    list_reasons,
    model_notices,
    name_absence,
    reach_notices,
    record_notices,
    scope_notices,
    unused_notice,
)
from tests.serving.helpers.models import make_facts, make_model
from training.model.reach import Reach
from training.store.statements import stamp

PREDICTORS = CONTRACT.check_predictors(["nrs_t0", "disease_duration_years", "opioid"])
RANGES = {
    "nrs_t0": {"low": 2.0, "high": 9.5},
    "disease_duration_years": {"low": 0.5, "high": 30.0},
    "opioid": {"seen": ["no"]},
}
USUAL = {"nrs_t0": (4.0, 9.0), "disease_duration_years": (1.0, 12.5)}
COMPLETE = {"nrs_t0": 7.0, "disease_duration_years": 3.0, "opioid": 0.0}


APPROVED = {"status": "approved", "synthetic": False}


def tell(**changes):
    """Return (code, variable) of each notice about a record."""
    found = record_notices({**COMPLETE, **changes}, PREDICTORS, RANGES, usual=USUAL)
    return [(notice.code, notice.variable) for notice in found]


def text_of(code, **changes):
    found = record_notices({**COMPLETE, **changes}, PREDICTORS, RANGES, usual=USUAL)
    (text,) = [notice.text for notice in found if notice.code == code]
    return text


def test_a_complete_and_usual_record_has_nothing_to_tell():
    assert tell() == []


@pytest.mark.parametrize("name", list(COMPLETE))
def test_one_missing_value_is_told(name):
    assert tell(**{name: None}) == [("missing", name)]
    label = CONTRACT[name].label
    assert text_of("missing", **{name: None}) == (
        f"{label} is not known: the middle of the training patients is taken."
    )


def test_a_model_that_takes_every_value_says_so():
    found = record_notices(COMPLETE | {"opioid": None}, PREDICTORS, RANGES, usual=USUAL, fills=True)
    assert [notice.text for notice in found] == [
        f"{CONTRACT['opioid'].label} is not known: the estimate is the mean over the values it may "
        "have, as far as the others tell, and the interval is as much wider."
    ]


def test_every_missing_value_is_told():
    assert tell(nrs_t0=None, opioid=None) == [("missing", "nrs_t0"), ("missing", "opioid")]


def test_where_there_is_no_number_the_reasons_and_what_is_missing_are_all_there_is():
    reach = Reach(make_model(predictors=list(COMPLETE)), "fall2_or_success")
    assert reach_notices(COMPLETE, PREDICTORS, reach) == []
    found = reach_notices({"nrs_t0": 1.0}, PREDICTORS, reach)
    assert [(notice.code, notice.variable) for notice in found] == [
        ("cannot_be_met", "nrs_t0"),
        ("too_little_known", None),
        ("missing", "disease_duration_years"),
        ("missing", "opioid"),
    ]
    answer = {"applicability": {"notices": [notice._asdict() for notice in found]}}
    assert list_reasons(answer) == [notice.text for notice in found[:2]]
    assert (
        name_absence(answer)
        == "No estimate: the score before treatment leaves no room for this outcome"
    )
    some = {"applicability": {"notices": [{"code": "rare", "text": "x", "variable": None}]}}
    assert (list_reasons(some), name_absence(some)) == ([], "")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.9, "outside_training"),
        (2.0, "rare"),
        (3.9, "rare"),
        (4.0, None),
        (9.0, None),
        (9.1, "rare"),
        (9.5, "rare"),
        (9.6, "outside_training"),
    ],
)
def test_where_a_number_is_outside_training_and_where_it_is_rare(value, code):
    assert tell(nrs_t0=value) == ([] if code is None else [(code, "nrs_t0")])


def test_bounds_and_unit_are_told_and_the_value_is_not():
    assert text_of("outside_training", nrs_t0=1.25) == (
        "Pain before treatment (NRS) lies outside what the model has seen (2 to 9.5 points): the "
        "nearest value seen is used."
    )
    assert text_of("rare", disease_duration_years=24.0) == (
        "Duration of the pain disease: hardly any patient of the model's cohort was like that (95 "
        "in 100 lay between 1 and 12.5 years). Check the entry; if it is right, the number may be "
        "less sure than its interval says."
    )


def test_a_rare_value_without_a_unit_is_only_to_be_checked():
    score = declare_variable(
        "score", {"kind": "number", "known_at": "baseline", "low": 0, "high": 50}
    )
    (notice,) = record_notices({"score": 3.0}, [score], {}, usual={"score": (5.0, 40.0)})
    assert "(95 in 100 lay between 5 and 40). Check the entry" in notice.text


def test_an_answer_that_nobody_in_training_gave_is_told():
    assert tell(opioid=1.0) == [("outside_training", "opioid")]
    assert "no patient of the training cohort had this answer" in text_of(
        "outside_training", opioid=1.0
    )


def test_without_ranges_nothing_is_outside_them():
    assert record_notices(COMPLETE | {"nrs_t0": 0.0}, PREDICTORS, {}, usual={}) == []


def test_what_the_model_does_not_use_is_named():
    notice = unused_notice(CONTRACT["weight_kg"])
    assert (notice.code, notice.variable) == ("unused", "weight_kg")
    assert notice.text == f"{CONTRACT['weight_kg'].label} does not enter this estimate."


def test_each_entry_rule_that_could_not_be_checked_is_a_notice():
    rules = read_eligibility({"age_years": {"min": 18}, "setting": "elective"})
    age, setting = scope_notices(["age_years", "setting"], rules, CONTRACT)
    assert age == PlainNotice(
        "eligibility_unknown",
        "Age is not given: the model is only for: at least 18 years.",
        "age_years",
    )
    assert setting.variable == "setting"
    assert "only for: elective" in setting.text
    assert scope_notices([], rules, CONTRACT) == []


@pytest.mark.parametrize(
    ("record", "variable", "told"),
    [
        ({"nrs_t0": 4.9}, "nrs_t0", True),
        ({"nrs_t0": 5.0}, "nrs_t0", False),
        ({"nrs_t0": None}, "nrs_t0", False),
        ({"strong_opioid": 1.0}, "strong_opioid", True),
        ({"strong_opioid": 0.0}, "strong_opioid", False),
        ({"crps_type": 1.0}, "crps_type", True),
        ({"crps_type": 0.0}, "crps_type", False),
        ({"crps_type": None}, "crps_type", False),
        ({"disease_duration_years": 0.49}, "disease_duration_years", True),
        ({"disease_duration_years": 0.5}, "disease_duration_years", False),
    ],
)
def test_who_the_published_patients_were_is_told_where_a_patient_differs(record, variable, told):
    found = [(notice.code, notice.variable) for notice in evidence_notices(record, CONTRACT)]
    assert found == ([("outside_evidence", variable)] if told else [])


def test_a_stamp_comes_first_and_notes_last():
    model = make_model()
    facts = make_facts(model, notes=["No external validation."])
    assert model_notices(model, facts, ["Gate 9 waived"]) == [
        PlainNotice("demonstration", stamp("demonstration")),
        PlainNotice("waived_gate", "Gate 9 waived"),
        PlainNotice("note", "No external validation."),
    ]
    assert model_notices(model, replace(facts, notes=[], **APPROVED)) == []


def test_a_constant_model_is_told_once_whether_or_not_the_kept_share_is_constant_too():
    model = make_model(constant=True)
    assert [n.code for n in model_notices(model, make_facts(model, **APPROVED))] == [
        "prevalence_only"
    ]
    first = make_model()
    half = replace(first, kept=model.kept)
    assert [n.code for n in model_notices(half, make_facts(half, **APPROVED))] == ["kept_constant"]
    alone = make_model(horizons=("t1",))
    assert model_notices(alone, make_facts(alone, **APPROVED)) == []


def test_the_variables_of_a_study_are_named():
    own = declare_variable("mood", {"kind": "yes_no", "known_at": "baseline", "label": "Low mood"})
    model = make_model(predictors=("nrs_t0", "mood"), dictionary=CONTRACT.with_variables([own]))
    (notice,) = model_notices(model, make_facts(model, **APPROVED))
    assert notice._asdict() == {
        "code": "study_variables",
        "text": "Measured in this study's own way: Low mood.",
        "variable": None,
    }
