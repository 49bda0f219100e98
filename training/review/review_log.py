"""The review log: append-only, chained, and marked with a key kept outside of it.

Each entry holds the digest of the one before and carries an HMAC, so that nobody without the key
can change, add, remove or reorder entries, or write the whole log anew, without being found out.
How long the log is, and how it ends, is kept beside the key, so that an end cut off or an older
copy put back is found too. Whoever holds the key and both places can write what they like: keep
the key where the log's keepers cannot read it, or give it to a third person.

The log is the truth. What else tells of a review (registry, signed record, released folder) follows
once an entry is committed: the entry stands in the table ``pending``, written with it, until all
of them have been told, so that whatever stopped in between is made up for by the next command.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from features.errors import KetresponseError, Refused
from training.approval.case import Event
from training.review.signature import make_public_key, sign
from training.review.tampering import (
    SKEW,
    Row,
    Stored,
    Tampered,
    compute_digest,
    find_backwards,
    find_tampering,
    mark,
    to_event,
)

__all__ = ["LogWriter", "ReviewLog"]

_WAIT_SECONDS = 60.0
_KEY_BYTES = 32
_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY, entry TEXT NOT NULL, digest TEXT NOT NULL, mac TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS log_keeps BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the review log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_stays BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the review log is append-only'); END;
CREATE TABLE IF NOT EXISTS pending (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS store (id TEXT NOT NULL);
INSERT INTO store SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT id FROM store);
CREATE TABLE IF NOT EXISTS outside.head (
    store TEXT PRIMARY KEY, place TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,
    mac TEXT NOT NULL);
COMMIT;
"""
_NAMES = {"log", "pending", "store", "head"}


@dataclass
class LogWriter:
    """The log while nobody else can write to it; what is appended is kept when the block ends.

    Parameters
    ----------
    events : list of Event
        Everything so far.
    """

    events: list[Event]
    _connection: sqlite3.Connection = field(repr=False)
    _store: str = field(repr=False)
    _previous: str = field(repr=False)
    _key: bytes = field(repr=False)
    _place: str = field(repr=False)

    def append(
        self, kind: str, subject: str, actor: str, comment: str, details: Mapping[str, Any]
    ) -> Event:
        """Write one more entry, with the time, and return it.

        Raises
        ------
        Refused
            If the clock is behind the last entry by more than
            :data:`training.review.tampering.SKEW`.
        """
        at = self._find_time()
        number = len(self.events) + 1
        fields = {
            "store": self._store,
            "number": number,
            "previous": self._previous,
            "at": at,
            "kind": kind,
            "subject": subject,
            "actor": actor,
            "comment": comment,
            "details": dict(details),
        }
        entry = json.dumps(fields, sort_keys=True)
        digest = compute_digest(entry)
        row = Row(number, entry, digest, mark(self._key, "entry", digest))
        self._connection.execute(
            "INSERT INTO log VALUES (?, ?, ?, ?)", (row.number, row.entry, row.digest, row.mac)
        )
        self._connection.execute(
            "INSERT OR REPLACE INTO outside.head VALUES (?, ?, ?, ?, ?)",
            (
                self._store,
                self._place,
                number,
                digest,
                mark(self._key, "head", self._store, number, digest),
            ),
        )
        if kind != "account":
            self._connection.execute("INSERT INTO pending VALUES (?)", (number,))
        event = to_event(row)
        self._previous = digest
        self.events.append(event)
        return event

    def _find_time(self) -> str:
        """Return the time of the next entry, never before the last one's."""
        now = datetime.now(UTC)
        if not self.events:
            return now.isoformat(timespec="seconds")
        last = datetime.fromisoformat(self.events[-1].at)
        if now < last - SKEW:
            raise Refused(
                f"the clock says {now:%Y-%m-%d %H:%M} UTC, and the log's last entry is of "
                f"{last:%Y-%m-%d %H:%M}: nothing was written; set the clock of this machine"
            )
        return max(now, last).isoformat(timespec="seconds")


@dataclass
class Settling:
    """Entries of which not everything else has been told yet.

    Parameters
    ----------
    events : list of Event
        The whole log.
    pending : list of int
        Numbers of those entries.
    done : set of int
        Filled by who tells of them.
    """

    events: list[Event]
    pending: list[int]
    done: set[int] = field(default_factory=set)


