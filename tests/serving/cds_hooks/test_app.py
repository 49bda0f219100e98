from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import pytest
from starlette.applications import Starlette

from serving.cds_hooks.app import CdsDesk, make_cds_addresses
from serving.cds_hooks.settings import CdsSettings
from serving.estimate.predictor import Predictor
from serving.fhir.servers import FhirServers
from serving.records.recorder import Recorder
from serving.records.tasks import suspend
from tests.serving.helpers.clients import Client
from tests.serving.helpers.models import make_loaded
from tests.serving.helpers.record_systems import (
    PATIENT_ID,
    bundle,
    make_call,
    make_order,
    make_prefetch,
)
from tests.serving.records.conftest import START
from tests.serving.records.conftest import environ as environ
from tests.serving.records.conftest import settings as settings
from tests.serving.records.conftest import store as store
from training.store.artifact import LoadedModel

VIEW = "/cds-services/ketresponse-patient-view"


def make_client(predictor, recorder=None, **options):
    desk = CdsDesk(predictor, recorder, FhirServers(), **options)
    settings = CdsSettings(url="https://e.example/base")
    return Client(Starlette(routes=make_cds_addresses(lambda: desk, lambda: settings).routes))


@pytest.fixture
def client(predictor):
    return make_client(predictor)


def call(client, hook="patient-view", **changes):
    return client.post(f"/cds-services/ketresponse-{hook}", json=make_call(hook, **changes))


def count_cards(answer):
    assert answer.status_code == 200, answer.text
    return len(answer.json()["cards"])


def list_values(value):
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from list_values(one)
    else:
        yield value


@pytest.mark.parametrize("hook", ["patient-view", "order-select", "order-sign", "appointment-book"])
def test_a_patient_who_is_concerned_gets_one_card(client, predictor, hook):
    answer = call(client, hook)
    assert count_cards(answer) == 1
    (card,) = answer.json()["cards"]
    assert "of 100 such patients" in card["summary"]
    assert not {None, ""} & set(list_values(answer.json()))
    assert [link["url"] for link in card["links"]] == [
        "https://e.example/base/clinic",
        "https://e.example/base/card",
    ]
    assert {link["type"] for link in card["links"]} == {"absolute"}


def test_the_number_on_the_card_is_the_number_of_the_service(client, predictor):
    (card,) = call(client).json()["cards"]
    patient = {"nrs_t0": 8, "sex": "female", "disease_duration_years": 6.74}
    told = predictor.predict(patient, request_id="x")["estimates"][0]["probability"]
    assert f"about {100 * told:.0f} of 100" in card["summary"]


def test_whoever_is_not_concerned_gets_no_card(client):
    assert count_cards(call(client, prefetch=make_prefetch(crps=False))) == 0
    assert count_cards(call(client, prefetch={**make_prefetch(), "conditions": None})) == 0
    other = {"draftOrders": bundle(make_order(code="N02BE01"))}
    for hook in ("order-select", "order-sign"):
        assert count_cards(call(client, hook, context=other)) == 0
        crps_less = make_prefetch(crps=False)
        assert count_cards(call(client, hook, prefetch=crps_less)) == 0
    unchosen = {"selections": ["MedicationRequest/another"]}
    assert count_cards(call(client, "order-select", context=unchosen)) == 0


def test_a_condition_that_was_refuted_concerns_nobody(client):
    sent = make_prefetch()
    system = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    sent["conditions"]["entry"][0]["resource"]["verificationStatus"] = {
        "coding": [{"system": system, "code": "refuted"}]
    }
    assert count_cards(call(client, prefetch=sent)) == 0


def test_what_is_ordered_tells_whether_the_model_is_for_it(client):
    racemic = {"draftOrders": bundle(make_order(code="N01AX03"))}
    (card,) = call(client, "order-sign", context=racemic).json()["cards"]
    assert card["summary"].startswith("No estimate: outside what this model knows.")
    named = {"draftOrders": bundle(make_order("urn:local", "1", text="Esketamine infusion"))}
    (card,) = call(client, "order-sign", context=named).json()["cards"]
    assert "of 100 such patients" in card["summary"]
    assert "- Infusion drug: S-ketamine" in card["detail"]


def test_data_that_cannot_be_had_are_told_as_the_protocol_does(client):
    for prefetch in (None, {}, {"patient": make_prefetch()["patient"]}):
        answer = call(client, prefetch=prefetch)
        assert answer.status_code == 412
        assert "prefetch.conditions" in [one["variable"] for one in answer.json()["problems"]]
    # Whether they are needed is known first.
    other = {"draftOrders": bundle(make_order(code="N02BE01"))}
    assert count_cards(call(client, "order-sign", context=other, prefetch=None)) == 0


