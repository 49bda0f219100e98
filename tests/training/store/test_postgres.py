from __future__ import annotations

import socket

import pytest

from features.errors import KetresponseError
from tests.postgres import empty_postgres as empty_postgres
from tests.postgres import postgres as postgres
from tests.serving.helpers.models import make_facts, make_model
from training.store import client
from training.store.artifact import load_model
from training.store.registered import list_models, locate
from training.store.registry import register
from training.store.tracking import RunRecord, track_run


def test_models_are_tracked_and_registered_in_postgresql(
    empty_postgres: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    uri = empty_postgres.replace("postgresql://", "postgresql+psycopg://")
    run = track_run(RunRecord("study"), tracking_uri=uri)
    model = make_model()
    register(run, model, make_facts(model), name="pilot", tracking_uri=uri)
    (found,) = list_models(tracking_uri=uri)
    assert (found.name, found.version, found.status) == ("pilot", "1", "demonstration")
    loaded = load_model(locate("pilot", tracking_uri=uri))
    assert loaded.facts.name == "pilot"


def test_a_server_that_is_not_there_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        uri = f"postgresql+psycopg://somebody:secret@127.0.0.1:{taken.getsockname()[1]}/none"
        monkeypatch.setattr("mlflow.MlflowClient", lambda *_, **__: pytest.fail("it was asked"))
        with pytest.raises(KetresponseError, match="cannot open the tracking store") as caught:
            client.make_client(uri)
    assert "secret" not in str(caught.value)
