"""A copy of the store while a service writes to it, and the way back to an older version."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from features.errors import KetresponseError
from serving.records.database import HEAD, take_back
from serving.records.store import RecordStore

__all__ = ["FIRST", "back_up", "step_back"]

FIRST = "0001"
"""The oldest step of the tables."""


def back_up(store: RecordStore, out: Path) -> None:
    """Write all that the store holds at one moment into one file, whole or not at all.

    A service may write meanwhile, and is not held up. What is sealed stays sealed: without the key
    file, of which this is no copy, nobody reads it.

    Parameters
    ----------
    store : RecordStore
        In a SQLite file.
    out : Path
        File to write, readable by its owner only; what was there is replaced.

    Raises
    ------
    KetresponseError
        If the store is in PostgreSQL, or the copy cannot be written.
    """
    file = store.database.file
    if file is None:
        raise KetresponseError(
            "the records are in PostgreSQL: back them up with its own pg_dump --format=custom"
        )
    if out.exists() and out.samefile(file):
        raise KetresponseError(f"{out} is the store itself: name another file")
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("VACUUM INTO ?", (str(part),))
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        part.replace(out)
    except (OSError, sqlite3.Error) as err:
        told = getattr(err, "strerror", None) or str(err)
        raise KetresponseError(f"the copy cannot be written to {out}: {told}") from err
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def step_back(store: RecordStore, revision: str) -> None:
    """Take the tables back to what an older version of ketresponse knows.

    Estimates and outcomes stay. Tables that only later steps have go, with what is in them.

    Raises
    ------
    KetresponseError
        If there is no such step.
    """
    if not (revision.isascii() and revision.isdigit() and FIRST <= revision <= HEAD):
        raise KetresponseError(f"there is no step {revision}: name one from {FIRST} to {HEAD}")
    take_back(store.database, revision)
