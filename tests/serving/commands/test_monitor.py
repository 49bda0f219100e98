from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from features.errors import EXIT_INPUT
from ketresponse import app
from serving.estimate.predictor import Predictor
from serving.records.record import Outcome, make_estimate
from serving.records.tasks import find_suspension, list_tasks
from tests.serving.helpers.models import PATIENT
from tests.serving.monitoring.recorded import make_store
from tests.training.helpers.documents import leaving_pictures_empty
from training.store.artifact import load_model


@pytest.fixture
def place(tmp_path, save, monkeypatch):
    """Return a model's folder and its store, in which nobody of twelve responded."""
    model = save()
    predictor = Predictor(load_model(model))
    store = make_store(tmp_path)
    now = datetime.now(UTC)
    for number in range(12):
        at = now - timedelta(days=300 - 7 * number)
        answer = predictor.predict(PATIENT, request_id=f"r{number}")
        store.write([make_estimate(predictor, PATIENT, answer, at=at, caller="clinic")])
        told = at + timedelta(days=30)
        store.write_outcomes([Outcome(f"r{number}", told, "nurse", {"nrs_t1": 8.0})])
    monkeypatch.setenv("KETRESPONSE_RECORDS", str(tmp_path / "records.db"))
    monkeypatch.setenv("KETRESPONSE_RECORDS_KEY_FILE", str(tmp_path / "keys" / "records.key"))
    yield model, store, predictor
    store.close()


def run(*args):
    return CliRunner().invoke(app, ["monitor", *map(str, args)])


def test_alarms_are_told_in_words_and_become_tasks_once(place):
    model, store, predictor = place
    first, second = run(model), run(model)
    assert first.exit_code == second.exit_code == 0, first.output
    words = " ".join(first.stdout.split())
    assert "demo-crps:3 in use" in words
    assert "- Fewer respond than estimated (T1): the limit was crossed" in words
    assert "Opened 1 task for the reviewers." in words
    assert "Opened" not in second.stdout
    assert len(list_tasks(store.database, predictor.digest)) == 1
    assert find_suspension(store.database, predictor.digest) is None


def test_looking_alone_opens_nothing(place):
    model, store, _ = place
    assert run(model, "--no-tasks").exit_code == 0
    assert list_tasks(store.database) == []


def test_json_holds_alarms_and_tables(place):
    model, store, predictor = place
    found = json.loads(run(model, "--json", "--suspend").stdout)
    assert found["alarms"][0]["chart"] == "first_fewer"
    assert found["alarms"][0]["new"] is True
    assert found["tables"]["performance"][0]["estimate"] == 0
    assert find_suspension(store.database, predictor.digest) is not None


def test_page_is_written_once_and_replaced_only_by_force(place, tmp_path):
    model, _, _ = place
    page = tmp_path / "page.html"
    with leaving_pictures_empty():
        assert run(model, "--page", page).exit_code == 0
        assert "Has something changed?" in page.read_text()
        again = run(model, "--page", page)
        assert again.exit_code == EXIT_INPUT
        assert "--force" in again.stderr


def test_every_wrong_due_is_told(place):
    found = run(place[0], "--due", "t1=soon", "--due", "t3=9")
    assert found.exit_code == EXIT_INPUT
    assert "t1=soon" in found.stderr
    assert "t3=9" in found.stderr


def test_days_until_due_are_taken(place):
    found = json.loads(run(place[0], "--json", "--due", "t2=400").stdout)
    assert found["tables"]["reporting"][1]["known"] == 0  # not due yet, so not counted as none


def test_suspending_needs_a_task(place):
    found = run(place[0], "--suspend", "--no-tasks")
    assert found.exit_code == EXIT_INPUT


def test_nothing_recorded_is_said(place, monkeypatch):
    monkeypatch.setenv("KETRESPONSE_RECORDS", "off")
    found = run(place[0])
    assert found.exit_code == EXIT_INPUT
    assert "nothing is recorded here" in found.stderr
