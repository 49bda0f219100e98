from __future__ import annotations

import pytest

from tests.postgres import empty_postgres as empty_postgres
from tests.postgres import postgres as postgres
from tests.serving.helpers.models import make_facts, make_model
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
