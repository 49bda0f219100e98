from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest

from features.errors import InputError, KetresponseError
from serving.access import keys
from serving.access.caller import Caller
from serving.access.keys import PREFIX, KeyFile

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def file(tmp_path):
    return KeyFile(tmp_path / "access.json", now=lambda: NOW)


def test_a_key_opens_what_it_was_made_for(file):
    made, word = file.add("ward-7", ["outcomes", "estimate"], days=30)
    assert word.startswith(f"{PREFIX}{made.id}_")
    found = file.find(word)
    assert found == made
    assert found.caller == Caller("ward-7", ("estimate", "outcomes"))
    assert made.expires == "2026-12-27T12:00:00+00:00"


def test_the_file_never_holds_a_key(file):
    _, word = file.add("ward-7", ["estimate"], days=30)
    text = file.path.read_text()
    assert word not in text
    assert word.rpartition("_")[2] not in text


@pytest.mark.skipif(os.name != "posix", reason="the rights of files are POSIX's")
def test_nobody_else_can_read_the_file(file):
    file.add("ward-7", ["estimate"], days=30)
    assert file.path.stat().st_mode & 0o777 == 0o600
    file.path.chmod(0o640)  # unless it is let
    file.add("ward-8", ["estimate"], days=30)
    assert file.path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("change", [lambda w: w[:-1], lambda w: w + "x", lambda w: w.upper()])
def test_a_word_that_is_no_key_opens_nothing(file, change):
    _, word = file.add("ward-7", ["estimate"], days=30)
    assert file.find(change(word)) is None


@pytest.mark.parametrize(
    "word", ["", PREFIX, f"{PREFIX}_", f"{PREFIX}00000000_x", "\ud800", "é" * 99]
)
def test_any_text_may_be_tried(file, word):
    file.add("ward-7", ["estimate"], days=30)
    assert file.find(word) is None


def test_the_second_half_of_another_key_opens_nothing(file):
    first, word = file.add("ward-7", ["estimate"], days=30)
    _, other = file.add("ops", ["admin"], days=30)
    assert file.find(f"{PREFIX}{first.id}_{other.split('_', 2)[2]}") is None
    assert file.find(word).name == "ward-7"


def test_a_key_whose_time_is_over_opens_nothing(tmp_path):
    now = [NOW]
    file = KeyFile(tmp_path / "access.json", now=lambda: now[0])
    made, word = file.add("ward-7", ["estimate"], days=1)
    now[0] = NOW + timedelta(hours=23, minutes=59)
    assert file.find(word) and file.find_id(made.id)
    now[0] = NOW + timedelta(days=1)
    assert file.find(word) is None and file.find_id(made.id) is None
    assert [key.name for key in file.read()] == ["ward-7"]  # it is still listed
    file.add("ward-7", ["estimate"], days=1)  # and the name is free again


def test_revoking_bites_at_once_in_another_process(file):
    made, word = file.add("ward-7", ["estimate"], days=30)
    serving = KeyFile(file.path, now=lambda: NOW)
    assert serving.find(word) is not None
    assert file.revoke(made.id) == made
    assert serving.find(word) is None and serving.find_id(made.id) is None
    _, later = file.add("ward-7", ["estimate"], days=30)
    assert serving.find(later) is not None


def test_a_file_that_is_damaged_or_gone_lets_nobody_in(file):
    _, word = file.add("ward-7", ["estimate"], days=30)
    whole = file.path.read_text()
    for damage in (
        "",
        "{",
        "[]",
        '{"keys": [{}]}',
        '{"keys": 1}',
        whole.replace("estimate", "all"),
        whole.replace("+00:00", ""),
    ):
        file.path.write_text(damage)
        with pytest.raises(KetresponseError, match="cannot be read"):
            file.find(word)
    file.path.unlink()
    with pytest.raises(KetresponseError, match="ketresponse access key add NAME makes it"):
        file.find(word)


def test_everything_wrong_is_told_at_once(file):
    with pytest.raises(InputError) as caught:
        file.add("Ward 7", ["estimates"], days=0)
    assert [p.column for p in caught.value.problems] == ["NAME", "--scope", "--days"]
    assert not file.path.exists()


@pytest.mark.parametrize("name", ["", "a b", "../x", "ä", "a" * 61, "-x", "oidc:me", "a\n"])
def test_a_name_is_typed_and_logged_without_harm(file, name):
    with pytest.raises(InputError, match="NAME"):
        file.add(name, ["estimate"], days=1)


def test_a_name_is_that_of_one_key(file):
    made, _ = file.add("ward-7", ["estimate"], days=30)
    with pytest.raises(InputError, match=f"revoke {made.id}"):
        file.add("ward-7", ["admin"], days=30)
    assert len(file.read()) == 1


def test_an_unknown_id_is_told_with_the_nearest(file):
    file.add("ward-7", ["estimate"], days=30)
    with pytest.raises(InputError, match="ID"):
        file.revoke("00000000")
    assert len(file.read()) == 1


def test_a_write_that_fails_leaves_the_file_as_it_was(file, monkeypatch):
    file.add("ward-7", ["estimate"], days=30)
    before = file.path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(keys.os, "fsync", full)
        with pytest.raises(KetresponseError, match="No space left on device"):
            file.add("ops", ["admin"], days=30)
    assert file.path.read_bytes() == before
    assert not [p for p in file.path.parent.iterdir() if p.suffix == ".part"]


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has the lock")
def test_two_who_add_at_once_both_succeed(file):
    names = [f"ward-{n}" for n in range(8)]

    def add(name):
        KeyFile(file.path).add(name, ["estimate"], days=1)

    threads = [threading.Thread(target=add, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key["name"] for key in json.loads(file.path.read_text())["keys"]) == names
