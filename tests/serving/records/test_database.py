from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, text

from features.errors import KetresponseError
from serving.records import database
from serving.records.database import (
    HEAD,
    Database,
    RecordsLocked,
    RecordsUnavailable,
    bring_up_to_date,
    make_file,
    read_revision,
    take_back,
)
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from serving.records.tables import METADATA, deletions
from tests.serving.records.conftest import START, make_estimates


def test_the_migrations_make_the_tables_that_the_code_knows(either_store: RecordStore) -> None:
    with either_store.database.reading() as connection:
        assert read_revision(connection) == HEAD
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []


def test_a_store_of_the_version_before_keeps_what_it_holds(either_store: RecordStore) -> None:
    (one,) = make_estimates(1)
    either_store.write([one])
    take_back(either_store.database, "0001")
    with either_store.database.reading() as connection:
        assert read_revision(connection) == "0001"
    bring_up_to_date(either_store.database)
    (kept,) = either_store.read()
    assert kept.answer == one.answer


def test_a_store_of_a_newer_version_is_refused(
    store: RecordStore, settings: RecordSettings
) -> None:
    with store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(KetresponseError, match="newer version of ketresponse"):
        open_store(settings)


def test_what_fails_within_is_taken_back(store: RecordStore) -> None:
    row = {"at": START, "by": "x", "reason": "y", "estimates": 1, "outcomes": 0}
    with pytest.raises(ZeroDivisionError), store.database.writing() as connection:
        connection.execute(insert(deletions), row)
        raise ZeroDivisionError
    with store.database.reading() as connection:
        assert connection.execute(select(deletions)).all() == []


def test_a_lock_of_another_process_is_told_at_once_where_nothing_may_wait(
    store: RecordStore, settings: RecordSettings
) -> None:
    assert settings.file is not None
    other = sqlite3.connect(settings.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordsLocked, match="locked"), store.database.writing(wait=False):
        pass
    other.execute("ROLLBACK")
    with store.database.writing(wait=False):
        pass
    other.close()


def test_a_store_that_is_gone_is_noticed_and_found_again(
    store: RecordStore, settings: RecordSettings
) -> None:
    assert settings.file is not None
    store.write(make_estimates(1))
    store.database.sync()
    aside = settings.file.parent.with_name("aside")
    settings.file.parent.rename(aside)
    with pytest.raises(RecordsUnavailable, match="is gone"):
        store.write(make_estimates(1))
    assert not settings.file.parent.exists()
    aside.rename(settings.file.parent)
    store.write(make_estimates(1))
    assert store.count()["estimates"] == 2


def test_a_store_put_in_place_of_another_is_written_from_then_on(
    store: RecordStore, settings: RecordSettings, tmp_path: Path
) -> None:
    assert settings.file is not None
    backup = sqlite3.connect(tmp_path / "backup.db")
    with sqlite3.connect(settings.file) as source:
        source.backup(backup)
    source.close()
    backup.close()
    store.write(make_estimates(3))
    store.close()
    for path in settings.file.parent.iterdir():
        path.unlink()
    (tmp_path / "backup.db").rename(settings.file)
    store.write(make_estimates(1))
    with sqlite3.connect(settings.file) as found:
        assert found.execute("SELECT count(*) FROM estimates").fetchone() == (1,)
    found.close()


def test_a_full_disk_is_told_and_nothing_is_half_written(store: RecordStore) -> None:
    with store.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(RecordsUnavailable, match="full"):
        store.write(make_estimates(40))
    assert store.count()["estimates"] == 0


def test_the_log_is_emptied_once_it_is_long(
    store: RecordStore, settings: RecordSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Path(f"{settings.file}-wal")
    monkeypatch.setattr(database, "_CHECKPOINT_SYNCS", 1)
    store.write(make_estimates(40))
    store.database.sync()
    assert log.stat().st_size > 40_000  # brought in, and kept to be written again
    monkeypatch.setattr(database, "_LONGEST_LOG", 40_000)
    store.write(make_estimates(1))
    store.database.sync()
    assert log.stat().st_size == 0
    assert store.count()["estimates"] == 41


@pytest.mark.parametrize("rubbish", [b"not a database at all" * 300, b"SQLite format 3\0"])
def test_a_file_that_is_no_store_is_told(settings: RecordSettings, rubbish: bytes) -> None:
    assert settings.file is not None
    make_file(settings.file)
    settings.file.write_bytes(rubbish)
    with pytest.raises(RecordsUnavailable, match="cannot be written"):
        open_store(settings)


def test_a_statement_s_values_stand_in_no_message(store: RecordStore) -> None:
    (one,) = make_estimates(1, caller="Zyxxwort")
    store.write([one])
    with pytest.raises(RecordsUnavailable) as error:
        store.write([one])
    assert "UNIQUE" in str(error.value)
    assert "Zyxxwort" not in str(error.value)


def test_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordsUnavailable, match="cannot be made"):
        make_file(tmp_path / "file" / "records.db")


def test_a_server_that_is_not_there_is_told(environ: dict[str, str]) -> None:
    address = "postgresql://nurse:secret@127.0.0.1:1/records"
    settings = RecordSettings.from_environ({**environ, "KETRESPONSE_RECORDS": address})
    assert settings is not None
    with pytest.raises(RecordsUnavailable) as error, Database(settings).reading():
        pass
    assert "secret" not in str(error.value)


def test_what_speaks_to_a_server_is_named_where_it_is_not_installed(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    address = "postgresql://db.example/records"
    settings = RecordSettings.from_environ({**environ, "KETRESPONSE_RECORDS": address})
    assert settings is not None
    with pytest.raises(KetresponseError, match=r"psycopg: install ketresponse\[postgres\]"):
        Database(settings)
