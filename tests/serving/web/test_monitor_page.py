from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import KetresponseError
from serving.monitoring.watch import look_at, tell_reviewers
from serving.records.database import RecordsUnavailable
from serving.records.recorder import Recorder
from serving.records.tasks import close_task, list_tasks, suspend
from serving.web.app import make_app
from tests.serving.helpers.clients import Client
from tests.serving.monitoring.recorded import AFTER, make_store, record_course
from training.document.document import COUNTS_ONLY

FALLS = [True, False, True, True, False, True] + [False] * 14


@pytest.fixture
def store(tmp_path):
    store = make_store(tmp_path)
    yield store
    store.close()


def open_page(predictor, store):
    recorder = None if store is None else Recorder(predictor, store)
    app = make_app(lambda: predictor, get_folder=lambda: Path(), get_recorder=lambda: recorder)
    return Client(app).get("/monitor")


def test_the_page_shows_what_was_found_and_what_is_asked(store, predictor):
    record_course(store, predictor, FALLS)
    tell_reviewers(store, look_at(store, predictor, now=AFTER), now=AFTER)
    answered = open_page(predictor, store)
    assert answered.status_code == 200
    (task,) = list_tasks(store.database)
    assert task.text[:40] in answered.text
    assert ">open<" in answered.text
    assert "<img" not in answered.text
    assert "charts show outcomes one by one" not in answered.text
    assert COUNTS_ONLY in answered.text
    close_task(store.database, task.id, by="berta", comment="a <new> form", at=AFTER)
    text = open_page(predictor, store).text
    assert "by berta: a &lt;new&gt; form" in text
    assert ">open<" not in text


def test_with_nothing_recorded_yet_it_says_so(store, predictor):
    text = open_page(predictor, store).text
    assert "Nothing so far." in text
    assert "Too few to say" in text


@pytest.mark.parametrize("kind", [RecordsUnavailable, KetresponseError])
def test_where_nothing_is_kept_or_readable_that_is_told(store, predictor, monkeypatch, kind):
    assert open_page(predictor, None).status_code == 404

    def fail(*arguments, **options):
        raise kind("/srv/records.db is gone")

    monkeypatch.setattr("serving.web.monitor_page.look_at", fail)
    answered = open_page(predictor, store)
    assert answered.status_code == 503
    assert "/srv" not in answered.text


def test_it_is_worked_out_again_only_where_the_records_have_changed(store, predictor, monkeypatch):
    looked = []

    def look(*arguments, **options):
        looked.append(arguments)
        return look_at(*arguments, **options)

    monkeypatch.setattr("serving.web.monitor_page.look_at", look)
    recorder = Recorder(predictor, store)
    app = make_app(lambda: predictor, get_folder=lambda: Path(), get_recorder=lambda: recorder)
    client = Client(app)
    assert client.get("/monitor").text == client.get("/monitor").text
    assert len(looked) == 1
    record_course(store, predictor, FALLS[:4])
    assert "4 patients" in client.get("/monitor").text
    suspend(store.database, predictor.digest, by="berta", reason="we look into it", at=AFTER)
    assert "we look into it" in client.get("/monitor").text
    assert len(looked) == 2
