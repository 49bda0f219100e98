from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from serving.records.record import RecordedEstimate
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from tests.postgres import empty_postgres as empty_postgres
from tests.postgres import postgres as postgres
from tests.serving.conftest import predictor as predictor

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ESTIMATE = RecordedEstimate(
    request_id="a" * 32,
    at=START,
    caller="ward 3",
    pseudonym="P-0417",
    model="pilot:2",
    model_digest="d" * 64,
    card_sha256="c" * 64,
    status="approved",
    submodel="clinical",
    in_scope=True,
    probabilities={"t1": 0.58, "t2": 0.31},
    notices=("missing", "note"),
    missing=("opioid",),
    inputs={"patient": {"nrs_t0": 7.25}, "panel": None},
    answer={"request_id": "a" * 32, "estimates": [{"horizon": "t1", "probability": 0.58}]},
)


def make_estimates(count: int, **changes: Any) -> list[RecordedEstimate]:
    return [
        replace(ESTIMATE, request_id=uuid4().hex, at=START + timedelta(hours=place), **changes)
        for place in range(count)
    ]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "KETRESPONSE_RECORDS": str(tmp_path / "home" / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(tmp_path / "keys" / "records.key"),
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> RecordSettings:
    found = RecordSettings.from_environ(environ)
    assert found is not None
    return found


@pytest.fixture
def store(settings: RecordSettings) -> Iterator[RecordStore]:
    store = open_store(settings)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_store(request: pytest.FixtureRequest, environ: dict[str, str]) -> Iterator[RecordStore]:
    """Open an empty store of each kind."""
    if request.param == "postgresql":
        environ = environ | {"KETRESPONSE_RECORDS": request.getfixturevalue("empty_postgres")}
    settings = RecordSettings.from_environ(environ)
    assert settings is not None
    store = open_store(settings)
    yield store
    store.close()
