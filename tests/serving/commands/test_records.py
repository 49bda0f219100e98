from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import InputError
from serving.commands.records import outcomes_app, records_app
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from serving.records.tasks import find_suspension, open_task
from tests.serving.helpers.command_line import CommandLine
from tests.serving.records.conftest import START, make_estimates
from training.store.artifact import read_facts

line = CommandLine(records=records_app, outcomes=outcomes_app)
run, fail = line.run, line.fail


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETRESPONSE_RECORDS", str(tmp_path / "home" / "records.db"))
    monkeypatch.setenv("KETRESPONSE_RECORDS_KEY_FILE", str(tmp_path / "records.key"))


def open_here() -> RecordStore:
    settings = RecordSettings.from_environ(os.environ)
    assert settings is not None
    return open_store(settings)


@pytest.fixture
def numbers(empty: None) -> list[str]:
    """Record three estimates of one patient and one of another; return their numbers."""
    asked = [*make_estimates(3), *make_estimates(1, pseudonym="P-2")]
    store = open_here()
    store.write(asked)
    store.close()
    return [one.request_id for one in asked]


def test_status_tells_how_much_there_is(
    numbers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run("records", "status").output
    assert "4 estimates, 0 reports" in told
    assert "From 2026-01-05 to 2026-01-05" in told
    assert "Kept until they are deleted." in told
    monkeypatch.setenv("KETRESPONSE_RECORDS_RETENTION_DAYS", "90")
    monkeypatch.setenv("KETRESPONSE_RECORDS_CONTENT", "none")
    told = run("records", "status").output
    assert "Kept for 90 days." in told
    assert "neither inputs nor answers" in told


def test_without_records_the_place_is_named_and_nothing_made(empty: None, tmp_path: Path) -> None:
    assert "there are no records at" in str(fail("records", "status"))
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_is_recorded_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETRESPONSE_RECORDS", "off")
    assert "KETRESPONSE_RECORDS is off" in str(fail("records", "status"))


def test_outcomes_of_a_file_are_recorded_and_make_a_cohort(
    numbers: list[str], tmp_path: Path
) -> None:
    file, out = tmp_path / "outcomes.csv", tmp_path / "next.csv"
    file.write_text(f"request_id;patient_id;nrs_t1\n{numbers[0]};;4,5\n;P-2;6\n")
    result = run("outcomes", "import", file)
    assert "Recorded the outcomes of 2 patients." in result.output
    assert "2 patients" in run("records", "cohort", "--out", out).output
    assert sorted(pd.read_csv(out)["nrs_t1"]) == [4.5, 6.0]
    assert out.stat().st_mode & 0o777 == 0o600
    assert "next.csv is there already" in str(fail("records", "cohort", "--out", out))
    result = run("records", "cohort", "--out", out, "--force", "--model", "another:1")
    assert "no estimate with an outcome" in str(result.exception)


def test_a_file_with_a_fault_is_not_recorded_at_all(numbers: list[str], tmp_path: Path) -> None:
    file = tmp_path / "outcomes.csv"
    file.write_text(f"request_id,nrs_t1\n{numbers[0]},4\n{numbers[1]},eleven\nnothing,\n")
    error = fail("outcomes", "import", file)
    assert isinstance(error, InputError)
    assert [problem.row for problem in error.problems] == [3, 4, 4]
    assert open_here().count()["outcomes"] == 0
    file.write_text("request_id,nrs_t1\n")
    assert isinstance(fail("outcomes", "import", file), InputError)


def test_a_patient_gets_everything_and_is_deleted_on_request(
    numbers: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "patient.json"
    assert "Wrote 3 estimates" in run("records", "export", "--out", out, typed="P-0417\n").output
    assert len(json.loads(out.read_text())["estimates"]) == 3
    assert isinstance(
        fail("records", "export", "--pseudonym", "x", "--out", tmp_path / "y.json"), InputError
    )
    words = ["records", "delete", "--pseudonym", "P-0417", "--reason", "asked for"]
    assert run(*words, typed="n\n").exit_code == 1
    assert "Deleted 3 estimates" in run(*words, typed="y\n").output
    assert "nothing is kept" in str(fail(*words, "--yes"))
    assert "asked for" in run("records", "status").output
    assert "say why" in str(fail(*words[:-1], " ", "--yes"))


def test_what_is_old_is_purged_by_the_setting(
    numbers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nothing says how long" in str(fail("records", "purge"))
    assert "Deleted 4 estimates" in run("records", "purge", "--days", "1").output
    monkeypatch.setenv("KETRESPONSE_RECORDS_RETENTION_DAYS", "30")
    assert "Deleted 0 estimates" in run("records", "purge").output


def test_keys_are_changed_and_everything_is_still_there(numbers: list[str]) -> None:
    assert "Sealed 4 values with key 2" in run("records", "rotate").output
    store = open_here()
    assert len(store.read(pseudonym="P-0417")) == 3
    store.close()


def test_tasks_are_listed_and_closed_with_what_was_found(numbers: list[str]) -> None:
    assert "Nothing is asked" in run("records", "tasks").output
    store = open_here()
    open_task(store.database, "d" * 64, "o_e_t1", "Fewer respond than estimated.", at=START)
    store.close()
    assert "1  since 2026-01-05  Fewer respond" in run("records", "tasks").output
    assert "say in --comment" in str(fail("records", "close", 1, "--comment", " "))
    assert "Closed task 1." in run("records", "close", 1, "--comment", "a new form").output
    assert "Nothing is asked" in run("records", "tasks").output
    assert "a new form" in run("records", "tasks", "--all").output
    assert "no open task 1" in str(fail("records", "close", 1, "--comment", "again"))


def test_a_model_is_suspended_and_resumed(numbers: list[str], save: Any) -> None:
    folder = save()
    assert "say why" in str(fail("records", "suspend", folder, "--reason", " "))
    assert "look into it" in run("records", "suspend", folder, "--reason", "look into it").output
    store = open_here()
    assert find_suspension(store.database, read_facts(folder)[1]) is not None
    store.close()
    assert "answers again" in run("records", "resume", folder).output
    assert "not suspended" in str(fail("records", "resume", folder))


def test_a_copy_is_made_and_its_key_is_said_to_be_kept_elsewhere(
    numbers: list[str], tmp_path: Path
) -> None:
    told = run("records", "backup", "--out", tmp_path / "copy.db")
    assert told.exit_code == 0 and "Keep a copy of" in told.output and "records.key" in told.output
    assert (tmp_path / "copy.db").stat().st_size
    assert "--force" in str(fail("records", "backup", "--out", tmp_path / "copy.db"))


def test_tables_are_taken_back_after_a_question_and_up_again(numbers: list[str]) -> None:
    asked = run("records", "downgrade", "0001", typed="n\n")
    assert asked.exit_code == 1 and "Aborted" in asked.output
    assert "step 0001" in run("records", "downgrade", "0001", "--yes").output
    assert f"{len(numbers)} estimates" in run("records", "status").output
