from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import InputError
from serving.records.settings import RecordSettings


def read(**settings: str) -> RecordSettings:
    found = RecordSettings.from_environ({f"KETRESPONSE_{k}": v for k, v in settings.items()})
    assert found is not None
    return found


def test_without_a_setting_they_lie_with_the_reviews(tmp_path: Path) -> None:
    found = read(HOME=str(tmp_path))
    assert found.file == tmp_path / "records.db"
    assert found.key_file.is_relative_to(Path.home() / ".config")
    assert (found.keeps_content, found.retention_days, found.syncs_before) == (True, None, False)
    beside = RecordSettings.from_environ({"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"})
    assert beside is not None
    assert beside.file == tmp_path / "ketresponse-home" / "records.db"


def test_each_store_has_a_key_file_of_its_own(tmp_path: Path) -> None:
    files = {read(HOME=str(tmp_path / name)).key_file for name in ("a", "b")}
    assert len(files) == 2


def test_nothing_is_recorded_only_where_that_is_said() -> None:
    assert RecordSettings.from_environ({"KETRESPONSE_RECORDS": "off"}) is None
    assert RecordSettings.from_environ({"KETRESPONSE_RECORDS": ""}) is not None


@pytest.mark.parametrize("where", ["x/records.db", "sqlite:///x/records.db"])
def test_a_file_is_named_by_path_or_address(where: str) -> None:
    assert read(RECORDS=where).file == Path("x/records.db").absolute()


def test_a_server_is_told_without_user_and_password() -> None:
    found = read(RECORDS="postgresql://nurse:secret@db.example/records?sslmode=require")
    assert found.file is None
    assert found.place == "postgresql+psycopg://db.example/records"
    moved = read(RECORDS="postgresql://other:word@db.example/records")
    assert moved.key_file == found.key_file


def test_what_is_kept_and_for_how_long() -> None:
    found = read(RECORDS_CONTENT="none", RECORDS_RETENTION_DAYS="365", RECORDS_SYNC="before")
    assert (found.keeps_content, found.retention_days, found.syncs_before) == (False, 365, True)


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "many", "99999", "٣", "9" * 5000])
def test_every_wrong_setting_is_listed_and_no_address_shown(days: str) -> None:
    with pytest.raises(InputError) as error:
        read(
            RECORDS="mysql://user:secret@host/x",
            RECORDS_CONTENT="plain",
            RECORDS_RETENTION_DAYS=days,
            RECORDS_SYNC="never",
        )
    told = [problem.column for problem in error.value.problems]
    assert sorted(told) == [
        "KETRESPONSE_RECORDS",
        "KETRESPONSE_RECORDS_CONTENT",
        "KETRESPONSE_RECORDS_RETENTION_DAYS",
        "KETRESPONSE_RECORDS_SYNC",
    ]
    assert "secret" not in error.value.report()


@pytest.mark.parametrize("where", ["sqlite://", "nothing://", "postgresql://h:notaport/x"])
def test_an_address_that_is_none_is_told(where: str) -> None:
    with pytest.raises(InputError, match="KETRESPONSE_RECORDS"):
        read(RECORDS=where)
