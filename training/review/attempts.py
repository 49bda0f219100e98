"""How often somebody tried to log in, in vain: each further try has to wait longer.

Tries are counted by name and address together, so that nobody can lock an owner out from
elsewhere, and by address over all names. They are kept beside the review log, for pages and
command line alike; whoever can write there can take them away, and needs no password at all.
"""

from __future__ import annotations

import getpass
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import KetresponseError, Refused
from training.approval.case import Account, fold_name

if TYPE_CHECKING:
    from training.review.accounts import IdentityProvider

__all__ = ["Attempts", "log_in", "name_terminal"]

_FREE, _FREE_OF_ADDRESS = 5, 20
_FIRST_WAIT, _LONGEST_WAIT, _FORGOTTEN = 30.0, 3600.0, 86_400.0
_TABLES = """
CREATE TABLE IF NOT EXISTS tries (who TEXT PRIMARY KEY, failed INTEGER, last REAL);
CREATE TABLE IF NOT EXISTS codes (who TEXT PRIMARY KEY, step INTEGER);
"""


def name_terminal() -> str:
    """Return what stands for the address of whoever types at a terminal of this machine."""
    return f"terminal of {getpass.getuser()}"


class Attempts:
    """Counts what failed, in a file.

    Parameters
    ----------
    file : Path
        Made at the first try.
    now : callable
        The clock, in seconds.
    """

    def __init__(self, file: Path, *, now: Callable[[], float] = time.time) -> None:
        self._file, self._now = file, now

    def begin(self, name: str, address: str) -> None:
        """Count a try, before it is known how it ends.

        Raises
        ------
        Refused
            If it comes too early after those that failed; it is not counted then.
        KetresponseError
            If it cannot be counted: nobody logs in then.
        """
        now, waits = self._now(), []
        with self._open() as connection:
            for who, free in self._count_by(name, address):
                found = connection.execute(
                    "SELECT failed, last FROM tries WHERE who = ?", (who,)
                ).fetchone()
                failed, last = found or (0, 0.0)
                if now - last > _FORGOTTEN:
                    failed = 0
                if failed >= free:
                    wait = min(_FIRST_WAIT * 2.0 ** (failed - free), _LONGEST_WAIT)
                    waits.append(min(last, now) + wait - now)
                connection.execute(
                    "INSERT OR REPLACE INTO tries VALUES (?, ?, ?)", (who, failed + 1, now)
                )
            if max(waits, default=0.0) > 0:
                connection.execute("ROLLBACK")
                raise Refused(
                    f"too many wrong passwords from here: wait {_say(max(waits))} and try again"
                )

    def succeed(self, name: str, address: str) -> None:
        """Forget what failed before: it was the owner after all."""
        own, everybody = (who for who, _ in self._count_by(name, address))
        with self._open() as connection:
            connection.execute("DELETE FROM tries WHERE who = ?", (own,))
            connection.execute("UPDATE tries SET failed = failed - 1 WHERE who = ?", (everybody,))

    def take_step(self, name: str, step: int) -> bool:
        """Return whether a code of the second factor may count: each does once.

        Parameters
        ----------
        name : str
            Of the account.
        step : int
            From :func:`training.review.second_factor.find_step`.
        """
        with self._open() as connection:
            taken = connection.execute(
                "INSERT INTO codes VALUES (?, ?) ON CONFLICT (who) DO UPDATE SET step = "
                "excluded.step WHERE excluded.step > step",
                (name, step),
            )
            return taken.rowcount == 1

    @staticmethod
    def _count_by(name: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
        own = f"{fold_name(name)[:80]} from {address}"
        return (own, _FREE), (f"anybody from {address}", _FREE_OF_ADDRESS)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._file, isolation_level=None)) as connection:
                connection.executescript(_TABLES)
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                if connection.in_transaction:
                    connection.execute("COMMIT")
        except (OSError, sqlite3.Error) as err:
            raise KetresponseError(
                f"nobody can log in: tries cannot be counted in {self._file}: {err}"
            ) from err


def _say(seconds: float) -> str:
    if seconds > 90:
        return f"{seconds / 60:.0f} minutes"
    return f"{max(seconds, 1):.0f} seconds"


def log_in(
    identity: IdentityProvider,
    attempts: Attempts,
    name: str,
    secret: str,
    *,
    code: str = "",
    address: str,
) -> Account:
    """Return the account of somebody who says who they are.

    Parameters
    ----------
    identity : IdentityProvider
        Tells whether it is true.
    attempts : Attempts
        Counts what is not.
    name, secret, code : str
        What they say.
    address : str
        Where from: a network address, or :func:`name_terminal`.

    Raises
    ------
    Refused
        If it is not true, or is tried too often.
    """
    attempts.begin(name, address)
    account = identity.authenticate(name, secret, code)
    attempts.succeed(name, address)
    return account
