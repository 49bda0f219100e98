from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import closing

import pyotp
import pytest

from features.errors import InputError, Refused
from training.approval.case import Account
from training.review import accounts
from training.review.accounts import LocalAccounts
from training.review.review_log import ReviewLog
from training.review.second_factor import make_secret

PASSWORD = "correct horse battery"
COST = accounts._COST


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(accounts, "_COST", {"n": 2, "r": 1, "p": 1})


@pytest.fixture
def log(tmp_path):
    return ReviewLog(tmp_path / "home" / "review.db", key_file=tmp_path / "out" / "review.key")


@pytest.fixture
def people(log):
    people = LocalAccounts(log)
    people.add("berta", "Berta First", "reviewer", PASSWORD, by=None)
    return people


def test_an_account_is_known_by_its_password(people):
    assert people.authenticate("berta", PASSWORD) == Account("berta", "Berta First", "reviewer")
    assert people.everyone() == [Account("berta", "Berta First", "reviewer")]


@pytest.mark.parametrize(
    "name, secret",
    [("berta", "wrong"), ("nobody", PASSWORD), ("", ""), ("berta", ""), ("system", "")],
)
def test_name_and_password_are_not_told_apart(people, name, secret):
    with pytest.raises(
        Refused, match=r"^the name or the password is wrong, or the code where one is needed$"
    ):
        people.authenticate(name, secret)


def test_no_password_is_stored(people, log):
    assert PASSWORD.encode() not in log.file.read_bytes()


def test_the_stored_hash_is_scrypt(people, log):
    (event,) = log.read()
    stored = event.details["scrypt"]
    salt = bytes.fromhex(stored["salt"])
    assert len(salt) == 16
    assert (
        stored["hash"]
        == hashlib.scrypt(PASSWORD.encode(), salt=salt, n=2, r=1, p=1, dklen=32).hex()
    )


def test_a_guess_costs_what_is_advised():
    # OWASP's password storage cheat sheet gives N = 2^15, r = 8, p = 3 among its equals.
    assert COST == {"n": 2**15, "r": 8, "p": 3}


def test_every_problem_of_a_new_account_is_listed(people):
    with pytest.raises(InputError) as caught:
        people.add("System X", "BERTA first", "boss", "short", by=None)
    assert [problem.column for problem in caught.value.problems] == [
        "name",
        "display name",
        "role",
        "password",
    ]
    assert "short" not in caught.value.report()
    for name in ("system", "berta"):
        with pytest.raises(InputError, match="name"):
            people.add(name, "Someone Else", "reviewer", PASSWORD, by=None)


def test_once_there_is_an_admin_nobody_else_keeps_accounts(people):
    admin = people.add("emil", "Emil Keeper", "admin", PASSWORD, by=None)
    berta = people.authenticate("berta", PASSWORD)
    for by in (None, berta):
        with pytest.raises(Refused, match="kept by an admin: emil"):
            people.add("fake", "Fake Person", "reviewer", PASSWORD, by=by)
        with pytest.raises(Refused, match="kept by an admin"):
            people.remove("emil", by=by)
    people.add("carl", "Carl Second", "reviewer", PASSWORD, by=admin)
    assert [account.name for account in people.everyone()] == ["berta", "carl", "emil"]


def test_a_password_is_changed_by_its_owner(people):
    berta = people.authenticate("berta", PASSWORD)
    people.change_password(berta, "another long one", by=berta)
    with pytest.raises(Refused):
        people.authenticate("berta", PASSWORD)
    assert people.authenticate("berta", "another long one") == berta
    with pytest.raises(InputError, match="at least 12 characters"):
        people.change_password(berta, "short", by=berta)


def test_an_account_that_was_removed_is_gone_and_its_name_with_it(people):
    people.remove("berta", by=None)
    with pytest.raises(Refused):
        people.authenticate("berta", PASSWORD)
    with pytest.raises(InputError, match="one that was never used"):
        people.add("berta", "Berta Other", "reviewer", PASSWORD, by=None)
    with pytest.raises(InputError, match="one of: none"):
        people.remove("berta", by=None)


def test_a_password_put_into_the_store_by_hand_is_found(people, log):
    with closing(sqlite3.connect(log.file)) as connection, connection:
        connection.execute("DROP TRIGGER log_keeps")
        connection.execute("UPDATE log SET entry = replace(entry, 'reviewer', 'admin')")
    with pytest.raises(Refused, match="entry 1 was changed"):
        people.authenticate("berta", PASSWORD)


@pytest.mark.parametrize(
    "display", ["berta  first", "BERTA FIRST", "Berta\u00a0First", "Ｂerta First"]
)
def test_a_name_that_is_only_written_otherwise_is_the_same_person(people, display):
    with pytest.raises(InputError, match="display name"):
        people.add("carl", display, "reviewer", PASSWORD, by=None)


def code_of(secret, step=0):
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * step)


@pytest.fixture
def berta(people):
    """Return an account with a second factor, and its secret."""
    account, secret = people.authenticate("berta", PASSWORD), make_secret()
    with pytest.raises(InputError, match="the six digits that the app shows now"):
        people.change_second_factor(account, secret, "000000x", by=account)
    people.change_second_factor(account, secret, code_of(secret), by=account)
    return account, secret


def test_who_has_a_second_factor_needs_its_code_once(people, log, berta):
    account, secret = berta
    assert people.has_second_factor("berta")
    for code in ("", "12", code_of(secret, 9), "\u0661\u0662\u0663\u0664\u0665\u0666"):
        with pytest.raises(Refused, match="the name or the password is wrong, or the code"):
            people.authenticate("berta", PASSWORD, code)
    code = code_of(secret)
    with pytest.raises(Refused):
        people.authenticate("berta", "wrong", code)
    assert people.authenticate("berta", PASSWORD, code) == account
    with pytest.raises(Refused):
        people.authenticate("berta", PASSWORD, code)  # somebody looked over her shoulder
    assert people.authenticate("berta", PASSWORD, code_of(secret, 1)) == account
    assert secret.encode() not in log.file.read_bytes()
    people.change_password(account, "another long one", by=account)
    with pytest.raises(Refused):
        people.authenticate("berta", "another long one")


def test_a_second_factor_is_taken_away_by_an_admin_alone(people, berta):
    account, _ = berta
    admin = people.add("emil", "Emil Keeper", "admin", PASSWORD, by=None)
    with pytest.raises(Refused, match="kept by an admin"):
        people.change_second_factor(account, None, by=account)
    people.change_second_factor(account, None, by=admin)
    assert people.authenticate("berta", PASSWORD) == account


def test_where_it_is_demanded_nobody_judges_without_one(log, people, berta):
    people.add("carl", "Carl Second", "reviewer", PASSWORD, by=None)
    people.add("anna", "Anna Author", "author", PASSWORD, by=None)
    strict = LocalAccounts(log, demands_code=True)
    with pytest.raises(Refused, match="ketresponse review user totp carl"):
        strict.authenticate("carl", PASSWORD)
    assert strict.authenticate("anna", PASSWORD).name == "anna"
    assert strict.authenticate("berta", PASSWORD, code_of(berta[1])).name == "berta"