def test_a_bad_call_is_told_with_all_that_is_wrong(client):
    answer = client.post(VIEW, json={"hook": "x"})
    assert answer.status_code == 400
    assert len(answer.json()["problems"]) == 4
    other = make_prefetch(patient_id="2")
    answer = call(client, prefetch=other)
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["variable"] == "prefetch.patient"


def test_a_value_that_no_scale_has_is_told_and_no_number_given(client):
    (card,) = call(client, prefetch=make_prefetch(nrs=11)).json()["cards"]
    assert card["summary"].startswith("No estimate")
    assert "Not read from the record" in card["detail"]


def test_there_are_no_other_services(client):
    for path in ("", "/feedback"):
        assert client.post(f"/cds-services/other{path}", json=make_call()).status_code == 404
    answer = client.post(f"{VIEW}/feedback", json={"feedback": []})
    assert answer.status_code == 404 and "nothing is recorded" in answer.text
    assert client.get(VIEW).status_code == 405


@pytest.mark.parametrize(("wanted", "code"), [("nl-NL,en;q=0.5", "nl"), ("de", "de"), ("fr", "en")])
def test_cards_are_in_the_language_that_is_asked_for(client, wanted, code):
    body = json.dumps(make_call()).encode()
    answer = client.post(VIEW, content=body, headers={"accept-language": wanted})
    assert answer.headers["content-language"] == code
    assert "Accept-Language" in answer.headers["vary"]
    (card,) = answer.json()["cards"]
    assert ("Response" in card["summary"]) is (code == "en")
    # So is the page that it leads to.
    assert card["links"][0]["url"].partition("?lang=")[2] == ("" if code == "en" else code)


def test_what_a_study_says_in_its_languages_is_on_the_card(predictor):
    texts = {"de": {predictor.facts.population: "Erwachsene eines Zentrums"}}
    facts = replace(predictor.facts, texts=texts)
    loaded = LoadedModel(predictor.model, facts, predictor.digest)
    asked = json.dumps(make_call()).encode()
    told = make_client(Predictor(loaded)).post(
        VIEW, content=asked, headers={"accept-language": "de"}
    )
    assert "Erwachsene eines Zentrums" in told.json()["cards"][0]["detail"]


def test_a_page_that_can_be_launched_is_launched_from_the_card(predictor):
    client = make_client(predictor, launches=True)
    link = call(client).json()["cards"][0]["links"][0]
    assert (link["type"], link["url"]) == ("smart", "https://e.example/base/launch")


def test_no_card_leaves_before_its_estimate_is_recorded(predictor, store):
    recorder = Recorder(predictor, store)
    client = make_client(predictor, recorder)
    (card,) = call(client).json()["cards"]
    (kept,) = store.read(pseudonym=PATIENT_ID)
    assert kept.request_id == UUID(card["uuid"]).hex
    assert kept.inputs["patient"]["nrs_t0"] == 8
    call(client, prefetch=make_prefetch(crps=False))
    assert store.count()["estimates"] == 1
    given = {"card": card["uuid"], "outcome": "accepted", "outcomeTimestamp": "2026-11-27T09:30Z"}
    answer = client.post(f"{VIEW}/feedback", json={"feedback": [given]})
    assert (answer.status_code, answer.json()) == (200, {"recorded": 1})
    suspend(store.database, predictor.digest, by="x", reason="y", at=START)
    recorder._look()
    assert call(client).status_code == 503
    recorder.close()


def test_under_silent_evaluation_a_card_has_no_number():
    facts = {"status": "approved for silent evaluation only", "synthetic": False}
    answer = call(make_client(Predictor(make_loaded(facts=facts))))
    (card,) = answer.json()["cards"]
    assert card["summary"] == "No estimate is shown: silent evaluation."
    assert "like this one" not in card["detail"]


def test_a_record_with_much_of_no_use_gives_the_same_card(client, predictor):
    sent = make_prefetch()
    (one,) = sent["observations"]["entry"]
    other = {
        **one["resource"],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]},
    }
    many = [{"resource": {**other, "id": f"g{number}"}} for number in range(800)]
    sent["observations"] = {**sent["observations"], "entry": [*many, one]}
    (few,) = call(client).json()["cards"]
    (card,) = call(client, prefetch=sent).json()["cards"]
    assert {**card, "uuid": ""} == {**few, "uuid": ""}
