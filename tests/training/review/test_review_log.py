from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import EXIT_REFUSED, KetresponseError
from tests.places import PROJECT
from training.review.review_log import ReviewLog
from training.review.signature import find_home, find_key_file
from training.review.tampering import Tampered


def make_log(folder, *, name="home"):
    return ReviewLog(folder / name / "review.db", key_file=folder / "outside" / "review.key")


def write(log, *comments):
    with log.writing() as writer:
        for comment in comments:
            writer.append("approve", "pilot:3", "berta", comment, {"name": "Berta First"})


@pytest.fixture
def log(tmp_path):
    log = make_log(tmp_path)
    write(log, "one", "two")
    write(log, "three")
    return log


def change(file, *statements):
    """Do what someone with the file and SQLite at hand could do."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for trigger in ("log_keeps", "log_stays"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.execute(statement)


def test_entries_come_back_in_order(log):
    events = log.read()
    assert [(e.number, e.comment) for e in events] == [(1, "one"), (2, "two"), (3, "three")]
    assert events[0].kind == "approve"
    assert events[0].subject == "pilot:3"
    assert events[0].who == "Berta First (berta)"
    assert log.verify() == []


def test_reading_makes_nothing(tmp_path):
    log = make_log(tmp_path)
    assert log.read() == []
    assert list(tmp_path.iterdir()) == []


def test_what_fails_half_way_is_not_written(log):
    with pytest.raises(KeyboardInterrupt), log.writing() as writer:
        writer.append("approve", "pilot:3", "carl", "four", {})
        raise KeyboardInterrupt
    assert len(log.read()) == 3
    write(log, "four")
    assert len(log.read()) == 4


def test_the_log_cannot_be_changed_by_mistake(log):
    for statement in ("UPDATE log SET entry = '{}'", "DELETE FROM log"):
        with (
            closing(sqlite3.connect(log.file)) as connection,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statements", "finding"),
    [
        (
            ["UPDATE log SET entry = replace(entry, 'two', 'too') WHERE number = 2"],
            "entry 2 was changed",
        ),
        (
            [
                "UPDATE log SET entry = '{}', digest = '44136fa355b3678a1146ad16f7e8649e"
                "94fb4fc21fe77e8310c060f61caaff8a' WHERE number = 2"
            ],
            "entry 2 was not written with the review key",
        ),
        (
            ["UPDATE log SET mac = '00' WHERE number = 3"],
            "entry 3 was not written with the review key",
        ),
        (["DELETE FROM log WHERE number = 2"], "entry 3 does not follow the one before it"),
        (
            ["DELETE FROM log WHERE number = 2", "UPDATE log SET number = 2 WHERE number = 3"],
            "entry 2 does not follow the one before it",
        ),
        (["DELETE FROM log WHERE number = 1"], "entry 2 does not follow the one before it"),
        (["DELETE FROM log WHERE number = 3"], "the log ends after entry 2, but 3 were written"),
        (["DELETE FROM log"], "the log ends after entry 0, but 3 were written"),
        (["UPDATE store SET id = 'other'"], "entry 1 does not follow the one before it"),
    ],
)
def test_tampering_is_found_and_named(log, statements, finding):
    change(log.file, *statements)
    findings = log.verify()
    assert any(text.startswith(finding) for text in findings), findings
    with pytest.raises(Tampered, match="cannot be trusted") as caught:
        log.read()
    assert caught.value.exit_code == EXIT_REFUSED
    with pytest.raises(Tampered), log.writing():
        pytest.fail("a log that was tampered with is written to")


def rewrite(log, folder, *comments):
    """Return a log of someone who has the code but not the key, in the place of the real one."""
    forged = ReviewLog(folder / "forger" / "review.db", key_file=folder / "theirs" / "review.key")
    write(forged, *comments)
    shutil.copy(forged.file, log.file)


def test_a_whole_rewritten_log_is_named(log, tmp_path):
    with closing(sqlite3.connect(log.file)) as connection:
        (store,) = connection.execute("SELECT id FROM store").fetchone()
    rewrite(log, tmp_path, "one", "two", "three")
    words = "the whole log was rewritten: no entry was written with the review key"
    assert words in log.verify()
    change(log.file, f"UPDATE store SET id = '{store}'")
    assert log.verify() == [words]


def test_an_older_copy_put_back_is_found(log, tmp_path):
    copy = shutil.copy(log.file, tmp_path / "older.db")
    write(log, "four")
    shutil.copy(copy, log.file)
    (finding,) = log.verify()
    assert finding.startswith("the log ends after entry 3, but 4 were written")


def test_a_log_that_is_gone_or_of_another_place_is_found(log, tmp_path):
    other = make_log(tmp_path, name="other")
    write(other, "genuine, but of another registry")
    shutil.copy(other.file, log.file)
    assert log.verify() == ["the log that was here, with 3 entries, was replaced by another"]
    log.file.unlink()
    assert log.verify() == ["the log that was here, with 3 entries, is gone"]
    with pytest.raises(Tampered), log.writing():
        pytest.fail("a new log is begun in place of the old one")


def test_a_log_may_be_moved(log, tmp_path):
    (tmp_path / "home").rename(tmp_path / "elsewhere")
    moved = make_log(tmp_path, name="elsewhere")
    assert len(moved.read()) == 3
    write(moved, "four")
    assert moved.verify() == []


def test_what_is_kept_of_the_end_is_guarded_too(log):
    heads = log.key_file.with_name("review.key.heads")
    with closing(sqlite3.connect(heads)) as connection, connection:
        connection.execute("UPDATE head SET number = 2")
    assert log.verify() == ["what was kept of the log's end, beside the key, was changed"]
    heads.unlink()
    assert log.verify() == ["what was kept of the log's end, beside the key, is gone"]


def test_the_key_is_secret_and_outside(log, tmp_path):
    assert log.key_file.stat().st_mode & 0o777 == 0o600
    log.key_file.chmod(0o644)
    with pytest.raises(KetresponseError, match="chmod 600"):
        log.read()
    with pytest.raises(KetresponseError, match="lies with the log it is meant to guard"):
        ReviewLog(tmp_path / "home" / "review.db", key_file=tmp_path / "home" / "k" / "review.key")


@pytest.mark.parametrize("content", [None, b"", b"beef", b"no hexadecimal", b"\xff"])
def test_a_lost_key_is_told_and_not_made_anew(log, content):
    log.key_file.unlink()
    if content is not None:
        log.key_file.touch(mode=0o600)
        log.key_file.write_bytes(content)
    with pytest.raises(KetresponseError, match="bring it back"):
        log.verify()
    with pytest.raises(KetresponseError, match="bring it back"):
        write(log, "four")


def test_a_file_that_is_no_log_is_told(tmp_path):
    log = make_log(tmp_path)
    write(log, "one")
    log.file.write_bytes(b"garbage" * 1000)
    with pytest.raises(KetresponseError, match="cannot use the review log"):
        log.read()


def test_threads_write_one_after_the_other(tmp_path):
    log = make_log(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: write(make_log(tmp_path), str(n)), range(20)))
    assert sorted(int(event.comment) for event in log.read()) == list(range(20))


def test_processes_write_one_after_the_other(tmp_path):
    code = (
        "from pathlib import Path; from training.review.review_log import ReviewLog\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "for n in range(5):\n"
        "    log = ReviewLog(folder / 'home' / 'review.db', key_file=folder / 'out' / 'key')\n"
        "    with log.writing() as writer:\n"
        "        writer.append('open', 'pilot:1', 'anna', str(len(writer.events)), {})\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    log = ReviewLog(tmp_path / "home" / "review.db", key_file=tmp_path / "out" / "key")
    assert [event.comment for event in log.read()] == [str(n) for n in range(15)]


@settings(max_examples=15)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_any_words_come_back_as_they_were(tmp_path_factory, comments):
    log = make_log(tmp_path_factory.mktemp("log"))
    write(log, *comments)
    assert [event.comment for event in log.read()] == comments


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    write(make_log(folder), "one", "two")
    return folder


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 2), st.sampled_from(["entry", "digest", "mac"]), st.data())
def test_no_single_changed_character_goes_unseen(tmp_path_factory, written, number, column, data):
    folder = tmp_path_factory.mktemp("log")
    log = make_log(shutil.copytree(written, folder / "copy"))
    with closing(sqlite3.connect(log.file)) as connection, connection:
        (old,) = connection.execute(f"SELECT {column} FROM log WHERE number = {number}").fetchone()
        place = data.draw(st.integers(0, len(old) - 1))
        letter = data.draw(st.sampled_from("0a}").filter(lambda letter: letter != old[place]))
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("DROP TRIGGER log_keeps")
        new = old[:place] + letter + old[place + 1 :]
        connection.execute(f"UPDATE log SET {column} = ? WHERE number = ?", (new, number))
    assert log.verify() != []


def test_where_things_are(tmp_path):
    assert find_home({}, "sqlite:///mlflow.db") == Path("ketresponse-home")
    assert find_home({}, "sqlite:////data/mlflow.db") == Path("/data/ketresponse-home")
    assert find_home({}, "https://tracking.example") == Path("ketresponse-home")
    assert find_home({"KETRESPONSE_HOME": "/srv/k"}, "sqlite:///mlflow.db") == Path("/srv/k")
    assert find_key_file({"KETRESPONSE_REVIEW_KEY_FILE": "/run/key"}) == Path("/run/key")


def test_an_entry_can_be_checked_by_hand(log):
    # What the module's docstring promises, done with nothing but hashlib.
    key = bytes.fromhex(log.key_file.read_text())
    with closing(sqlite3.connect(log.file)) as connection:
        rows = connection.execute("SELECT entry, digest, mac FROM log ORDER BY number").fetchall()
    for i, (entry, digest, mac) in enumerate(rows):
        assert hashlib.sha256(entry.encode()).hexdigest() == digest
        text = json.dumps(["entry", digest]).encode()
        assert hmac.new(key, text, hashlib.sha256).hexdigest() == mac
        if i:
            assert json.loads(entry)["previous"] == rows[i - 1][1]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_nobody_else_can_read_what_is_made(log):
    write(log, "one")
    for file in (log.file, log.key_file, log.key_file.with_name("review.key.heads")):
        assert file.stat().st_mode & 0o077 == 0


def test_what_was_never_written_cannot_wait_to_be_told(log):
    with closing(sqlite3.connect(log.file)) as connection, connection:
        connection.execute("INSERT INTO pending VALUES (99)")
    with pytest.raises(Tampered, match="never written"), log.settling():
        pass
