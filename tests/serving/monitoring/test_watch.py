from __future__ import annotations

import pytest

from serving.monitoring import watch
from serving.monitoring.watch import look_at, tell_reviewers
from serving.records.tasks import close_task, find_suspension, list_tasks
from serving.records.upkeep import delete_old, delete_patient
from tests.serving.monitoring.recorded import AFTER, make_store, record_course

FALLS = [True, False, True, True, False, True] + [False] * 14


@pytest.fixture
def store(tmp_path):
    store = make_store(tmp_path)
    yield store
    store.close()


def test_a_crossed_limit_becomes_a_task_once_even_when_it_was_closed(store, predictor):
    record_course(store, predictor, FALLS)
    watched = look_at(store, predictor, now=AFTER)
    (alarm,) = tell_reviewers(store, watched, now=AFTER)
    (task,) = list_tasks(store.database, predictor.digest)
    assert (task.kind, task.text) == (alarm.kind, alarm.text)
    close_task(store.database, task.id, by="berta", comment="a new outcome form", at=AFTER)
    assert tell_reviewers(store, look_at(store, predictor, now=AFTER), now=AFTER) == []
    assert len(watched.found.alarms) > 1  # it went on, and was one task
    assert find_suspension(store.database, predictor.digest) is None


def test_a_model_is_suspended_where_that_is_asked(store, predictor):
    record_course(store, predictor, FALLS)
    tell_reviewers(store, look_at(store, predictor, now=AFTER), now=AFTER, suspends=True)
    found = find_suspension(store.database, predictor.digest)
    assert found is not None
    assert found.reason.startswith("Fewer respond than estimated (T1)")
    assert look_at(store, predictor, now=AFTER).suspended == found.reason


def test_a_look_that_is_broken_off_has_suspended_or_asks_again(store, predictor, monkeypatch):
    record_course(store, predictor, FALLS)
    watched = look_at(store, predictor, now=AFTER)

    def break_off(*args: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(watch, "open_task", break_off)
        with pytest.raises(KeyboardInterrupt):
            tell_reviewers(store, watched, now=AFTER, suspends=True)
    assert find_suspension(store.database, predictor.digest) is not None
    assert len(tell_reviewers(store, watched, now=AFTER, suspends=True)) == 1
    assert len(list_tasks(store.database, predictor.digest)) == 1


def test_records_that_were_deleted_for_their_age_are_told(store, predictor):
    record_course(store, predictor, [True] * 6)
    delete_patient(store, "P0001", by="berta", reason="asked for it", at=AFTER)
    assert look_at(store, predictor, now=AFTER).remarks == ()
    delete_old(store, 575, by="the service", at=AFTER)  # those of the first weeks
    watched = look_at(store, predictor, now=AFTER)
    assert 0 < watched.found.requests < 5
    assert [text[:24] for text in watched.remarks] == ["Old records were deleted"]


def test_nothing_crossed_is_no_task_and_no_suspension(store, predictor):
    record_course(store, predictor, [True, True, False] * 5)
    watched = look_at(store, predictor, now=AFTER)
    assert tell_reviewers(store, watched, now=AFTER, suspends=True) == []
    assert list_tasks(store.database) == []
    assert find_suspension(store.database, predictor.digest) is None
