from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.records.database import RecordsUnavailable
from serving.records.recorder import Recorder, make_recorder
from serving.records.settings import RecordSettings
from serving.web.app import make_app
from tests.serving.helpers.clients import Client
from tests.serving.helpers.models import PATIENT


@pytest.fixture
def recorder(predictor, tmp_path: Path) -> Iterator[Recorder]:
    settings = RecordSettings.from_environ(
        {
            "KETRESPONSE_RECORDS": str(tmp_path / "records.db"),
            "KETRESPONSE_RECORDS_KEY_FILE": str(tmp_path / "keys" / "k"),
        }
    )
    recorder = make_recorder(predictor, settings)
    assert recorder is not None
    yield recorder
    recorder.close()


@pytest.fixture
def client(predictor, recorder) -> Client:
    return Client(
        make_app(lambda: predictor, get_folder=lambda: Path(), get_recorder=lambda: recorder)
    )


@pytest.fixture
def number(client, recorder) -> str:
    """Ask for an estimate on the page; return its number."""
    assert client.post("/clinic", data={**PATIENT, "patient_id": "P-1"}).status_code == 200
    (one,) = recorder.store.read()
    return one.request_id


def test_a_nurse_reports_an_outcome_on_the_page(client, recorder, number):
    page = client.get("/outcomes").text
    for name in ("request_id", "patient_id", "nrs_t1", "success_t1", "nrs_t2", "follow_up_weeks"):
        assert f'name="{name}"' in page
    answered = client.post("/outcomes", data={"request_id": number[:12], "nrs_t1": "4"})
    assert answered.status_code == 200
    assert "Recorded" in answered.text
    (one,) = recorder.store.read_outcomes()
    assert (one.request_id, one.values, one.caller) == (number, {"nrs_t1": 4.0}, "local")
    assert "0." not in answered.text.split("<main>")[1]


def test_a_mistake_is_named_beside_its_field_and_nothing_is_lost(client, recorder, number):
    answered = client.post("/outcomes", data={"patient_id": "P-9", "nrs_t1": "11", "nrs_t2": "3"})
    assert answered.status_code == 400
    assert "Nothing was recorded yet" in answered.text
    assert 'href="#nrs_t1"' in answered.text
    assert 'href="#patient_id"' in answered.text
    assert 'value="P-9"' in answered.text
    assert recorder.store.read_outcomes() == []


def test_a_program_reports_outcomes(client, recorder, number):
    body = {"outcomes": [{"patient_id": "P-1", "nrs_t1": 4, "success_t1": "yes"}]}
    answered = client.post("/outcomes", json=body)
    assert answered.status_code == 200
    assert answered.json() == {"recorded": [number]}
    for wrong, column in (
        ({"outcomes": [{"nrs_t1": 4}]}, "request_id"),
        ({"outcomes": []}, "outcomes"),
        ({"patients": []}, "patients"),
        ([], "body"),
    ):
        answered = client.post("/outcomes", json=wrong)
        assert answered.status_code == 400
        assert answered.json()["problems"][0]["variable"] == column


def test_where_nothing_is_recorded_there_is_nothing_to_report(predictor):
    client = Client(make_app(lambda: predictor, get_folder=lambda: Path()))
    for answered in (
        client.get("/outcomes"),
        client.post("/outcomes", data={"nrs_t1": "4"}),
        client.post("/outcomes", json={"outcomes": []}),
    ):
        assert answered.status_code == 404
        assert "nothing is recorded here" in answered.text.lower()


def test_a_store_that_fails_is_told(client, recorder, number, monkeypatch):
    def fail(*arguments: object) -> None:
        raise RecordsUnavailable("full")

    monkeypatch.setattr(recorder.store, "write_outcomes", fail)
    report = {"patient_id": "P-1", "nrs_t1": 4}
    for answered in (
        client.post("/outcomes", data=report),
        client.post("/outcomes", json={"outcomes": [report]}),
    ):
        assert answered.status_code == 503
        assert "cannot be recorded now" in answered.text
        assert "full" not in answered.text
