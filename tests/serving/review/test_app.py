from __future__ import annotations

import re
from datetime import UTC, datetime

import pyotp
import pytest

from serving.records.tasks import Task
from serving.review import app as review_web
from serving.review.app import make_review_app
from serving.review.in_use import InUse
from tests.serving.helpers.clients import Client
from tests.training.helpers.review_cards import put_card
from tests.training.helpers.reviews import AUTHOR, FIRST, SECOND, make_reason
from tests.training.review.test_desk import add_model
from training.review import accounts
from training.review.desk import Desk
from training.review.review_log import ReviewLog
from training.review.seal import parse_signed
from training.review.second_factor import make_secret
from training.review.signature import check_signature
from training.store.artifact import read_facts

PASSWORD = "correct horse battery"


@pytest.fixture
def desk(tracking_uri, tmp_path, monkeypatch):
    monkeypatch.setattr(accounts, "_COST", {"n": 2, "r": 1, "p": 1})
    log = ReviewLog(tmp_path / "home" / "review.db", key_file=tmp_path / "out" / "review.key")
    desk = Desk(log, tracking_uri=tracking_uri)
    for account in (AUTHOR, FIRST, SECOND):
        desk.accounts.add(account.name, account.display, account.role, PASSWORD, by=None)
    return desk


@pytest.fixture
def app(desk):
    return make_review_app(desk)


def open_session(app, name=None):
    client = Client(app)
    if name:
        assert log_in(client, name).url.path == "/"
    return client


def log_in(client, name, password=PASSWORD, **headers):
    return client.post("/login", data={"name": name, "password": password}, headers=headers)


def send(client, path, *, csrf=None, seen=None, **fields):
    """Send a form as the page has it, what is hidden in it included."""
    page = client.get(path.rpartition("/")[0] or "/").text
    if csrf is None:
        csrf = re.search('name="csrf" value="([^"]+)"', page)[1]
    if seen is None and "/model/" in path:
        seen = desk_mark(client, path, page)
    return client.post(path, data={"csrf": csrf, "seen": seen or "", **fields})


def desk_mark(client, path, page):
    found = re.search('name="seen" value="([^"]+)"', page)
    return found[1] if found else ""


def test_nothing_is_shown_before_logging_in(app, desk):
    add_model(desk)
    client = open_session(app)
    for path in ("/", "/model/pilot/1", "/model/pilot/1/card.html"):
        answer = client.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert "pilot" not in answer.text
    answer = client.post("/model/pilot/1/approve", follow_redirects=False)
    assert answer.headers["location"] == "/login"


def test_the_cookie_is_kept_from_scripts_and_other_sites(app):
    answer = Client(app, follow_redirects=False).post(
        "/login", data={"name": "berta", "password": PASSWORD}
    )
    cookie = answer.headers["set-cookie"].lower()
    for word in ("httponly", "secure", "samesite=strict"):
        assert word in cookie


def test_a_wrong_password_is_refused_and_after_five_one_has_to_wait(app):
    client = open_session(app)
    for _ in range(5):
        answer = log_in(client, "berta", "wrong")
        assert answer.status_code == 403
        assert "the name or the password is wrong" in answer.text
    assert "wait 30 seconds and try again" in log_in(client, "berta").text
    assert log_in(client, "carl").url.path == "/"  # others are not locked out


def test_a_second_factor_is_asked_for(app, desk):
    account, secret = desk.accounts.authenticate("berta", PASSWORD), make_secret()
    code = pyotp.TOTP(secret).now()
    desk.accounts.change_second_factor(account, secret, code, by=account)
    client = open_session(app)
    assert log_in(client, "berta").status_code == 403
    fields = {"name": "berta", "password": PASSWORD, "code": code}
    assert client.post("/login", data=fields).url.path == "/"


def test_a_login_from_another_site_is_refused(app):
    assert log_in(open_session(app), "berta", origin="https://evil.example").status_code == 403
    assert log_in(open_session(app), "berta", origin="https://here").url.path == "/"


@pytest.mark.parametrize("csrf", ["", "wrong", "w\u00f6rter", "\ud7ff" * 40])
def test_a_form_from_elsewhere_does_nothing(app, desk, csrf):
    add_model(desk)
    client = open_session(app, "anna")
    answer = send(client, "/model/pilot/1/open", csrf=csrf, comment="please")
    assert answer.status_code == 403
    assert desk.read("pilot").standing == "not opened"
    send(client, "/logout", csrf=csrf)
    assert client.get("/").url.path == "/"  # still logged in


def test_a_session_ends_by_hand_and_by_itself(app, monkeypatch):
    client = open_session(app, "berta")
    other = open_session(app, "berta")
    send(client, "/logout")
    assert client.get("/").url.path == "/login"
    assert other.get("/").url.path == "/"
    monkeypatch.setattr(review_web, "_IDLE_SECONDS", 0.0)
    assert other.get("/").url.path == "/login"


