from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.estimate.predictor import Predictor
from serving.process import start_server
from tests.serving.helpers.models import PATIENT, make_loaded
from tests.training.conftest import empty_store as empty_store
from tests.training.conftest import tracking_uri as tracking_uri
from training.store.artifact import save_model

RECORDS_OFF = {"KETRESPONSE_RECORDS": "off"}


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    return Predictor(make_loaded())


@pytest.fixture
def patient() -> dict[str, Any]:
    return dict(PATIENT)


@pytest.fixture(scope="session")
def save(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Save a hand-made model of the given options as an artifact folder."""

    def save(**options: Any) -> Path:
        loaded = make_loaded(**options)
        folder = tmp_path_factory.mktemp("artifact") / "model"
        save_model(folder, loaded.model, loaded.facts)
        return folder

    return save


@pytest.fixture(scope="session")
def server(
    save: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """Serve the hand-made model in a process of its own; yield its address and its log."""
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with start_server(save(), "demonstration", log=log, environ=RECORDS_OFF) as url:
        yield url, log
