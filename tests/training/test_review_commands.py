"""The review as typed at a command line; passwords come by standard input."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from features.errors import EXIT_REFUSED, InputError, KetresponseError, Refused
from tests.training.test_review import RESEARCH, add_model
from training import accounts
from training.review import make_desk
from training.review_commands import app

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
    return run(action, "pilot", "--by", by, "--comment", comment, *more, typed=typed).stdout


@pytest.fixture
def people(desk):
    for name, display, role in (("anna", "Anna Author", "author"),
                                ("berta", "Berta First", "reviewer"),
                                ("carl", "Carl Second", "reviewer")):  # fmt: skip
        run("user", "add", name, "--name", display, "--role", role)
    return desk


def test_a_whole_review(people):
    add_model(people, external=False)
    assert "pilot:1  not opened" in run("status").stdout
    act("open", "anna")
    with pytest.raises(Refused, match="gate 9"):
        act("approve", "berta")
    assert "Before it can be released" in act("waive", "berta", "--gate", 9)
    act("approve", "berta")
    assert "It may be released: ketresponse release pilot:1" in act("approve", "carl")
    assert run("verify").stdout == "Everything is as it was signed.\n"
    told = run("status", "pilot").stdout
    assert told.startswith("pilot:1: approved, for silent prospective evaluation\n")
    assert " 9. waived" in told
    assert "11. pass" in told
    assert "waive gate 9  Berta First: read it" in told
    found = json.loads(run("status", "pilot", "--json").stdout)
    assert (found["standing"], found["unmet"]) == ("approved", [])
    assert [gate["status"] for gate in found["gates"]].count("pass") == 11
    assert found["scope"] == "silent prospective evaluation"
    listed = json.loads(run("status", "--json").stdout)
    assert listed == [{"model": "pilot:1", "standing": "approved"}]


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
    with pytest.raises(Refused, match="demonstration only"):
        add_model(people, facts=RESEARCH)
        act("open", "system", typed="")


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
        run("user", "add", "dora", "--name", "Dora Third", "--role", "reviewer", "--by", "berta",
            typed=f"{PASSWORD}\n{PASSWORD}")  # fmt: skip
    run("user", "remove", "carl", "--by", "emil")
    run("user", "password", "berta", typed=f"{PASSWORD}\nanother long one")
    assert run("user", "list").stdout.splitlines() == [
        "anna  author  Anna Author", "berta  reviewer  Berta First", "emil  admin  Emil Keeper",
    ]  # fmt: skip
    with pytest.raises(Refused):
        run("user", "password", "berta", typed=f"{PASSWORD}\nyet another one")
    with pytest.raises(InputError, match="at least 12 characters"):
        run("user", "password", "berta", typed="another long one\nshort")


def test_nothing_registered_is_told(desk):
    assert "No model is registered here yet" in run("status").stdout
    assert json.loads(run("status", "--json").stdout) == []
