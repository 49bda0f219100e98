"""Runs and models kept by an MLflow server, and a server that goes away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import KetresponseError
from features.processes import mark_process
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.mlflow_servers import MlflowServer, serve_mlflow
from training.store import client, registry, tracking
from training.store.abandoned import end_abandoned
from training.store.client import make_client
from training.store.registered import list_models, locate
from training.store.registry import register
from training.store.tracking import RunRecord, begin_run, finish_run, track_run

# MLflow's server still builds on it.
pytestmark = pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi is deprecated")


@pytest.fixture
def server(
    tracking_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MlflowServer]:
    with serve_mlflow(tracking_uri, str(tmp_path / "destination"), monkeypatch) as running:
        yield running


def test_a_server_keeps_run_and_model(server: MlflowServer, tmp_path: Path) -> None:
    run_id = track_run(RunRecord("study", {"seed": 7}), tracking_uri=server.url)
    made = register(run_id, make_model(), make_facts(), name="pilot", tracking_uri=server.url)
    assert list_models(tracking_uri=server.url) == [made]
    copy = locate("pilot", tracking_uri=server.url)
    assert copy.is_dir()
    assert str(mark_process()) in str(copy)  # whoever finds it can tell whose it was
    client._copies.close()  # as when the process ends
    assert not copy.exists()


@pytest.fixture
def soon_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs and versions marked by a process that is gone."""
    gone = replace(mark_process(), started=1)
    for module in (tracking, registry):
        monkeypatch.setattr(module, "mark_process", lambda: gone)


def _find_statuses(url: str) -> list[str]:
    client = make_client(url)
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run.info.status for run in client.search_runs(ids)]


@pytest.mark.usefixtures("soon_gone")
def test_a_server_that_goes_away_is_one_clear_error_and_nothing_is_half_there(
    server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = RunRecord("study")
    with pytest.raises(KetresponseError, match="cannot track the run at http") as caught:
        with begin_run(record, tracking_uri=server.url) as run_id:
            server.stop()
            finish_run(run_id, record, tracking_uri=server.url)
    assert "\n" not in str(caught.value)
    with pytest.raises(KetresponseError, match="cannot track the run at http") as caught:
        with begin_run(record, tracking_uri=server.url):  # it is down from the start
            pytest.fail("the block was entered")
    assert "\n" not in str(caught.value)
    server.start()
    assert _find_statuses(server.url) == ["RUNNING"]
    (told,) = end_abandoned(tracking_uri=server.url)
    assert "was killed" in told
    assert _find_statuses(server.url) == ["KILLED"]

    run_id = track_run(record, tracking_uri=server.url)
    with monkeypatch.context() as patch:
        patch.setattr(registry, "_write_package", lambda *_: server.stop())
        with pytest.raises(KetresponseError, match="cannot register pilot at http") as caught:
            register(run_id, make_model(), make_facts(), name="pilot", tracking_uri=server.url)
    assert "\n" not in str(caught.value)
    server.start()
    assert list_models(tracking_uri=server.url) == []
    (told,) = end_abandoned(tracking_uri=server.url)
    assert "registration of pilot version 1" in told
    assert list(make_client(server.url).search_registered_models()) == []