def test_an_author_hands_in_and_cannot_approve(app, desk):
    add_model(desk)
    client = open_session(app, "anna")
    assert "not opened" in client.get("/").text
    page = send(client, "/model/pilot/1/open", comment="please")
    assert page.url.path == "/model/pilot/1"
    assert "in review" in page.text
    assert "anna is an author of this model: nobody judges their own" in page.text
    assert 'action="/model/pilot/1/approve"' not in page.text
    page = send(client, "/model/pilot/1/approve", comment="I like it")
    assert page.status_code == 403
    assert "nobody judges their own" in page.text
    assert [event.kind for event in desk.read("pilot").case.events] == ["open"]


def test_two_reviewers_approve(app, desk):
    add_model(desk, external=False)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    first, second = open_session(app, "berta"), open_session(app, "carl")
    page = send(first, "/model/pilot/1/approve", comment="fine")
    assert page.status_code == 403
    assert "gate 9, validation in other patients, is open" in page.text
    page = send(first, "/model/pilot/1/waive", gate="9", comment=make_reason(9))
    assert "Waived by" in page.text
    assert make_reason(9) in page.text
    send(first, "/model/pilot/1/approve", comment="fine")
    page = send(second, "/model/pilot/1/approve", comment="I agree")
    assert "pilot version 1: approved for silent evaluation only" in page.text
    assert "It may be released" in page.text
    assert "Carl Second (carl)" in page.text


def test_only_gates_that_may_be_waived_are_offered(app, desk):
    for card in ({"external": False}, {"constant": True, "slope": 0.5}):
        add_model(desk, **card)
    for version in ("1", "2"):
        desk.act("open", AUTHOR, "pilot", version, comment="ready")
    client = open_session(app, "berta")
    page = client.get("/model/pilot/1").text
    assert 'action="/model/pilot/1/waive"' in page
    assert re.findall('<option value="([0-9]+)"', page) == ["9"]
    assert "/waive" not in client.get("/model/pilot/2").text


def test_what_was_opened_is_shown_and_signed_with_the_decision(app, desk):
    add_model(desk)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    first, second = open_session(app, "berta"), open_session(app, "carl")
    assert "You have opened 0 of" in first.get("/model/pilot/1").text
    assert "You have opened 1 of" in first.get("/model/pilot/1?part=calibration").text
    first.get("/model/pilot/1/card.html?part=decision")
    first.get("/model/pilot/1/card.html?part=nowhere")
    assert "You have opened 2 of" in first.get("/model/pilot/1").text
    assert "You have opened 0 of" in second.get("/model/pilot/1").text
    page = send(first, "/model/pilot/1/approve", comment="fine")
    assert re.search("Had opened here:\\s+Calibration; Decision curve<", page.text)
    page = send(second, "/model/pilot/1/approve", comment="blindly")
    assert re.search("Had opened here:\\s+no part of the card<", page.text)
    opened = [event.details.get("opened") for event in desk.read("pilot").case.events]
    assert opened == [None, ["calibration", "decision"], []]
    assert desk.verify() == []


def test_nobody_in_a_browser_is_told_what_to_run_at_a_terminal(app, desk):
    bare = {
        part: {"done": False, "reason": "left out", "command": "ketresponse train STUDY"}
        for part in ("null_test", "optimism", "subgroups", "sites")
    }
    add_model(desk, **{"results": bare})
    desk.act("open", AUTHOR, "pilot", comment="ready")
    client = open_session(app, "berta")
    refused = send(client, "/model/pilot/1/approve", comment="fine")
    assert refused.status_code == 403
    for page in (client.get("/model/pilot/1"), refused):
        assert "left out" in page.text.lower()
        assert "ketresponse " not in page.text
    assert "ketresponse train STUDY" in "".join(u.text for u in desk.read("pilot").unmet)


@pytest.mark.parametrize("gate", ["9" * 5000, "-1", "nine", "\u0669", "0"])
def test_a_gate_that_is_none_is_told(app, desk, gate):
    add_model(desk, external=False)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    client = open_session(app, "berta")
    page = send(client, "/model/pilot/1/waive", gate=gate, comment=make_reason(9))
    assert page.status_code == 403
    assert "name the gate to waive, by its number" in page.text


def test_a_card_that_changed_since_it_was_shown_is_not_signed_and_says_what_changed(app, desk):
    folder = add_model(desk)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    client = open_session(app, "berta")
    seen = desk_mark(client, "", client.get("/model/pilot/1").text)
    for nothing in ("no-mark", ""):
        page = send(client, "/model/pilot/1/approve", seen=nothing or "-", comment="fine")
        assert page.status_code == 403
        assert "what is given as read names no card and model in full" in page.text
    put_card(folder, *read_facts(folder), slope=0.81)
    desk.act("open", AUTHOR, "pilot", comment="made again")
    page = send(client, "/model/pilot/1/approve", seen=seen, comment="fine")
    assert page.status_code == 403
    assert "the card is another one than was read" in page.text
    assert re.search("slope.*0.95.* when you read it, .*0.81.* now", page.text)
    assert [event.kind for event in desk.read("pilot").case.events] == ["open", "open"]


