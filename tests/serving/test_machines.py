"""Requests by machines: whatever the API's document allows, and much that it does not."""

from __future__ import annotations

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from jsonschema_rs import validator_for
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving.process import start_server
from tests.serving.helpers.clients import PATIENCE
from tests.serving.helpers.models import PATIENT
from tests.serving.helpers.panels import make_loaded_with_panel
from training.store.artifact import save_model

pytestmark = pytest.mark.service

HOW_OFTEN = 60
"""Requests of each kind to each address that takes a body."""
FEW = 5
"""To each of the others, which can be asked for a language only."""
CDS = "/cds-services/{service}"
ABOUT_SOMEBODY = ("/outcomes", "/fhir/predict", CDS, f"{CDS}/feedback")
"""Whose outcomes or cards they are, that a Bundle holds one Patient, or that a call is of the hook
that its address is for, no document can tell."""
LED_AWAY = ("/launch", "/launch/back", "/arrived")
"""To a record system, and back from it: there is none here."""
ALWAYS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel") / "model"
    loaded = make_loaded_with_panel()
    save_model(folder, loaded.model, loaded.facts, loaded.panel)
    with start_server(folder, "demonstration", environ={"KETRESPONSE_CDS_TOKENS": "off"}) as url:
        yield url


@pytest.fixture(autouse=True)
def only_what_is_drawn(monkeypatch):
    """Let nothing but the API's document decide what is asked, so that every run asks the same.

    Hypothesis mixes in what stands in our own modules, as many as this process has loaded: that
    changes with every test that ran before, and with every line of code. No setting turns it off.
    """
    monkeypatch.setattr(providers, "_get_local_constants", Constants)
    providers.CONSTANTS_CACHE.cache.clear()
    yield
    providers.CONSTANTS_CACHE.cache.clear()


@pytest.fixture(scope="module")
def document(url):
    return httpx.get(f"{url}/docs.json", timeout=PATIENCE, trust_env=False).json()


def ask(url, operation, mode, checks):
    """Ask one address many things; return how often each status came."""
    statuses = []

    @settings(
        max_examples=HOW_OFTEN if operation.method == "post" else FEW,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case):
        answer = case.call(base_url=url, timeout=PATIENCE)
        statuses.append(answer.status_code)
        case.validate_response(answer, checks=checks(case))

    run()
    return statuses


def list_operations(document, method):
    found = [told.ok() for told in schemathesis.openapi.from_dict(document).get_all_operations()]
    return [operation for operation in found if operation.method == method]


def check_allowed(case):
    """Return what is checked; what no schema can tell is left out.

    A flag may contradict the codes, a sample have been taken after the infusion began.
    """
    body = case.body if isinstance(case.body, dict) else {}
    patient, panel = body.get("patient") or {}, body.get("panel") or {}
    contradicts = "medication_atc" in patient or {"sample_date", "infusion_start"} <= set(panel)
    return ALWAYS if contradicts else [*ALWAYS, positive_data_acceptance]


def test_what_the_document_allows_is_answered(url, document):
    for operation in [*list_operations(document, "get"), *list_operations(document, "post")]:
        if operation.path in LED_AWAY:
            ask(url, operation, GenerationMode.POSITIVE, lambda case: ALWAYS)
            continue
        if operation.path in ABOUT_SOMEBODY and operation.method == "post":
            statuses = ask(url, operation, GenerationMode.POSITIVE, lambda case: ALWAYS)
            # The document's own example is one that is answered.
            assert {400} <= set(statuses) <= {200, 400, 412}
        else:
            statuses = ask(url, operation, GenerationMode.POSITIVE, check_allowed)
            assert statuses.count(200) > 0.9 * len(statuses), operation.label
        assert len(statuses) == HOW_OFTEN or operation.method == "get"


def test_a_record_of_somebody_is_answered_in_the_form_that_the_document_tells(url, document):
    """Each generated Bundle is about one patient; what else is in it may be anything."""
    operation = next(
        found for found in list_operations(document, "post") if found.path == "/fhir/predict"
    )
    person = {"resourceType": "Patient", "id": "p1"}
    statuses = []

    @settings(
        max_examples=HOW_OFTEN,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def run(case):
        entries = case.body.get("entry") or []
        others = [
            one for one in entries if one["resource"]["resourceType"] not in ("Patient", "Bundle")
        ]
        case.body = {**case.body, "entry": [{"resource": person}, *others]}
        answer = case.call(base_url=url, timeout=PATIENCE)
        statuses.append(answer.status_code)
        case.validate_response(answer, checks=[*ALWAYS, positive_data_acceptance])

    run()
    assert set(statuses) == {200}


def test_what_it_does_not_allow_is_answered_in_the_form_that_it_tells(url, document):
    for operation in list_operations(document, "post"):
        statuses = ask(url, operation, GenerationMode.NEGATIVE, lambda case: ALWAYS)
        # Of a batch, each bad record has its own answer; and what people write is read too.
        assert set(statuses) <= {200, 400, 404, 412}
        assert statuses.count(400) > 0.25 * len(statuses), operation.label


BODIES = {
    "no panel": {"patient": {}, "panel": None},
    "a word for not detected": {"patient": {}, "panel": {"ct": {"hsa-miR-16-5p": "Undetermined"}}},
    "not measured": {"patient": {}, "panel": {"ct": {"hsa-miR-16-5p": [None, 21.5]}}},
    "a time": {"patient": PATIENT, "panel": {"ct": {"a": 20}, "sample_date": "2026-01-31T08:30"}},
    "codes": {"patient": {"medication_atc": "N02AX02;N02BE01"}},
    "no codes": {"patient": {"medication_atc": "none"}},
    "no wells": {"patient": {}, "panel": {"ct": {}}},
    "a panel of nothing": {"patient": {}, "panel": {}},
    "a panel that is a list": {"patient": {}, "panel": []},
    "a well without a name": {"patient": {}, "panel": {"ct": {"": 20}}},
    "too many cycles": {"patient": {}, "panel": {"ct": {"a": 61}}},
    "no date": {"patient": {}, "panel": {"ct": {"a": 20}, "sample_date": "2026-13-31"}},
    "no patient": {"patient": None},
    "no code": {"patient": {"medication_atc": "paracetamol"}},
    "another name": {"patient": {"nrs": 8}},
    "nothing": {},
}


@pytest.mark.parametrize("name", BODIES)
def test_document_and_service_agree_on_the_borders(url, document, name):
    schema = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    whole = {**schema["schema"], "components": document["components"]}
    allowed = validator_for(whole, validate_formats=True).is_valid(BODIES[name])
    answer = httpx.post(f"{url}/predict", json=BODIES[name], timeout=PATIENCE, trust_env=False)
    assert answer.status_code == (200 if allowed else 400), answer.text
