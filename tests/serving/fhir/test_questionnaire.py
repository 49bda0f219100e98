from __future__ import annotations

import pytest

from serving.estimate.predictor import Predictor
from serving.fhir.names import name_questionnaire
from serving.fhir.questionnaire import make_questionnaire
from tests.serving.helpers.fhir import find_invalid, quantity, read, response, texts
from tests.serving.helpers.models import ELIGIBLE, make_loaded

URL = name_questionnaire("demo-crps")


def list_items(questionnaire):
    return {item["linkId"]: item for group in questionnaire["item"] for item in group["item"]}


@pytest.mark.parametrize("horizons", [("t1",), ("t1", "t2")])
def test_it_is_valid_and_asks_all_that_the_model_uses(horizons):
    predictor = Predictor(make_loaded(horizons=horizons))
    told = make_questionnaire(predictor)
    assert find_invalid(told) == []
    assert {*predictor.model.predictors, *ELIGIBLE, "medication_atc"} <= set(list_items(told))


def test_an_item_is_what_the_dictionary_says(predictor):
    items = list_items(make_questionnaire(predictor))
    nrs = {part["url"].rpartition("/")[2]: part for part in items["nrs_t0"]["extension"]}
    assert (nrs["minValue"]["valueDecimal"], nrs["maxValue"]["valueDecimal"]) == (0, 10)
    assert nrs["questionnaire-unit"]["valueCoding"]["code"] == "{score}"
    assert items["nrs_t0"]["code"][0]["code"] == "72514-3"
    assert items["opioid"]["type"] == "boolean"
    assert items["course_number"]["type"] == "integer"
    words = [option["valueCoding"]["code"] for option in items["sex"]["answerOption"]]
    assert words == ["female", "male"]


def test_answers_fill_what_the_record_lacks(predictor):
    answers = {
        "setting": {"valueCoding": {"code": "elective"}},
        "opioid": {"valueBoolean": True},
        "course_number": {"valueInteger": 1},
        "disease_duration_years": {"valueDecimal": 3.5},
        "nrs_t0": {"valueQuantity": quantity(7, "{score}")},
        "drug": {"valueString": "s_ketamine"},
    }
    found = read(predictor, response(URL, answers))
    told = {name: found.patient[name] for name in answers}
    assert list(told.values()) == ["elective", True, 1, 3.5, 7, "s_ketamine"]
    assert found.paths["opioid"] == "Bundle.entry[1].resource.item[1].answer"


def test_answers_in_groups_are_found(predictor):
    inner = response(URL, {"setting": {"valueString": "emergency"}})["item"]
    found = read(predictor, response(f"{URL}|3", {}, item=[{"linkId": "scope", "item": inner}]))
    assert found.patient["setting"] == "emergency"


@pytest.mark.parametrize(
    "answer",
    [
        {"valueDate": "2026-01-01"},
        {"valueQuantity": quantity(7, "kg")},
        {"valueQuantity": {"unit": "{score}"}},
        {"valueDecimal": 11},
        {"valueDecimal": float("nan")},
        {"valueInteger": True},
        {"valueString": "much"},
        {"valueString": ["much"]},
    ],
)
def test_an_answer_that_cannot_be_used_is_told(predictor, answer):
    found = read(predictor, response(URL, {"nrs_t0": answer}))
    assert "nrs_t0" not in found.patient
    (issue,) = [issue for issue in found.problems if "item[0]" in "".join(issue.expressions)]
    assert issue.severity == "warning"


def test_two_answers_to_one_question_are_none(predictor):
    two = [{"linkId": "nrs_t0", "answer": [{"valueDecimal": 7}, {"valueDecimal": 8}]}]
    assert "nrs_t0" not in read(predictor, response(URL, {}, item=two)).patient


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"questionnaire": "https://records.example/Questionnaire/pain"}, False),
        ({"questionnaire": None}, False),
        ({"status": "entered-in-error"}, False),
        ({"status": "in-progress"}, True),
        ({"authored": None}, True),
        ({"subject": {"reference": "Patient/p2"}}, True),
    ],
)
def test_another_form_or_one_not_finished_is_not_read(predictor, changes, told):
    found = read(predictor, response(URL, {"nrs_t0": {"valueDecimal": 7}}, **changes))
    assert "nrs_t0" not in found.patient
    assert any("QuestionnaireResponse" in text for text in texts(found, "warning")) is told


def test_outcomes_and_unknown_names_are_no_answers(predictor):
    answers = {
        "nrs_t1": {"valueDecimal": 3},
        "pain": {"valueDecimal": 3},
        "patient_id": {"valueString": "x"},
    }
    found = read(predictor, response(URL, answers))
    assert {"nrs_t1", "pain"}.isdisjoint(found.patient)
    assert found.patient["patient_id"] == "p1"
