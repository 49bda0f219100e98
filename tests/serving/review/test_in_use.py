from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.records.settings import RecordSettings
from serving.records.store import open_store
from serving.records.tasks import close_task, lift_suspension, open_task, suspend
from serving.review.in_use import InUse, read_in_use

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> RecordSettings:
    found = RecordSettings.from_environ(
        {
            "KETRESPONSE_RECORDS": str(tmp_path / "records.db"),
            "KETRESPONSE_RECORDS_KEY_FILE": str(tmp_path / "keys" / "records.key"),
        }
    )
    assert found is not None
    return found


def test_open_tasks_and_suspensions_are_told_by_model(settings: RecordSettings) -> None:
    with closing(open_store(settings)) as store:
        database = store.database
        done = open_task(database, "a" * 64, "first_fewer", "fewer respond", at=NOW)
        assert done is not None
        close_task(database, done.id, by="berta", comment="a new ward", at=NOW)
        open_task(database, "a" * 64, "first_more", "more respond", at=NOW)
        open_task(database, "b" * 64, "unlike", "others are asked about", at=NOW)
        suspend(database, "a" * 64, by="berta", reason="we look into it", at=NOW)
        suspend(database, "b" * 64, by="berta", reason="a mistake", at=NOW)
        lift_suspension(database, "b" * 64, by="berta", at=NOW)
    found = read_in_use(settings)
    assert {digest[0]: [task.text for task in of] for digest, of in found.tasks.items()} == {
        "a": ["more respond"],
        "b": ["others are asked about"],
    }
    assert found.suspended == {"a" * 64: "we look into it"}
    assert found.remark == ""


def test_where_there_are_no_records_that_is_said_and_nothing_made(settings: RecordSettings) -> None:
    assert "No records of estimates are here" in read_in_use(settings).remark
    assert read_in_use(None) == read_in_use(settings)
    assert settings.file is not None
    assert not settings.file.exists()


def test_records_that_cannot_be_read_keep_no_reviewer_from_the_page(
    settings: RecordSettings,
) -> None:
    assert settings.file is not None
    settings.file.write_bytes(b"no database" * 1000)
    found = read_in_use(settings)
    assert (found.tasks, found.suspended) == ({}, {})
    assert found.remark.startswith("What is asked of you about models in use cannot be read now: ")
    assert InUse().remark == ""
