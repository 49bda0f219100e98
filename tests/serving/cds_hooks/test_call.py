from __future__ import annotations

import pytest

from serving.cds_hooks.call import is_had, parse_call
from serving.cds_hooks.services import SERVICES
from serving.estimate.request import RequestError
from tests.serving.helpers.record_systems import PATIENT_ID, bundle, encode, make_call, make_order

VIEW, SELECT, SIGN, BOOK = (
    SERVICES[f"ketresponse-{hook}"]
    for hook in ("patient-view", "order-select", "order-sign", "appointment-book")
)


def test_a_call_says_of_whom_and_with_what():
    call = parse_call(VIEW, encode(make_call()))
    assert call.patient_id == PATIENT_ID
    assert call.prefetch["requests"] is None
    assert call.prefetch["patient"]["id"] == PATIENT_ID
    assert (call.orders, call.server, call.token) == ([], "", "")
    assert parse_call(BOOK, encode(make_call("appointment-book"))).orders == []


def test_what_was_not_had_is_not_what_there_is_none_of():
    sent = {**make_call()["prefetch"], "observations": {"resourceType": "OperationOutcome"}}
    del sent["conditions"]
    call = parse_call(VIEW, encode(make_call(prefetch=sent)))
    assert "observations" not in call.prefetch and "conditions" not in call.prefetch
    assert call.prefetch["requests"] is None
    assert parse_call(VIEW, encode(make_call(prefetch=None))).prefetch == {}


def test_of_orders_that_are_being_written_the_chosen_ones_count():
    other = {**make_order(code="N02BE01"), "id": "draft-2"}
    medicine = {"resourceType": "Medication", "id": "m"}
    drafts = {"draftOrders": bundle(make_order(), other, medicine)}
    chosen = parse_call(SELECT, encode(make_call("order-select", context=drafts)))
    assert [one["id"] for one in chosen.orders] == ["draft-1"]
    signed = parse_call(SIGN, encode(make_call("order-sign", context=drafts)))
    assert [one["id"] for one in signed.orders] == ["draft-1", "draft-2", "m"]
    assert signed.medications == [medicine]


def test_the_server_of_a_record_system_and_its_token():
    more = {
        "fhirServer": "https://ehr.example/r4/",
        "fhirAuthorization": {"access_token": "opaque"},
    }
    call = parse_call(VIEW, encode(make_call(**more)))
    assert (call.server, call.token) == ("https://ehr.example/r4", "opaque")
    assert "opaque" not in repr(call)


WRONG = {
    "hook": {"hook": "order-sign"},
    "hookInstance": {"hookInstance": "1"},
    "context.patientId": {"context": {"patientId": "../Patient/1"}},
    "context.userId": {"context": {"userId": ""}},
    "prefetch": {"prefetch": []},
    "fhirServer": {"fhirAuthorization": {"access_token": "x"}},
    "fhirAuthorization": {"fhirServer": "https://e.example", "fhirAuthorization": {}},
}


@pytest.mark.parametrize("column", WRONG)
def test_what_is_wrong_is_named(column):
    with pytest.raises(RequestError) as caught:
        parse_call(VIEW, encode(make_call(**WRONG[column])))
    assert [problem.column for problem in caught.value.problems] == [column]


def test_everything_that_is_wrong_is_named_at_once():
    with pytest.raises(RequestError) as caught:
        parse_call(SELECT, b'{"context": []}')
    assert [problem.column for problem in caught.value.problems] == [
        "hook",
        "hookInstance",
        "context.patientId",
        "context.userId",
        "context.draftOrders",
        "context.selections",
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"hook": "a", "hook": "b"}'])
def test_what_is_no_call_is_told(body):
    with pytest.raises(RequestError):
        parse_call(VIEW, body)


@pytest.mark.parametrize(
    ("sent", "had"),
    [(None, True), (bundle(), True), ({"resourceType": 5}, False), ([], False), ({}, False)],
)
def test_only_resources_and_nothing_at_all_are_had(sent, had):
    assert is_had(sent) is had
