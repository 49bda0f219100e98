"""The review as typed at a command line; passwords come by standard input."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from io import StringIO
from threading import Barrier, BrokenBarrierError

import pyotp
import pytest
from typer.testing import CliRunner

from features.errors import EXIT_REFUSED, InputError, KetresponseError, Refused
from tests.training.helpers.review_cards import change_card, put_card
from tests.training.helpers.reviews import make_reason
from tests.training.review.test_desk import RESEARCH, add_model
from training.commands.review import app, approve
from training.review import accounts
from training.review import desk as review
from training.review.desk import make_desk
from training.review.seen import make_mark
from training.store import code_digest
from training.store.artifact import load_model, read_facts, save_model
from training.store.statuses import SILENT_APPROVAL

PASSWORD = "correct horse battery"


@pytest.fixture
def desk(tracking_uri, tmp_path, monkeypatch):
    monkeypatch.setattr(accounts, "_COST", {"n": 2, "r": 1, "p": 1})
    settings = {
        "MLFLOW_TRACKING_URI": tracking_uri,
        "KETRESPONSE_HOME": str(tmp_path / "home"),
        "KETRESPONSE_REVIEW_KEY_FILE": str(tmp_path / "out" / "review.key"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return make_desk(settings)


def run(*words, typed=PASSWORD):
    result = CliRunner().invoke(app, [str(word) for word in words], input=f"{typed}\n")
    if isinstance(result.exception, KetresponseError):
        raise result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def act(action, by, *more, typed=PASSWORD, comment="read it"):
    if action in ("approve", "waive", "refuse"):
        more = (*more, "--seen", json.loads(run("status", "pilot", "--json").stdout)["seen"])
    return run(action, "pilot", "--by", by, "--comment", comment, *more, typed=typed).stdout


@pytest.fixture
def people(desk):
    for name, display, role in (
        ("anna", "Anna Author", "author"),
        ("berta", "Berta First", "reviewer"),
        ("carl", "Carl Second", "reviewer"),
    ):
        run("user", "add", name, "--name", display, "--role", role)
    return desk


def test_a_whole_review(people):
    add_model(people, external=False)
    assert "pilot:1  not opened" in run("status").stdout
    act("open", "anna")
    with pytest.raises(Refused, match="gate 9"):
        act("approve", "berta")
    assert "Before it can be released" in act("waive", "berta", "--gate", 9, comment=make_reason(9))
    act("approve", "berta")
    assert "It may be released: ketresponse release pilot:1" in act("approve", "carl")
    assert run("verify").stdout == "Everything is as it was signed.\n"
    told = run("status", "pilot").stdout
    assert told.startswith("pilot:1: approved for silent evaluation only\n")
    assert " 9. waived" in told
    assert "11. pass" in told
    assert f"waive gate 9  Berta First: {make_reason(9)}" in told
    found = json.loads(run("status", "pilot", "--json").stdout)
    assert (found["standing"], found["unmet"]) == (SILENT_APPROVAL, [])
    assert [gate["status"] for gate in found["gates"]].count("pass") == 11
    assert found["scope"] == "silent prospective evaluation"
    listed = json.loads(run("status", "--json").stdout)
    assert listed == [{"model": "pilot:1", "standing": SILENT_APPROVAL}]


def test_nobody_signs_what_they_do_not_name(people):
    folder = add_model(people)
    act("open", "anna")
    told = run("status", "pilot").stdout
    words = ["approve", "pilot", "--by", "berta", "--comment", "read it"]
    with pytest.raises(InputError, match="--seen"):
        run(*words)
    seen = re.search("Read as: (--seen [0-9a-f]{32}-[0-9a-f]{32})\n", told)[1].split()
    change_card(folder)
    with pytest.raises(Refused, match="the card is another one than was read"):
        run(*words, *seen)
    assert len(people.read("pilot").case.events) == 1


def test_a_refusal_is_told_with_its_reason(people):
    add_model(people)
    act("open", "anna")
    assert act("refuse", "berta", comment="too few patients") == "pilot:1: refused\n"
    told = run("status", "pilot:1").stdout
    assert "refused by Berta First (berta) on" in told
    assert "too few patients" in told


def test_a_wrong_password_does_nothing(people):
    add_model(people)
    with pytest.raises(Refused, match="the name or the password is wrong"):
        act("open", "anna", typed="wrong")
    assert "not opened" in run("status").stdout


def test_the_system_user_needs_no_password_on_a_demonstration(people):
    add_model(people, facts={})
    act("open", "system", typed="")
    assert "trained on simulated data" in act("approve", "system", typed="")
    add_model(people, facts=RESEARCH, mixed=True)
    with pytest.raises(Refused, match="demonstration only"):
        act("open", "system", typed="")


def test_verify_does_not_call_signed_what_nobody_signed(desk):
    assert "Nothing has been signed" in run("verify").stdout


def test_verify_names_what_was_tampered_with(people):
    add_model(people)
    act("open", "anna")
    with closing(sqlite3.connect(people.log.file)) as connection, connection:
        connection.execute("DROP TRIGGER log_keeps")
        connection.execute("UPDATE log SET mac = '0' WHERE number = 4")
    result = run("verify")
    assert result.exit_code == EXIT_REFUSED
    assert result.stderr == "entry 4 was not written with the review key\n"


def test_accounts_are_kept_by_an_admin_once_there_is_one(people):
    run("user", "add", "emil", "--name", "Emil Keeper", "--role", "admin")
    with pytest.raises(Refused, match="kept by an admin: emil"):
        run(
            "user",
            "add",
            "dora",
            "--name",
            "Dora Third",
            "--role",
            "reviewer",
            "--by",
            "berta",
            typed=f"{PASSWORD}\n{PASSWORD}",
        )
    run("user", "remove", "carl", "--by", "emil")
    run("user", "password", "berta", typed=f"{PASSWORD}\nanother long one")
    assert run("user", "list").stdout.splitlines() == [
        "anna  author  Anna Author",
        "berta  reviewer  Berta First",
        "emil  admin  Emil Keeper",
    ]
    with pytest.raises(Refused):
        run("user", "password", "berta", typed=f"{PASSWORD}\nyet another one")
    with pytest.raises(InputError, match="at least 12 characters"):
        run("user", "password", "berta", typed="another long one\nshort")


def test_a_second_factor_is_set_up_asked_for_and_taken_away(people, monkeypatch):
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    monkeypatch.setattr("training.review.second_factor.make_secret", lambda: secret)
    code = pyotp.TOTP(secret).now()
    told = run("user", "totp", "anna", typed=f"{PASSWORD}\n{code}").stdout
    assert secret in told and "otpauth://totp/" in told
    add_model(people)
    with pytest.raises(Refused, match="or the code where one is needed"):
        act("open", "anna")
    act("open", "anna", typed=f"{PASSWORD}\n{pyotp.TOTP(secret).now()}")
    run("user", "add", "emil", "--name", "Emil Keeper", "--role", "admin")
    assert "no second factor" in run("user", "totp", "anna", "--off", "--by", "emil").stdout
    act("withdraw", "anna")


def test_wrong_passwords_at_the_terminal_have_to_wait(people):
    add_model(people)
    for _ in range(5):
        with pytest.raises(Refused, match="the name or the password is wrong"):
            act("open", "anna", typed="wrong")
    with pytest.raises(Refused, match="too many wrong passwords from here: wait 30 seconds"):
        act("open", "anna")


def test_nothing_registered_is_told(desk):
    assert "No model is registered here yet" in run("status").stdout
    assert json.loads(run("status", "--json").stdout) == []


def approve_all(people):
    folder = add_model(people)
    act("open", "anna")
    for name in ("berta", "carl"):
        act("approve", name)
    assert run("status", "pilot").stdout.startswith("pilot:1: approved")
    return folder


def verify():
    """Return what `review verify` finds, in its own words."""
    result = run("verify")
    assert result.exit_code == EXIT_REFUSED
    return result.stderr


def change_data(folder):
    """Put a model of other patients in the place of the one that was registered."""
    loaded = load_model(folder)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    save_model(folder, loaded.model, replace(loaded.facts, cohort_sha256="9" * 64))
    put_card(folder, *read_facts(folder))


def change_model(folder):
    file = folder / "model.skops"
    file.write_bytes(file.read_bytes() + b" ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_card, "card changed since the approval of Berta First (berta)"),
        (change_model, "model.skops is not as it was saved"),
        (change_data, "is not the one that was registered"),
    ],
)
def test_a_change_of_what_was_approved_is_named_and_voids_it(people, change, words):
    change(approve_all(people))
    assert words in verify()
    assert run("status").stdout == "pilot:1  void\n"


def test_a_change_of_the_code_is_named_and_voids_it(people, monkeypatch):
    approve_all(people)
    parts = {**code_digest.list_code_parts(), "scipy": "0.1"}
    monkeypatch.setattr(code_digest, "list_code_parts", lambda: parts)
    monkeypatch.setattr("training.review.file.list_code_parts", lambda: parts)
    assert "code (scipy) changed since the approval of Carl Second (carl)" in verify()
    told = run("status", "pilot").stdout
    assert told.startswith("pilot:1: void\n")
    assert "it is void" in told
    with pytest.raises(Refused, match="its author opens it again"):
        act("approve", "berta")
    act("open", "anna")
    assert run("status", "pilot").stdout.startswith("pilot:1: in review\n")


def test_a_log_written_anew_with_another_key_is_named(people, tmp_path, monkeypatch):
    approve_all(people)
    for name, value in (("HOME", "home2"), ("REVIEW_KEY_FILE", "out2/review.key")):
        monkeypatch.setenv(f"KETRESPONSE_{name}", str(tmp_path / value))
    run("user", "add", "mallory", "--name", "Mallory", "--role", "admin")
    (tmp_path / "home2" / "review.db").replace(tmp_path / "home" / "review.db")
    monkeypatch.setenv("KETRESPONSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KETRESPONSE_REVIEW_KEY_FILE", str(tmp_path / "out" / "review.key"))
    found = verify()
    assert "the whole log was rewritten: no entry was written with the review key" in found
    assert "was replaced by another" in found


def test_of_two_who_approve_at_once_on_the_command_line_one_is_refused(people, monkeypatch):
    add_model(people)
    act("open", "anna")
    seen = make_mark(people.read("pilot").case.digests)
    meeting = Barrier(2, timeout=2)
    compute_objections = review.compute_objections

    def decide(*args, **more):
        """Decide when the other does, if both can: the lock is there to keep them apart."""
        with suppress(BrokenBarrierError):
            meeting.wait()
        return compute_objections(*args, **more)

    monkeypatch.setattr(review, "compute_objections", decide)
    monkeypatch.setattr(sys, "stdin", StringIO(f"{PASSWORD}\n{PASSWORD}\n"))

    def try_to(comment):
        try:
            approve("pilot", by="berta", comment=comment, seen=seen)
        except KetresponseError as err:
            return str(err)
        return "done"

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(try_to, ["one", "the other"]), key=len)
    assert told[0] == "done"
    assert "berta has approved it already" in told[1]
    assert [event.kind for event in people.log.read()].count("approve") == 1
