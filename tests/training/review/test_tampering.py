"""Whatever somebody puts into a cell of the log is named, and ends no command in a traceback."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from features.errors import Refused
from tests.training.review.test_review_log import change, make_log, write
from training.approval.case import Event
from training.review import review_log
from training.review.review_log import ReviewLog
from training.review.tampering import SKEW, find_backwards


@pytest.fixture
def log(tmp_path: Path) -> ReviewLog:
    log = make_log(tmp_path)
    write(log, "one", "two")
    return log


@pytest.mark.parametrize("column", ["entry", "digest", "mac"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("x'00ff'", "no text"),
        ("CAST(x'ff41' AS TEXT)", "letters beyond ASCII"),
        ("'ü' || entry", "letters beyond ASCII"),
    ],
)
def test_bytes_numbers_and_foreign_letters_are_named(
    log: ReviewLog, column: str, value: str, told: str
) -> None:
    change(log.file, f"UPDATE log SET {column} = {value} WHERE number = 2")
    assert f"entry 2 was changed: its {column} holds {told}" in log.verify()


def test_a_number_that_has_become_text_is_found(log: ReviewLog) -> None:
    change(log.file, "UPDATE log SET digest = 17 WHERE number = 2")
    assert log.verify()[0] == "entry 2 was changed"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE head SET mac = 'ü'",
        "UPDATE head SET mac = x'00'",
        "UPDATE head SET digest = x'00'",
        "UPDATE head SET number = 'many'",
        "UPDATE head SET number = x'00'",
    ],
)
def test_the_end_beside_the_key_is_named(log: ReviewLog, statement: str) -> None:
    with closing(sqlite3.connect(log.key_file.with_name("review.key.heads"))) as heads, heads:
        heads.execute(statement)
    assert log.verify() == ["what was kept of the log's end, beside the key, was changed"]


@pytest.mark.parametrize("statement", ["DELETE FROM store", "UPDATE store SET id = x'ff'"])
def test_a_log_without_its_name_is_not_read(log: ReviewLog, statement: str) -> None:
    change(log.file, statement)
    assert any(text.startswith("entry 1 does not follow") for text in log.verify())


def _set_clock(monkeypatch: pytest.MonkeyPatch, shift: timedelta) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + shift

    monkeypatch.setattr(review_log, "datetime", Clock)


def test_a_clock_that_was_set_back_is_refused_beyond_the_skew(
    log: ReviewLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = log.read()[-1].at
    _set_clock(monkeypatch, -SKEW + timedelta(seconds=30))
    write(log, "three")
    assert log.read()[-1].at == last  # never before the entry before it
    _set_clock(monkeypatch, -SKEW - timedelta(minutes=2))
    with pytest.raises(Refused, match=r"the clock says .* nothing was written; set the clock"):
        write(log, "four")
    assert len(log.read()) == 3


def test_a_log_whose_time_runs_backwards_is_named() -> None:
    days = ("2026-01-02T00:00:00+00:00", "2026-01-01T23:56:00+00:00", "2026-01-01T00:00:00+00:00")
    events = [Event(n, at, "open", "pilot:1", "x", "") for n, at in enumerate(days, 1)]
    (finding,) = find_backwards(events)
    assert finding == (
        "entry 3 is dated 2026-01-01T00:00:00+00:00, before entry 2 (2026-01-01T23:56:00+00:00): "
        "the clock was set back"
    )
