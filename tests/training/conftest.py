"""Fixtures shared by the tests of training."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.helpers.documents import leaving_pictures_empty
from training.store.client import make_client


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one empty tracking store; its tables take seconds."""
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    make_client(f"sqlite:///{file}")
    return file


@pytest.fixture
def tracking_uri(empty_store: Path, tmp_path: Path) -> str:
    """Return a store of the test's own; its files go to `tmp_path` / "mlartifacts"."""
    return f"sqlite:///{shutil.copy(empty_store, tmp_path / 'mlflow.db')}"


@pytest.fixture
def undrawn() -> Iterator[None]:
    """Leave the pictures of reports empty."""
    with leaving_pictures_empty():
        yield
