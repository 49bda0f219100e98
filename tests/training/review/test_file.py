"""A model on the desk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.errors import KetresponseError
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.review_cards import put_card
from tests.training.helpers.reviews import AUTHOR, FIRST, SECOND, make_case
from training.approval.case import Event
from training.review.file import compute_status, list_events, read_file
from training.store.artifact import read_facts
from training.store.registered import locate
from training.store.registry import register
from training.store.tracking import RunRecord, track_run


def test_a_file_holds_what_is_stored_and_what_the_log_says(tracking_uri: str) -> None:
    run_id = track_run(RunRecord("study"), tracking_uri=tracking_uri)
    facts = make_facts(synthetic=False, status="research")
    register(run_id, make_model(), facts, name="pilot", tracking_uri=tracking_uri)
    folder = locate("pilot", tracking_uri=tracking_uri)
    with pytest.raises(KetresponseError, match="there is no model card"):
        read_file("pilot", None, [], tracking_uri=tracking_uri)
    put_card(folder, *read_facts(folder))
    events = [
        Event(1, "2026-01-01T00:00:00+00:00", "open", "pilot:1", "anna", "ready"),
        Event(2, "2026-01-01T00:00:00+00:00", "open", "other:1", "anna", "ready"),
    ]
    file = read_file("pilot", None, events, tracking_uri=tracking_uri)
    assert (file.folder, file.facts.version, file.case.subject) == (folder, "1", "pilot:1")
    assert [event.number for event in file.case.events] == [1]
    assert file.case.digests.card == file.card.sha256
    assert [gate.number for gate in file.gates] == list(range(1, 13))
    assert (file.standing, file.status) == ("in review", "research")


def test_accounts_are_no_events_of_a_model() -> None:
    at = "2026-01-01T00:00:00+00:00"
    events = [Event(1, at, "account", "pilot:1", "x", ""), Event(2, at, "open", "pilot:1", "x", "")]
    assert [event.number for event in list_events(events, "pilot:1")] == [2]


def test_the_status_of_a_model_is_told_by_its_log() -> None:
    real = make_facts(synthetic=False, status="research")
    approved = make_case(("open", AUTHOR), ("approve", FIRST), ("approve", SECOND))
    assert compute_status(real, approved) == "approved"
    assert compute_status(real, replace(approved, deployable=False)).endswith("evaluation only")
    assert compute_status(real, make_case(("open", AUTHOR))) == "research"
    assert compute_status(real, make_case(("open", AUTHOR), ("refuse", FIRST))) == "refused"
    assert compute_status(make_facts(), approved) == "demonstration"
