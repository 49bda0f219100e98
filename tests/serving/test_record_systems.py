"""Record systems over HTTP, as the public sandbox of CDS Hooks calls from a browser's page.

It asks beforehand (a preflight without a token), signs a token for each address that it calls, and
sends what it has fetched of the record.
"""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest

from serving.process import start_server
from serving.records.feedback import read_feedback
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from serving.records.upkeep import delete_patient, export_patient
from tests.serving.helpers.clients import PATIENCE
from tests.serving.helpers.issuers import running_issuer
from tests.serving.helpers.record_systems import PATIENT_ID, make_call, make_prefetch, sign
from tests.serving.records.conftest import START

pytestmark = pytest.mark.service

BASE = "https://estimates.clinic.example"
ORIGIN = "https://sandbox.cds-hooks.org"
VIEW = "/cds-services/ketresponse-patient-view"


@pytest.fixture(scope="module")
def sandbox():
    with running_issuer() as issuer:
        issuer.add("rs", "RS384")
        yield issuer


@pytest.fixture(scope="module")
def environ(sandbox, tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    return {
        "KETRESPONSE_RECORDS": str(folder / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(folder / "keys" / "records.key"),
        "KETRESPONSE_URL": BASE,
        "KETRESPONSE_CDS_ISSUERS": f"{sandbox.url}={sandbox.url}/keys",
        "KETRESPONSE_CDS_ORIGINS": ORIGIN,
    }


@pytest.fixture(scope="module")
def model(save):
    return save()


@pytest.fixture(scope="module")
def service(model, environ, tmp_path_factory):
    log = tmp_path_factory.mktemp("service") / "log.txt"
    with start_server(model, "demonstration", log=log, environ=environ) as url:
        yield url, log


@pytest.fixture
def http(service):
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site", "Accept": "application/json"}
    with httpx.Client(
        base_url=service[0], headers=headers, timeout=PATIENCE, trust_env=False
    ) as client:
        yield client


def call(http, sandbox, path=VIEW, *, token=None, body=None, **options):
    word = token or sign(sandbox, f"{BASE}{path}", **options)
    headers = {"Authorization": f"Bearer {word}"}
    return http.post(path, json=body or make_call(), headers=headers)


def test_a_sandbox_finds_the_services_and_gets_a_card(http, sandbox):
    listed = http.get("/cds-services", headers={"Authorization": f"Bearer {sign(sandbox, 'x')}"})
    assert listed.status_code == 200
    assert listed.headers["access-control-allow-origin"] == ORIGIN
    assert VIEW.endswith(listed.json()["services"][0]["id"])
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    before = http.options(VIEW, headers=asked)
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == ORIGIN
    for kid, algorithm in (("ec384", "ES384"), ("rs", "RS384")):
        answer = call(http, sandbox, kid=kid, algorithm=algorithm)
        assert answer.status_code == 200, answer.text
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "of 100 such patients" in answer.json()["cards"][0]["summary"]


def test_whoever_cannot_show_who_they_are_gets_nothing(http, sandbox):
    for answer in (
        http.post(VIEW, json=make_call()),
        call(http, sandbox, kid="ec", algorithm="ES256"),
        call(http, sandbox, aud=f"{BASE}/cds-services"),
        call(http, sandbox, iss="https://ehr.example"),
        http.post(f"{VIEW}/feedback", json={"feedback": []}),
    ):
        assert answer.status_code == 401, answer.text
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_a_page_of_another_site_may_not_ask_even_with_a_token(http, sandbox):
    token = sign(sandbox, f"{BASE}{VIEW}")
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}
    assert http.post(VIEW, json=make_call(), headers=headers).status_code == 403
    word = sign(sandbox, f"{BASE}/predict")
    answer = http.post(
        "/predict", json={"patient": {}}, headers={"Authorization": f"Bearer {word}"}
    )
    assert answer.status_code == 403


def test_a_card_can_be_reported_on_and_goes_with_its_patient(http, sandbox, environ):
    body = make_call(
        prefetch=make_prefetch(patient_id="feedback"), context={"patientId": "feedback"}
    )
    (card,) = call(http, sandbox, body=body).json()["cards"]
    report = {
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {"userComment": "Qvarnstroem"},
        "outcomeTimestamp": "2026-11-27T09:30:00Z",
    }
    answer = call(http, sandbox, f"{VIEW}/feedback", body={"feedback": [report]})
    assert (answer.status_code, answer.json()) == (200, {"recorded": 1})
    store = open_store(RecordSettings.from_environ(environ))
    found = export_patient(store, "feedback")
    assert found["feedback"][0]["values"]["overrideReason"] == {"userComment": "Qvarnstroem"}
    assert found["feedback"][0]["caller"] == f"cds:{sandbox.url}"
    assert found["estimates"][0]["request_id"] == UUID(card["uuid"]).hex
    delete_patient(store, "feedback", by="ann", reason="asked for it", at=START)
    assert read_feedback(store, [UUID(card["uuid"]).hex]) == []
    store.close()


def test_nothing_of_a_call_is_logged(http, sandbox, service):
    body = make_call(prefetch=make_prefetch(crps=False), context={"userId": "Qvarnstroem/1"})
    token = sign(sandbox, f"{BASE}{VIEW}")
    assert call(http, sandbox, token=token, body=body).json() == {"cards": []}
    assert call(http, sandbox, body={**body, "prefetch": None}).status_code == 412
    log = service[1].read_text()
    for word in ("Qvarnstroem", PATIENT_ID, token, token.split(".")[1]):
        assert word not in log


def test_a_token_is_taken_once_by_all_services_on_a_store(http, sandbox, model, environ):
    """As after a restart, or behind one name: the address that is told is the same."""
    token = sign(sandbox, f"{BASE}{VIEW}")
    assert [call(http, sandbox, token=token).status_code for _ in range(2)] == [200, 401]
    with start_server(model, "demonstration", environ=environ) as url:
        with httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as other:
            assert call(other, sandbox, token=token).status_code == 401
            assert call(other, sandbox).status_code == 200
