from __future__ import annotations

from xml.etree import ElementTree

import pytest

from serving.estimate.predictor import Predictor
from serving.estimate.silence import withhold
from serving.fhir.assessment import make_assessment, tell_notices
from serving.fhir.issues import make_outcome
from tests.serving.helpers.fhir import (
    NOW,
    condition,
    find_invalid,
    observation,
    person,
    read,
    statement,
)
from tests.serving.helpers.models import make_loaded
from training.store.statements import make_statements
from training.store.statuses import SILENT_APPROVAL

NUMBER = "0" * 32


def ask(predictor, *resources):
    found = read(predictor, *resources)
    answer = withhold(
        predictor, predictor.predict(found.patient, request_id=NUMBER, panel=found.panel)
    )
    return found, answer, make_assessment(predictor, found, answer, now=NOW)


WHOLE = (person(), condition(), observation(id="pain"), statement(id="tramadol"))


def test_a_probability_is_a_percentage(predictor):
    _, answer, told = ask(predictor, *WHOLE)
    for estimate, prediction in zip(answer["estimates"], told["prediction"], strict=True):
        percent = prediction["probabilityDecimal"]
        assert percent == pytest.approx(100 * estimate["probability"], abs=0.05)
        assert 1 < percent <= 100
        interval = prediction["extension"][0]["valueRange"]
        assert interval["low"]["value"] <= percent <= interval["high"]["value"]
        assert "probabilityRange" not in prediction
        assert prediction["outcome"]["text"] == estimate["outcome"]


def test_it_is_valid_r4(predictor):
    found, answer, told = ask(predictor, *WHOLE)
    assert find_invalid(told) == []
    assert find_invalid(make_outcome([*found.problems, *tell_notices(answer, found.paths)])) == []


def test_the_validators_find_what_is_wrong(predictor):
    _, _, told = ask(predictor, *WHOLE)
    for wrong in (
        {"probability": 48},
        {"status": None},
        {"subject": "Patient/p1"},
        {"prediction": [{"probabilityDecimal": "48%"}]},
        {"prediction": [{"probabilityDecimal": 48, "probabilityRange": {}}]},
    ):
        assert find_invalid({**told, **wrong}) != []


def test_it_says_on_what_it_rests_and_how_it_was_made(predictor):
    _, _, told = ask(predictor, *WHOLE)
    assert {
        basis["reference"]: basis["display"] for basis in told["basis"] if "reference" in basis
    } == {
        "Patient/p1": "Age, Sex",
        "Condition/crps": "CRPS type, Duration of the pain disease",
        "Observation/pain": "Pain before treatment (NRS)",
        "MedicationStatement/tramadol": "Pain co-medication (ATC codes)",
    }
    assert told["method"]["coding"][0]["code"] == "demo-crps:3"
    assert told["condition"] == {"reference": "Condition/crps"}
    assert told["subject"] == {"reference": "Patient/p1"}
    assert told["contained"][0]["version"] == [{"value": "3"}]
    assert told["identifier"][0]["value"] == NUMBER


def test_the_words_that_must_stand_stand_on_it(predictor):
    _, _, told = ask(predictor, *WHOLE)
    notes = [note["text"] for note in told["note"]]
    assert set(make_statements(predictor.facts)) <= set(notes)
    narrative = "".join(ElementTree.fromstring(told["text"]["div"]).itertext())
    for note in notes:
        assert note in narrative


@pytest.mark.parametrize(
    ("status", "word"),
    [("demonstration", "preliminary"), ("research", "preliminary"), ("approved", "final")],
)
def test_what_is_not_approved_is_preliminary(status, word):
    predictor = Predictor(
        make_loaded(facts={"status": status, "synthetic": status == "demonstration"})
    )
    assert ask(predictor, *WHOLE)[2]["status"] == word


def test_out_of_scope_there_is_no_number_but_the_reason(predictor):
    found, answer, told = ask(predictor, person(birthDate="2015-01-01"), condition())
    assert "prediction" not in told
    notes = [note["text"] for note in told["note"]]
    assert notes[:2] == ["There is no estimate.", "Age must be at least 18 years."]
    (issue,) = [one for one in tell_notices(answer, found.paths) if one.notice == "out_of_scope"]
    assert issue.severity == "warning"
    assert issue.expressions == ("Bundle.entry[0].resource.birthDate",)
    assert find_invalid(told) == []


def test_what_is_withheld_is_not_told_here_either():
    predictor = Predictor(make_loaded(facts={"status": SILENT_APPROVAL, "synthetic": False}))
    found, answer, told = ask(predictor, *WHOLE)
    assert "prediction" not in told
    assert "recorded for evaluation" in told["note"][1]["text"]
    assert any(issue.notice == "recorded" for issue in tell_notices(answer, found.paths))
    numbers = [
        f"{100 * e['probability']:.1f}"
        for e in predictor.predict(found.patient, request_id="")["estimates"]
    ]
    assert not any(number in str(told) for number in numbers)


def test_a_patient_without_a_name_is_still_the_patient(predictor):
    _, _, told = ask(predictor, {"resourceType": "Patient", "gender": "male"})
    assert told["subject"] == {"type": "Patient", "display": "The Patient that was sent"}
    assert find_invalid(told) == []


def test_names_are_text_and_nothing_else():
    predictor = Predictor(make_loaded(facts={"population": "<b>adults</b> & others"}))
    _, _, told = ask(predictor, *WHOLE)
    assert "<b>" not in told["text"]["div"]
    ElementTree.fromstring(told["text"]["div"])