def test_words_are_shown_as_words(app, desk):
    add_model(desk)
    client = open_session(app, "anna")
    page = send(client, "/model/pilot/1/open", comment="<script>alert(1)</script>")
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


def test_no_page_allows_scripts_or_anything_from_outside(app, desk):
    add_model(desk)
    client = open_session(app, "berta")
    for path in ("/", "/login", "/model/pilot/1", "/model/pilot/9"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert "unsafe" not in policy
    card = client.get("/model/pilot/1/card.html")
    assert "script-src" not in card.headers["content-security-policy"]
    assert "sandbox" in card.headers["content-security-policy"]
    assert card.text.startswith("<!DOCTYPE html>")


def test_what_is_not_there_is_told(app, desk):
    add_model(desk)
    client = open_session(app, "berta")
    answer = client.get("/model/pilot/9")
    assert answer.status_code == 400
    assert "has no version" in answer.text
    assert send(client, "/model/pilot/1/explode").url.path == "/"
    assert client.get("/model/..%2F..%2Fetc/1").status_code in (400, 404)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=1&" * 30, b"x" * 2_000_000])
def test_a_form_that_cannot_be_read_does_nothing(app, desk, body):
    add_model(desk)
    client = open_session(app, "anna")
    assert client.post("/model/pilot/1/open", content=body).status_code == 403
    assert client.post("/login", content=body).status_code == 403
    assert desk.read("pilot").standing == "not opened"


def test_a_log_that_was_tampered_with_is_told_to_reviewers(app, desk):
    add_model(desk)
    client = open_session(app, "berta")
    desk.log.file.unlink()
    answer = client.get("/")
    assert answer.status_code == 400
    assert "entries, is gone" in answer.text


def test_an_account_that_was_removed_can_do_nothing_more(app, desk):
    add_model(desk)
    client = open_session(app, "anna")
    desk.accounts.remove("anna", by=None)
    answer = client.get("/model/pilot/1")
    assert answer.status_code == 400
    assert "no longer in use" in answer.text
    assert send(client, "/model/pilot/1/open", comment="ready").status_code == 400
    assert {event.kind for event in desk.log.read()} == {"account"}


def test_services_elsewhere_are_told_how_a_released_model_stands(app, desk, monkeypatch):
    add_model(desk)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    client = open_session(app)
    for path in ("/status/pilot/1", "/status/pilot/9", "/status/other/x"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (404, {"error": "no such model was released"})
    with desk.log.writing() as writer:
        writer.append("release", "pilot:1", "anna", "to /srv", {"digests": None})
    annex, signature = parse_signed(client.get("/status/pilot/1").content)
    assert (annex["model"], annex["standing"]) == ("pilot:1", "in review")
    assert check_signature(annex, signature, desk.log.public_key)


def test_what_is_asked_about_a_model_in_use_stands_in_the_queue_and_on_its_page(desk):
    _, digest = read_facts(add_model(desk))
    text = "Fewer respond than estimated."
    task = Task(4, digest, "first_fewer", datetime(2026, 3, 2, tzinfo=UTC), text)
    in_use = InUse({digest: [task]}, {digest: "its reviewers look into it"})
    client = open_session(make_review_app(desk, find_in_use=lambda: in_use), "berta")
    queue = " ".join(client.get("/").text.split())
    assert '<a href="/model/pilot/1#in-use">1 open</a>' in queue
    assert "suspended" in queue
    page = client.get("/model/pilot/1").text
    assert "Task 4, since 2026-03-02: Fewer respond than estimated." in page
    assert "no estimates for the time being: its reviewers look into it" in page
    quiet = open_session(make_review_app(desk), "berta")
    assert "in-use" not in quiet.get("/").text + quiet.get("/model/pilot/1").text


def test_whoever_changes_their_password_ends_the_sessions_that_it_began(desk, app):
    stolen, other = open_session(app, "berta"), open_session(app, "carl")
    desk.accounts.change_password(FIRST, "another horse battery", by=FIRST)
    assert "log in again" in stolen.get("/").text
    assert "Models and their reviews" in other.get("/").text
    assert log_in(Client(app), "berta", "another horse battery").url.path == "/"


def test_no_session_lasts_for_ever(app, monkeypatch):
    client = open_session(app, "berta")
    assert client.get("/").url.path == "/"
    monkeypatch.setattr(review_web, "_LONGEST_SECONDS", 0.0)
    assert client.get("/").url.path == "/login"
