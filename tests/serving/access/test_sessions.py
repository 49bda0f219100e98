from __future__ import annotations

import pytest

from serving.access import sessions as module
from serving.access.caller import Caller
from serving.access.keys import KeyFile
from serving.access.sessions import Sessions


@pytest.fixture
def keys(tmp_path):
    return KeyFile(tmp_path / "access.json")


@pytest.fixture
def key(keys):
    return keys.add("ward-7", ["estimate"], days=1)


def test_a_key_begins_a_session_with_a_word_of_its_own(keys, key):
    sessions = Sessions(keys)
    token, caller = sessions.begin(key[1])
    assert caller.name == "ward-7"
    session, again = sessions.find(token)
    assert again == caller
    assert len({token, key[1], session.csrf}) == 3
    assert sessions.begin(key[1])[0] != token


def test_what_is_no_key_or_no_word_finds_nobody(keys, key):
    sessions = Sessions(keys)
    token, _ = sessions.begin(key[1])
    assert sessions.begin(key[1] + "x") is None
    assert all(sessions.find(word) is None for word in ("", token[:-1], "é", "\ud800"))


def test_a_session_ends_without_use_and_after_half_a_day(keys, key):
    now = [0.0]
    sessions = Sessions(keys, clock=lambda: now[0])
    token, _ = sessions.begin(key[1])
    now[0] = 3600.0
    assert sessions.find(token)
    now[0] += 3601.0
    assert sessions.find(token) is None
    token, _ = sessions.begin(key[1])
    for _ in range(13):  # used every hour
        found = sessions.find(token)
        now[0] += 3600.0
    assert found is not None
    assert sessions.find(token) is None


def test_a_revoked_key_ends_its_sessions(keys, key):
    sessions = Sessions(keys)
    token, _ = sessions.begin(key[1])
    keys.revoke(key[0].id)
    assert sessions.find(token) is None


def test_whoever_leaves_is_gone(keys, key):
    sessions = Sessions(keys)
    token, _ = sessions.begin(key[1])
    sessions.end(token)
    sessions.end("another")
    assert sessions.find(token) is None


def test_only_so_many_are_kept(keys, key, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 2)
    sessions = Sessions(keys)
    tokens = [sessions.begin(key[1])[0] for _ in range(3)]
    assert [sessions.find(token) is not None for token in tokens] == [False, True, True]


def test_a_form_carries_the_word_of_its_session(keys, key):
    sessions = Sessions(keys)
    session, _ = sessions.find(sessions.begin(key[1])[0])
    assert session.carries(session.csrf)
    assert not any(map(session.carries, (None, "", session.csrf[:-1], "é", "\udcff", 5)))


def test_whoever_was_let_in_by_a_record_system_has_a_session_without_a_key():
    now = [0.0]
    sessions = Sessions(None, clock=lambda: now[0])
    who = Caller("smart:https://ehr.example", ("estimate",))
    token = sessions.begin_for(who)
    session, caller = sessions.find(token)
    assert caller == who and session.key_id == ""
    assert sessions.begin("ketr_00000000_x") is None
    sessions.end(token)
    assert sessions.find(token) is None
    token = sessions.begin_for(who)
    now[0] = 3601.0
    assert sessions.find(token) is None
