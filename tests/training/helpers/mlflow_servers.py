"""A real MLflow server in a thread, that can be stopped and started again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from training.store.client import make_client


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


@contextmanager
def serve_mlflow(
    store: str, files: str, monkeypatch: pytest.MonkeyPatch, *, proxied: bool = True
) -> Iterator[MlflowServer]:
    """Serve a database, with its files elsewhere: through the server, or got by each client."""
    make_client(store)  # sets the environment before MLflow is imported
    import mlflow
    from mlflow import server as served
    from mlflow.server import handlers

    before = mlflow.get_tracking_uri()
    monkeypatch.setenv(served.BACKEND_STORE_URI_ENV_VAR, store)
    monkeypatch.setenv(served.REGISTRY_STORE_URI_ENV_VAR, store)
    monkeypatch.setenv(served.ARTIFACT_ROOT_ENV_VAR, "mlflow-artifacts:/" if proxied else files)
    monkeypatch.setenv(served.ARTIFACTS_DESTINATION_ENV_VAR, files)
    monkeypatch.setenv(served.SERVE_ARTIFACTS_ENV_VAR, str(proxied).lower())
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    for kept in ("_tracking_store", "_model_registry_store", "_artifact_repo"):
        monkeypatch.setattr(handlers, kept, None)
    running = MlflowServer(served.app)
    yield running
    running.stop()
    mlflow.set_tracking_uri(before)
