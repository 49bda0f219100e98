"""Runs and models kept by an MLflow server, and a server that goes away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from features.errors import KetresponseError
from features.processes import mark_process
from tests.training.helpers.examples import make_facts, make_model
from training.store import client, registry, tracking
from training.store.abandoned import end_abandoned
from training.store.client import make_client
from training.store.registered import list_models, locate
from training.store.registry import register
from training.store.tracking import RunRecord, begin_run, finish_run, track_run

# MLflow's server still builds on it.
pytestmark = pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi is deprecated")


class MlflowServer:
    """An MLflow server in a thread, on one port, that can be stopped and started again."""

    def __init__(self, app: Any) -> None:
        self._app, self._port = app, 0
        self.start()

    def start(self) -> None:
        from werkzeug.serving import make_server

        self._server = make_server("127.0.0.1", self._port, self._app, threaded=True)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05])
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"


@pytest.fixture
def server(
    tracking_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MlflowServer]:
    make_client(tracking_uri)  # sets the environment before MLflow is imported
    import mlflow
    from mlflow import server as served
    from mlflow.server import handlers

    before = mlflow.get_tracking_uri()
    monkeypatch.setenv(served.BACKEND_STORE_URI_ENV_VAR, tracking_uri)
    monkeypatch.setenv(served.REGISTRY_STORE_URI_ENV_VAR, tracking_uri)
    monkeypatch.setenv(served.ARTIFACT_ROOT_ENV_VAR, "mlflow-artifacts:/")
    monkeypatch.setenv(served.ARTIFACTS_DESTINATION_ENV_VAR, str(tmp_path / "destination"))
    monkeypatch.setenv(served.SERVE_ARTIFACTS_ENV_VAR, "true")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    for store in ("_tracking_store", "_model_registry_store", "_artifact_repo"):
        monkeypatch.setattr(handlers, store, None)
    running = MlflowServer(served.app)
    yield running
    running.stop()
    mlflow.set_tracking_uri(before)


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
