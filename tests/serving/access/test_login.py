from __future__ import annotations

import pytest

from serving.access.keys import KeyFile
from serving.access.sessions import COOKIE
from serving.access.settings import AccessSettings
from tests.serving.helpers.guarded import PAGE, Guarded


@pytest.fixture
def keys(tmp_path):
    return KeyFile(tmp_path / "access.json")


@pytest.fixture
def ward(keys):
    return keys.add("ward-7", ["estimate"], days=1)[1]


@pytest.fixture
def guarded(keys, ward):
    return Guarded(AccessSettings(key_file=keys.path))


def log_in(guarded, key):
    return guarded.post("/login", data={"key": key}, headers=PAGE)


def csrf(guarded):
    return guarded.get("/clinic").json()["csrf"]


def test_a_key_is_shown_once_and_a_cookie_stands_for_it(guarded, ward):
    form = guarded.get("/login")
    assert form.status_code == 200
    assert 'type="password"' in form.text and 'method="post"' in form.text
    answer = log_in(guarded, f"  {ward}\n")
    assert (answer.status_code, answer.headers["location"]) == (303, "/clinic")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie  # on this machine, where there is no HTTPS
    assert ward not in cookie
    assert guarded.get("/clinic").json()["caller"] == "ward-7"


def test_off_this_machine_the_cookie_goes_through_https_only(keys, ward):
    hosts = ("estimates.clinic.example",)
    access = AccessSettings(key_file=keys.path, hosts=hosts)
    safe = Guarded(access, url="https://estimates.clinic.example")
    assert "Secure" in log_in(safe, ward).headers["set-cookie"]
    open_ = Guarded(access, url="http://estimates.clinic.example")
    for answer in (open_.get("/login"), log_in(open_, ward)):
        assert answer.status_code == 403
        assert "behind HTTPS" in answer.text and "<form" not in answer.text
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("key", ["", "x", "ketr_00000000_x", "a" * 100_000, "\ud7ff"])
def test_a_wrong_key_is_told_and_not_repeated(guarded, key):
    answer = log_in(guarded, key)
    assert answer.status_code == 401
    assert "opens nothing" in answer.text
    assert "set-cookie" not in answer.headers
    assert len(answer.text) < 5000


def test_a_form_without_its_word_is_refused(guarded, ward):
    log_in(guarded, ward)
    word = csrf(guarded)
    for data in ({}, {"csrf": "x"}, {"csrf": word[:-1]}, {"csrf": "é"}):
        answer = guarded.post("/clinic", data=data, headers=PAGE)
        assert answer.status_code == 403
        assert "did not come from these pages" in answer.text
    for form in (
        {"data": {"csrf": word}},
        {"data": {"csrf": word}, "files": {"f": b"x"}},
        {"json": {}, "headers": {"x-csrf-word": word}},
    ):
        assert guarded.post("/clinic", **form).json()["caller"] == "ward-7"


def test_the_word_of_another_session_does_not_do(keys, guarded, ward):
    other = Guarded(AccessSettings(key_file=keys.path))
    log_in(other, ward)
    log_in(guarded, ward)
    assert guarded.post("/clinic", data={"csrf": csrf(other)}).status_code == 403


def test_logging_out_ends_it_and_only_by_its_own_form(guarded, ward):
    log_in(guarded, ward)
    word, cookie = csrf(guarded), guarded.cookies[COOKIE]
    guarded.post("/logout", data={"csrf": "x"})
    guarded.get("/logout")
    assert guarded.get("/clinic").status_code == 200
    answer = guarded.post("/logout", data={"csrf": word})
    assert answer.headers["location"] == "/login"
    guarded.cookies.clear()
    guarded.cookies.set(COOKIE, cookie)
    assert guarded.get("/clinic").status_code == 401


def test_logging_in_again_ends_the_session_before(guarded, ward):
    log_in(guarded, ward)
    cookie = guarded.cookies[COOKIE]
    log_in(guarded, ward)
    guarded.cookies.clear()
    guarded.cookies.set(COOKIE, cookie)
    assert guarded.get("/clinic").status_code == 401


def test_a_cookie_opens_no_more_than_its_key(guarded, keys, ward):
    log_in(guarded, ward)
    assert guarded.get("/metrics").status_code == 403
    keys.revoke(keys.read()[0].id)
    assert guarded.get("/clinic", headers=PAGE).headers["location"] == "/login"


def test_keys_that_cannot_be_read_are_no_wrong_key(guarded, keys, ward):
    keys.path.write_text("{")
    assert log_in(guarded, ward).status_code == 503
