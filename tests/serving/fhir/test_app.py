from __future__ import annotations

import gc
import json
import logging
import time
from pathlib import Path

import pytest

from experiments.benchmarks.exports import make_export
from serving.estimate.predictor import Predictor
from serving.fhir.app import make_fhir_addresses
from serving.fhir.example import make_example_bundle
from serving.records.recorder import Suspended, make_recorder
from serving.records.settings import RecordSettings
from serving.web.app import make_app
from tests.serving.helpers.clients import Client
from tests.serving.helpers.fhir import bundle, find_invalid, observation, person
from tests.serving.helpers.models import make_loaded


def make_client(predictor, recorder=None):
    addresses = make_fhir_addresses(lambda: predictor, lambda: recorder)
    return Client(make_app(lambda: predictor, get_folder=lambda: Path(), more=[addresses]))


@pytest.fixture(scope="module")
def client(predictor):
    return make_client(predictor)


def test_a_bundle_is_answered_by_a_bundle(client, predictor):
    answer = client.post("/fhir/predict", json=make_example_bundle(predictor))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json"
    assert answer.headers["cache-control"] == "no-store"
    assert find_invalid(answer.json()) == []
    kinds = [entry["resource"]["resourceType"] for entry in answer.json()["entry"]]
    assert kinds == ["RiskAssessment", "OperationOutcome"]


@pytest.mark.parametrize(
    ("content", "expression"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[]", "Bundle"),
        (b"{}", "Bundle"),
        (b'{"resourceType": "Patient"}', "Bundle"),
        (b'{"resourceType": "Bundle"}', "Bundle.entry"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": 3}]}', "Bundle.entry"),
        (b'{"a": 1, "a": 2}', "a"),
        (b'{"resourceType": "Bundle", "entry": ' + b"[" * 5000, "body"),
    ],
)
def test_what_cannot_be_read_is_told_as_an_outcome(client, content, expression):
    answer = client.post("/fhir/predict", content=content)
    assert answer.status_code == 400
    assert find_invalid(answer.json()) == []
    (issue,) = answer.json()["issue"]
    assert (issue["severity"], issue["expression"]) == ("error", [expression])


def test_every_problem_is_listed(client):
    wrong = [person(birthDate="1.5.1980"), observation(11), observation(valueQuantity=None)]
    outcome = client.post("/fhir/predict", json=bundle(*wrong)).json()["entry"][1]["resource"]
    places = [place for issue in outcome["issue"] for place in issue.get("expression", ())]
    assert {
        "Bundle.entry[0].resource.birthDate",
        "Bundle.entry[1].resource.value",
        "Bundle.entry[2].resource.value",
    } <= set(places)


def test_values_that_contradict_each_other_are_refused_with_their_places(client):
    # Sick for longer than alive.
    young = person(birthDate="2005-01-01")
    sick = {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "128200000"}]},
        "onsetDateTime": "1990-01-01",
    }
    answer = client.post("/fhir/predict", json=bundle(young, sick))
    assert answer.status_code == 400
    (issue,) = answer.json()["issue"]
    assert issue["expression"] == ["Bundle.entry[1].resource.onset"]


@pytest.mark.parametrize(
    ("path", "accepted", "code", "word"),
    [
        ("/fhir/predict", "", "en", "Response to "),
        ("/fhir/predict?lang=nl", "de", "nl", "Respons op "),
        ("/fhir/predict", "de-CH", "de", "Ansprechen auf "),
    ],
)
def test_an_answer_comes_in_the_language_asked_for(client, predictor, path, accepted, code, word):
    example = make_example_bundle(predictor)
    answer = client.post(path, json=example, headers={"accept-language": accepted})
    assert answer.headers["content-language"] == code
    assert find_invalid(answer.json()) == []
    assessment, outcome = (entry["resource"] for entry in answer.json()["entry"])
    assert assessment["code"]["text"].startswith(word)
    assert len(outcome["issue"]) == 1  # what the model has no use for
    assert assessment["language"] == code
    plain = client.post("/fhir/predict", json=example).json()["entry"][0]["resource"]
    for one, other in zip(assessment["prediction"], plain["prediction"], strict=True):
        assert one["probabilityDecimal"] == other["probabilityDecimal"]


