"""Who someone is: local accounts with a password, kept as entries of the review log.

Because an account is an entry, one that is slipped in or given another password is found out like
any other change of the log. Another way to tell who someone is (single sign-on) takes the place
of :class:`LocalAccounts` by offering the same :meth:`IdentityProvider.authenticate`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from features.errors import InputError, Problem, Refused
from training.approval.case import ROLES, SYSTEM, Account, Event, fold_name
from training.review.attempts import Attempts
from training.review.review_log import LogWriter, ReviewLog
from training.review.second_factor import find_step, open_secret, seal_secret

__all__ = ["IdentityProvider", "LocalAccounts"]

SHORTEST_PASSWORD = 12
_NAME = "[a-z][a-z0-9._-]{0,39}"
_COST = {"n": 2**15, "r": 8, "p": 3}
"""Of scrypt: 32 MB and a quarter of a second for each guess."""
_MEMORY = 2**27
_WITH_CODE = ("reviewer", "releaser")
_DIFFERENT = "the name or the password is wrong, or the code where one is needed"


class IdentityProvider(Protocol):
    """Tells who someone is."""

    def authenticate(self, name: str, secret: str, code: str = "") -> Account:
        """Return the account, or raise Refused."""

    def knows(self, account: Account) -> bool:
        """Return whether the account is still in use, as it was when it was authenticated."""

    def find_change(self, account: Account) -> int:
        """Return a number that rises with each change of an account, its password included."""


def _scrypt(password: str, salt: str, cost: Mapping[str, int]) -> str:
    return hashlib.scrypt(
        password.encode(), salt=bytes.fromhex(salt), maxmem=_MEMORY, dklen=32, **cost
    ).hex()


def _hash(password: str) -> dict[str, Any]:
    salt = secrets.token_hex(16)
    return {"salt": salt, "hash": _scrypt(password, salt, _COST), "cost": dict(_COST)}


def _fold(events: Sequence[Event]) -> dict[str, Mapping[str, Any]]:
    """Return the accounts that are in use, each with its role, name and password."""
    found: dict[str, Mapping[str, Any]] = {}
    for event in events:
        if event.kind == "account":
            found[event.subject] = event.details
    return {name: details for name, details in found.items() if details["role"] is not None}


def _account(name: str, details: Mapping[str, Any]) -> Account:
    return Account(name, details["display"], details["role"])


class LocalAccounts:
    """The accounts in a review log.

    Parameters
    ----------
    log : ReviewLog
        Where they are kept.
    demands_code : bool
        Whether reviewers and releasers need a second factor, and not only those who set one up.
    """

    def __init__(self, log: ReviewLog, *, demands_code: bool = False) -> None:
        self._log = log
        self.demands_code = demands_code
        self.attempts = Attempts(log.file.with_name("review.tries.db"))

    def everyone(self) -> list[Account]:
        """Return the accounts in use, by name."""
        return [
            _account(name, details) for name, details in sorted(_fold(self._log.read()).items())
        ]

    def list_role(self, role: str) -> list[str]:
        """Return the names of the accounts in use that have a role."""
        return [account.name for account in self.everyone() if account.role == role]

    @property
    def has_admin(self) -> bool:
        """Whether there is an admin; from then on only an admin changes accounts."""
        return bool(self.list_role("admin"))

    def knows(self, account: Account) -> bool:
        """Return whether the account is still in use, with the same name and role."""
        return account in self.everyone()

    def find_change(self, account: Account) -> int:
        """Return the last entry of the log that changed an account: password, factor or role."""
        changes = (
            event.number
            for event in self._log.read()
            if event.kind == "account" and event.subject == account.name
        )
        return max(changes, default=0)

    def has_second_factor(self, name: str) -> bool:
        """Return whether an account has set up a second factor."""
        return bool(_fold(self._log.read()).get(name, {}).get("totp"))

    def authenticate(self, name: str, secret: str, code: str = "") -> Account:
        """Return the account of a name and its password, and the code of its second factor.

        Raises
        ------
        Refused
            Without telling which of them is wrong, nor by the time it takes.
        """
        details = _fold(self._log.read()).get(name)
        nobody: Mapping[str, Any] = {"salt": "00", "hash": "", "cost": _COST}
        stored = nobody if details is None else details["scrypt"]
        computed = _scrypt(secret, stored["salt"], stored["cost"])
        if details is None or not hmac.compare_digest(computed, stored["hash"]):
            raise Refused(_DIFFERENT)
        if details.get("totp"):
            step = find_step(open_secret(details["totp"], self._log.read_key()), code)
            if step is None or not self.attempts.take_step(name, step):
                raise Refused(_DIFFERENT)
        elif self.demands_code and details["role"] in _WITH_CODE:
            raise Refused(
                "log in with a second factor here: set one up at the machine of the review log, "
                f"`ketresponse review user totp {name}`"
            )
        return _account(name, details)

    def add(
        self, name: str, display: str, role: str, password: str, *, by: Account | None
    ) -> Account:
        """Add an account.

        Parameters
        ----------
        name : str
            Lower case letters, digits and ``._-``; not "system".
        display : str
            The person's name; of nobody else.
        role : {"author", "reviewer", "admin", "releaser"}
            What the person does in reviews.
        password : str
            At least :data:`SHORTEST_PASSWORD` characters.
        by : Account or None
            An admin; None is enough as long as there is no admin.

        Raises
        ------
        InputError
            Listing all that is wrong.
        Refused
            If `by` may not do this.
        """
        hashed = _hash(password)
        with self._log.writing() as writer:
            known = _fold(writer.events)
            problems = []
            if not re.fullmatch(_NAME, name) or name == SYSTEM.name:
                problems.append(
                    Problem(
                        "name",
                        f"up to 40 lower case letters, digits, . _ -; not {SYSTEM.name}",
                        name,
                    )
                )
            if name in {event.subject for event in writer.events if event.kind == "account"}:
                problems.append(Problem("name", "one that was never used", name))
            displays = {fold_name(details["display"]) for details in known.values()}
            if not fold_name(display) or fold_name(display) in displays:
                problems.append(Problem("display name", "a person's name, of nobody else", display))
            if role not in ROLES:
                problems.append(Problem("role", " or ".join(ROLES), role))
            problems += _password_problems(password)
            if problems:
                raise InputError("new account", problems)
            account = Account(name, display, next(known for known in ROLES if known == role))
            _write(
                writer,
                account.name,
                by,
                "added",
                {"display": display, "role": role, "scrypt": hashed},
            )
        return account

    def change_password(self, account: Account, password: str, *, by: Account) -> None:
        """Give an account a new password; its owner may, and an admin.

        Raises
        ------
        InputError, Refused
            As :meth:`add`.
        """
        problems = _password_problems(password)
        if problems:
            raise InputError("new password", problems)
        hashed = _hash(password)
        with self._log.writing() as writer:
            details = {**self._known(writer, account.name), "scrypt": hashed}
            _write(writer, account.name, by, "new password", details, own=by == account)

    def change_second_factor(
        self, account: Account, secret: str | None, code: str = "", *, by: Account
    ) -> None:
        """Give an account a second factor, or take it away; its owner may, and an admin.

        Parameters
        ----------
        account : Account
            Whose.
        secret : str or None
            From :func:`training.review.second_factor.make_secret`; None takes it away, which only
            an admin may: a password alone must not be enough for it.
        code : str
            One that the secret makes now, as proof that it was taken down.
        by : Account
            Who does it.

        Raises
        ------
        InputError, Refused
            If the code is not of the secret, or `by` may not do this.
        """
        if secret is not None and find_step(secret, code) is None:
            problem = Problem("code", "the six digits that the app shows now", "others")
            raise InputError("second factor", [problem])
        with self._log.writing() as writer:
            kept = None if secret is None else seal_secret(secret, self._log.read_key())
            details = {**self._known(writer, account.name), "totp": kept}
            said = "second factor" if secret else "second factor taken away"
            own = by == account and secret is not None
            _write(writer, account.name, by, said, details, own=own)

    def remove(self, name: str, *, by: Account | None) -> None:
        """End an account; what was done with it stays, and its name is not given again.

        Raises
        ------
        InputError, Refused
            If there is no such account, or `by` may not do this.
        """
        with self._log.writing() as writer:
            details = {**self._known(writer, name), "role": None, "scrypt": None, "totp": None}
            _write(writer, name, by, "removed", details)

    @staticmethod
    def _known(writer: LogWriter, name: str) -> Mapping[str, Any]:
        known = _fold(writer.events)
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise InputError("account", [Problem("name", f"one of: {there}", name)])
        return known[name]


def _password_problems(password: str) -> list[Problem]:
    if len(password) >= SHORTEST_PASSWORD:
        return []
    return [Problem("password", f"at least {SHORTEST_PASSWORD} characters", "fewer")]


def _write(
    writer: LogWriter,
    name: str,
    by: Account | None,
    comment: str,
    details: Mapping[str, Any],
    *,
    own: bool = False,
) -> None:
    """Append the account as it is from now on, if `by` may."""
    admins = [n for n, known in _fold(writer.events).items() if known["role"] == "admin"]
    if admins and not own and (by is None or by.name not in admins):
        raise Refused(f"accounts are kept by an admin: {', '.join(sorted(admins))}")
    actor = "the first to come" if by is None else by.name
    writer.append("account", name, actor, comment, details)