class ReviewLog:
    """The log in its file; made at the first entry, and so is the key.

    Parameters
    ----------
    file : Path
        SQLite file of the log.
    key_file : Path
        The key, outside the log's folder; how the log ends is kept beside it.
    """

    def __init__(self, file: Path, *, key_file: Path) -> None:
        if key_file.resolve().is_relative_to(file.resolve().parent):
            raise KetresponseError(
                f"the review key {key_file} lies with the log it is meant to guard; keep it "
                "outside, at KETRESPONSE_REVIEW_KEY_FILE"
            )
        self.file = file
        self.key_file = key_file
        self._heads = key_file.with_name(f"{key_file.name}.heads")

    def read(self) -> list[Event]:
        """Return every entry, once the whole log was found as it was written.

        Raises
        ------
        Tampered
            Listing all that is wrong.
        """
        with self._open(create=False) as connection:
            connection.execute("BEGIN")  # so that both places are seen as of one moment
            return self._check(self._load(connection))

    def verify(self) -> list[str]:
        """Return what is wrong with the log; empty if it is as it was written."""
        try:
            return find_backwards(self.read())
        except Tampered as err:
            return list(err.findings)

    @property
    def has_pending(self) -> bool:
        """Whether there are entries of which not everything else has been told."""
        with self._open(create=False) as connection:
            return connection.execute("SELECT 1 FROM pending").fetchone() is not None

    @contextmanager
    def settling(self) -> Iterator[Settling]:
        """Hold the log while registry and folders are told of it: nobody else writes meanwhile.

        Entries that are `done` when the block ends are no longer pending. Where that cannot be
        kept they are told once more by the next command, which changes nothing.
        """
        with self._open(create=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                events = self._check(self._load(connection))
                rows = connection.execute("SELECT number FROM pending ORDER BY number")
                pending = [number for (number,) in rows]
                if not set(pending) <= {event.number for event in events}:
                    raise Tampered(["entries are to be told of that were never written"])
                settling = Settling(events, pending)
                yield settling
                for number in settling.done:
                    connection.execute("DELETE FROM pending WHERE number = ?", (number,))
                connection.execute("PRAGMA busy_timeout = 200")
                with suppress(sqlite3.OperationalError):  # somebody reads: see above
                    connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[LogWriter]:
        """Hold the log for writing: nobody else writes until the block has ended.

        What was appended is kept if the block ends well, and dropped if it does not.

        Raises
        ------
        Tampered
            If the log is not as it was written; it is not written to then.
        """
        with self._open(create=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                stored = self._load(connection)
                events = self._check(stored)
                if not events and not self.key_file.exists():
                    self._make_key()
                previous = (
                    str(stored.rows[-1].digest) if stored.rows else compute_digest(stored.store)
                )
                place = str(self.file.resolve())
                yield LogWriter(events, connection, stored.store, previous, self.read_key(), place)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def _check(self, stored: Stored) -> list[Event]:
        if not stored.rows and not stored.displaced and stored.head is None:
            return []
        findings = find_tampering(stored, self.read_key())
        if findings:
            raise Tampered(findings)
        return [to_event(row) for row in stored.rows]

    @property
    def public_key(self) -> Path:
        """File of the public key, by which others check what :meth:`sign` has signed."""
        return self.key_file.with_suffix(".pub")

    def sign(self, annex: Mapping[str, Any]) -> str:
        """Return the signature of what stands beside a card, :mod:`training.review.signature`.

        Raises
        ------
        KetresponseError
            If the review key cannot be read, or the public one not be written.
        """
        key = self.read_key()
        try:
            self.public_key.write_text(make_public_key(key))
        except OSError as err:
            raise KetresponseError(f"cannot write {self.public_key}: {err.strerror}") from err
        return sign(annex, key)

    def _make_key(self) -> None:
        # Whole at once: nobody can read half a key, and of two made at a time one stays.
        part = self.key_file.with_name(f".{self.key_file.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES))
        with suppress(FileExistsError):
            os.link(part, self.key_file)
        part.unlink()

    def read_key(self) -> bytes:
        """Return the review key.

        Raises
        ------
        KetresponseError
            If it is not there, damaged, or others can read it.
        """
        try:
            if os.name == "posix" and self.key_file.stat().st_mode & 0o077:
                raise KetresponseError(
                    f"others can read the review key {self.key_file}: chmod 600 it"
                )
            key = bytes.fromhex(self.key_file.read_text())
            if len(key) != _KEY_BYTES:
                raise ValueError("of another length")
        except (OSError, ValueError) as err:
            raise KetresponseError(
                f"the review key {self.key_file} cannot be read: bring it back, or name its place "
                "in KETRESPONSE_REVIEW_KEY_FILE; without it nothing in the log can be trusted"
            ) from err
        return key

    @contextmanager
    def _open(self, *, create: bool) -> Iterator[sqlite3.Connection]:
        """Open both places as one: a transaction is kept in both or in neither.

        A place that is not there is taken as empty, and made only if `create` is set.
        """

        def place(file: Path) -> str:
            return str(file) if create or file.exists() else ":memory:"

        if create:
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self.key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                for file in (self.file, self._heads):  # the log holds the passwords' hashes
                    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            except OSError as err:
                raise KetresponseError(f"cannot make {err.filename}: {err.strerror}") from err
        try:
            connection = sqlite3.connect(
                place(self.file), timeout=_WAIT_SECONDS, isolation_level=None
            )
            # Whatever somebody has put into a cell can be read, and is then named.
            connection.text_factory = lambda data: data.decode(errors="replace")
            with closing(connection):
                connection.execute("ATTACH ? AS outside", (place(self._heads),))
                parts = ("", "outside.")
                names = "SELECT name FROM {}sqlite_master"
                found = {row[0] for part in parts for row in connection.execute(names.format(part))}
                if not found >= _NAMES:
                    connection.executescript(_TABLES)
                yield connection
        except sqlite3.Error as err:
            told = f"cannot use the review log {self.file}: {err}"
            if "locked" in str(err):
                told += "; another program holds it: nothing was written, end it and try again"
            raise KetresponseError(told) from err

    def _load(self, connection: sqlite3.Connection) -> Stored:
        stored = connection.execute("SELECT id FROM store").fetchone()
        store = str(stored[0]) if stored else ""
        rows = connection.execute("SELECT number, entry, digest, mac FROM log ORDER BY number")
        head = connection.execute(
            "SELECT number, digest, mac FROM outside.head WHERE store = ?", (store,)
        ).fetchone()
        displaced = connection.execute(
            "SELECT max(number) FROM outside.head WHERE place = ? AND store <> ?",
            (str(self.file.resolve()), store),
        ).fetchone()[0]
        return Stored(store, [Row(*row) for row in rows], head, displaced or 0)