def test_the_questionnaire_asks_in_the_language_asked_for(client):
    told = client.get("/fhir/Questionnaire/ketresponse?lang=de").json()
    assert told["language"] == "de"
    assert told["item"][1]["text"] == "Der Patient"
    assert find_invalid(told) == []
    refused = client.post("/fhir/predict?lang=nl", content=b"{}").json()
    assert "een Bundle van FHIR R4 als JSON" in refused["issue"][0]["diagnostics"]


MOST_SECONDS = 0.3
"""Of the processor, for a record of 2,000 resources of which six are needed."""


def test_thousands_of_resources_take_little_time(client, predictor):
    needed = [entry["resource"] for entry in make_example_bundle(predictor)["entry"]]
    export = make_export(2000, needed)
    assert len(export["entry"]) == 2000
    content = json.dumps(export).encode()
    gc.freeze()  # as the service does
    taken = []
    for _ in range(5):
        began = time.process_time()
        answer = client.post("/fhir/predict", content=content)
        taken.append(time.process_time() - began)
    gc.unfreeze()
    assert len(answer.json()["entry"][0]["resource"]["prediction"]) == 2
    assert min(taken) < MOST_SECONDS


def test_an_export_is_as_synthea_writes_one(predictor):
    export = make_export(40, [person(), observation(id="pain")])
    assert find_invalid(export) == []
    assert len({entry["fullUrl"] for entry in export["entry"]}) == 40


class Full:
    """A recorder that may not answer now."""

    def check(self):
        raise Suspended("suspended by its reviewers")


def test_without_a_record_there_is_no_estimate(predictor):
    answer = make_client(predictor, Full()).post(
        "/fhir/predict", json=make_example_bundle(predictor)
    )
    assert answer.status_code == 503
    assert find_invalid(answer.json()) == []


def test_an_estimate_is_recorded_under_its_number_and_the_patients_id_is_not(predictor, tmp_path):
    environ = {
        "KETRESPONSE_RECORDS": str(tmp_path / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(tmp_path / "keys" / "records.key"),
    }
    recorder = make_recorder(predictor, RecordSettings.from_environ(environ))
    example = make_example_bundle(predictor)
    told = make_client(predictor, recorder).post("/fhir/predict?lang=nl", json=example).json()
    assessment = told["entry"][0]["resource"]
    (kept,) = recorder.store.read(pseudonym="example")  # the id of the example's Patient
    recorder.close()
    assert kept.request_id == assessment["identifier"][0]["value"] == assessment["id"]
    shares = [one["probabilityDecimal"] / 100 for one in assessment["prediction"]]
    assert shares == pytest.approx([*kept.probabilities.values()], abs=0.0005)
    assert kept.pseudonym != "example" and "patient_id" not in kept.inputs["patient"]
    assert kept.inputs["patient"]["nrs_t0"] == 6
    # What is kept is in English, whatever was asked for.
    assert "does not enter" in str(kept.answer)


def test_a_failure_says_nothing_of_the_patient(caplog):
    broken = Predictor(make_loaded())
    broken.predict = lambda *_, **__: 1 / 0
    with caplog.at_level(logging.DEBUG):
        answer = make_client(broken).post("/fhir/predict", json=make_example_bundle(broken))
    assert answer.status_code == 500
    assert find_invalid(answer.json()) == []
    assert "ZeroDivisionError" in caplog.text and "division" not in answer.text


def test_nothing_that_was_sent_is_logged(client, caplog):
    secret = "SECRET-NAME"
    content = bundle(person(name=[{"family": secret}], birthDate=secret), observation(secret))
    with caplog.at_level(logging.DEBUG):
        client.post("/fhir/predict", json=content)
        client.post("/fhir/predict", content=json.dumps(content)[:-5])
    assert secret not in caplog.text


def test_the_questionnaire_and_the_statement_can_be_read(client):
    for path in ("/fhir/Questionnaire/ketresponse", "/fhir/metadata"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/fhir+json"
        assert find_invalid(answer.json()) == []
    answer = client.get("/fhir/Questionnaire/another")
    assert answer.status_code == 404 and answer.json()["resourceType"] == "OperationOutcome"
