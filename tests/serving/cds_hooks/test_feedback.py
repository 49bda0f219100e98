from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from serving.cds_hooks.feedback import MAX_FEEDBACK, take_feedback
from serving.cds_hooks.services import SERVICES
from serving.estimate.request import RequestError
from serving.records.feedback import read_feedback
from tests.serving.records.conftest import environ as environ
from tests.serving.records.conftest import make_estimates
from tests.serving.records.conftest import settings as settings
from tests.serving.records.conftest import store as store

SERVICE = SERVICES["ketresponse-order-sign"]
NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
def given(store):
    estimates = make_estimates(2)
    store.write(estimates)
    return [str(UUID(one.request_id)) for one in estimates]


def report(card, **changes):
    return {
        "card": card,
        "outcome": "accepted",
        "outcomeTimestamp": "2026-11-27T09:30:00Z",
        **changes,
    }


def take(store, *reports):
    body = json.dumps({"feedback": [*reports]}).encode()
    return take_feedback(store, SERVICE, body, caller="cds:ehr", at=NOW)


def test_what_became_of_a_card_is_kept_with_its_estimate(store, given):
    why = {"reason": {"code": "seen", "system": "https://e.example"}, "userComment": "known"}
    overridden = report(given[1], outcome="overridden", overrideReason=why, acceptedSuggestions=[])
    assert take(store, report(given[0]), overridden) == {"recorded": 2}
    first, second = read_feedback(store)
    assert first.request_id == UUID(given[0]).hex
    assert (first.caller, first.at) == ("cds:ehr", NOW)
    assert first.values == {
        "service": "ketresponse-order-sign",
        "outcome": "accepted",
        "outcomeTimestamp": "2026-11-27T09:30:00Z",
    }
    assert second.values["overrideReason"] == why


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"card": str(uuid4())}, "card"),
        ({"card": "x"}, "card"),
        ({"card": 5}, "card"),
        ({"outcome": "ignored"}, "outcome"),
        ({"outcome": ["accepted"]}, "outcome"),
        ({"outcomeTimestamp": "yesterday"}, "outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-11-27T09:30:00"}, "outcomeTimestamp"),
        ({"overrideReason": "x" * 5000}, "feedback"),
    ],
)
def test_all_of_a_report_is_taken_or_none(store, given, changes, column):
    with pytest.raises(RequestError) as caught:
        take(store, report(given[0]), {**report(given[1]), **changes})
    (problem,) = caught.value.problems
    assert (problem.column, problem.row) == (column, 2)
    assert read_feedback(store) == []


@pytest.mark.parametrize("reports", [[], [report("x")] * (MAX_FEEDBACK + 1), ["x"]])
def test_what_is_no_report_is_told(store, reports):
    with pytest.raises(RequestError, match="the feedback"):
        take(store, *reports)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"feedback": {}}', b"{}"])
def test_what_is_no_feedback_is_told(store, body):
    with pytest.raises(RequestError):
        take_feedback(store, SERVICE, body, caller="cds:ehr", at=NOW)
