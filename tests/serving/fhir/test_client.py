"""A client that others wrote, HL7's SMART client for Python, asks a running service."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from experiments.benchmarks.exports import make_export
from serving.fhir.names import name_questionnaire
from tests.serving.helpers.fhir import (
    condition,
    find_invalid,
    observation,
    person,
    response,
    statement,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fhirclient import client
    from fhirclient.models.bundle import Bundle
    from fhirclient.models.operationoutcome import OperationOutcome
    from fhirclient.models.questionnaire import Questionnaire
    from fhirclient.models.riskassessment import RiskAssessment
    from fhirclient.server import FHIRServer

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def http(server):
    with httpx.Client(base_url=server[0], trust_env=False, timeout=30) as http:
        yield http


@pytest.fixture(scope="module")
def smart(server):
    smart = client.FHIRClient(settings={"app_id": "tests", "api_base": f"{server[0]}/fhir/"})
    smart.server.session.trust_env = False
    smart.prepare()
    assert isinstance(smart.server, FHIRServer)
    return smart


def make_record(**changes):
    """Return what an estimate rests on, its times seen from today."""
    now = datetime.now(UTC)
    week = (now - timedelta(days=7)).isoformat(timespec="seconds")
    answers = {
        "setting": {"valueCoding": {"code": "elective"}},
        "drug": {"valueCoding": {"code": "s_ketamine"}},
        "route": {"valueCoding": {"code": "intravenous"}},
        "concurrent_infusion_drug": {"valueCoding": {"code": "none"}},
        "course_number": {"valueInteger": 1},
    }
    questionnaire = response(name_questionnaire("demo-crps"), answers, id="q", authored=week)
    return [
        person(**changes),
        condition(),
        observation(id="pain", effectiveDateTime=week),
        statement(id="tramadol"),
        questionnaire,
    ]


def test_the_client_reads_what_the_service_can_do(smart):
    told = smart.server.capabilityStatement
    assert told.fhirVersion == "4.0.1"
    assert [one.type for one in told.rest[0].resource] == ["Questionnaire"]


def test_the_client_reads_the_questionnaire(smart):
    questionnaire = Questionnaire.read("ketresponse", smart.server)
    assert questionnaire.url == name_questionnaire("demo-crps")
    names = [item.linkId for group in questionnaire.item for item in group.item]
    assert {"nrs_t0", "disease_duration_years", "opioid"} <= set(names)


def test_the_client_has_its_record_of_thousands_of_resources_answered(smart, http):
    sent = Bundle(make_export(2000, make_record()))
    told = Bundle(smart.server.post_json("predict", sent.as_json()).json())
    assessment, outcome = (entry.resource for entry in told.entry)
    assert isinstance(assessment, RiskAssessment) and isinstance(outcome, OperationOutcome)
    today = datetime.now(UTC)
    patient = {
        "age_years": today.year - 1980 - ((today.month, today.day) < (5, 1)),
        "sex": "female",
        "nrs_t0": 8,
        "medication_atc": "N02AX02",
        "setting": "elective",
        "drug": "s_ketamine",
        "route": "intravenous",
        "concurrent_infusion_drug": "none",
        "course_number": 1,
        "crps_type": "1",
        "disease_duration_years": (today - datetime(2023, 5, 28, tzinfo=UTC)).days / 365.25,
    }
    plain = http.post("/predict", json={"patient": patient}).json()
    for prediction, estimate in zip(assessment.prediction, plain["estimates"], strict=True):
        # The same patient, the same number: per cent of one, a share of the other.
        assert prediction.probabilityDecimal == pytest.approx(
            100 * estimate["probability"], abs=0.06
        )
    assert {basis.reference for basis in assessment.basis} >= {"urn:uuid:pain", "urn:uuid:tramadol"}
    assert {issue.severity for issue in outcome.issue} == {"information"}
    assert find_invalid(told.as_json()) == []


def test_the_client_is_told_what_is_wrong(smart):
    answer = smart.server.session.post(
        f"{smart.server.base_uri}predict", json={"resourceType": "Bundle", "type": "collection"}
    )
    assert answer.status_code == 400
    assert OperationOutcome(answer.json()).issue[0].expression == ["Bundle.entry"]


def test_out_of_scope_the_client_gets_the_reason_and_no_number(smart):
    record = make_record(birthDate=datetime.now(UTC).date().replace(day=1).isoformat())
    del record[1]["onsetDateTime"]
    sent = {"resourceType": "Bundle", "type": "collection"}
    sent["entry"] = [{"resource": resource} for resource in record]
    told = Bundle(smart.server.post_json("predict", sent).json())
    assessment, outcome = (entry.resource for entry in told.entry)
    assert assessment.prediction is None
    assert "Age must be at least 18" in assessment.note[1].text
    assert "out_of_scope" in {
        coding.code for issue in outcome.issue for coding in issue.details.coding or ()
    }


def test_nothing_of_a_record_is_in_the_log(http, server):
    secret = "SECRET-NAME"
    record = make_record(name=[{"family": secret}], id=secret)
    content = {"resourceType": "Bundle", "entry": [{"resource": one} for one in record]}
    http.post("/fhir/predict", json=content, headers={"content-type": "application/fhir+json"})
    http.post(
        "/fhir/predict", json={**content, "entry": [*content["entry"], {"resource": record[0]}]}
    )
    http.get(f"/fhir/Questionnaire/{secret}")
    assert secret not in server[1].read_text()
