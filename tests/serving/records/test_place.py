from __future__ import annotations

from pathlib import Path

from serving.records.place import find_records, may_be_there


def test_it_is_what_is_set_or_beside_the_reviews(tmp_path: Path) -> None:
    assert find_records({"KETRESPONSE_RECORDS": "postgresql://a@b/c"}) == "postgresql://a@b/c"
    home = {"KETRESPONSE_HOME": str(tmp_path)}
    assert find_records(home) == str(tmp_path / "records.db")


def test_records_may_be_there_where_a_file_or_a_server_is(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    assert not may_be_there(str(file))
    file.touch()
    assert may_be_there(str(file))
    assert may_be_there("postgresql://a@b/c")
    assert not may_be_there("off")
