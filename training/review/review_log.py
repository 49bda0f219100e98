"""The review log: append-only, chained, and marked with a key kept outside of it.

Each entry holds the digest of the one before and carries an HMAC, so that nobody without the key
can change, add, remove or reorder entries, or write the whole log anew, without being found out.
How long the log is, and how it ends, is kept beside the key, so that an end cut off or an older
copy put back is found too. Whoever holds the key and both places can write what they like: keep
the key where the log's keepers cannot read it, or give it to a third person.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from features.errors import KetresponseError, Refused
from training.approval.case import Event
from training.review.signature import make_public_key, sign

__all__ = ["LogWriter", "ReviewLog", "Tampered", "find_home"]

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
CREATE TABLE IF NOT EXISTS store (id TEXT NOT NULL);
INSERT INTO store SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT id FROM store);
CREATE TABLE IF NOT EXISTS outside.head (
    store TEXT PRIMARY KEY, place TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,
    mac TEXT NOT NULL);
COMMIT;
"""


class Tampered(Refused):
    """The review log, or what it speaks of, is not as it was written."""

    def __init__(self, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        listed = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(f"the review log cannot be trusted:\n{listed}")


@dataclass(frozen=True)
class _Row:
    number: int
    entry: str
    digest: str
    mac: str


@dataclass(frozen=True)
class _Stored:
    """What the two places hold."""

    store: str
    rows: list[_Row]
    head: tuple[int, str, str] | None
    displaced: int
    """Entries of another log that was in the same place before."""


def find_home(environ: Mapping[str, str], tracking_uri: str) -> Path:
    """Return the folder of reviews and releases.

    Parameters
    ----------
    environ : mapping
        KETRESPONSE_HOME, where it is set.
    tracking_uri : str
        Else the folder ``ketresponse-home`` beside a SQLite tracking store, or here.
    """
    if environ.get("KETRESPONSE_HOME"):
        return Path(environ["KETRESPONSE_HOME"])
    scheme, _, rest = tracking_uri.partition(":///")
    beside = Path(rest.partition("?")[0]).parent if scheme == "sqlite" else Path()
    return beside / "ketresponse-home"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _mark(key: bytes, *parts: object) -> str:
    return hmac.new(key, json.dumps(parts).encode(), hashlib.sha256).hexdigest()


def _marked(key: bytes, mac: str, *parts: object) -> bool:
    return hmac.compare_digest(mac, _mark(key, *parts))


def _find_tampering(stored: _Stored, key: bytes) -> list[str]:
    """Return what is wrong with a log, in words that name the entry."""
    findings = []
    if stored.displaced and not stored.rows:
        findings.append(f"the log that was here, with {stored.displaced} entries, is gone")
    elif stored.displaced:
        findings.append(
            f"the log that was here, with {stored.displaced} entries, was replaced by another"
        )
    if stored.rows and not any(_marked(key, r.mac, "entry", r.digest) for r in stored.rows):
        return [*findings, "the whole log was rewritten: no entry was written with the review key"]
    previous = _sha256(stored.store)
    for place, row in enumerate(stored.rows, start=1):
        findings += _find_in_row(row, place, previous, key)
        previous = row.digest
    if stored.head is not None:
        findings += _find_at_end(stored, stored.head, key)
    elif stored.rows:
        findings.append("what was kept of the log's end, beside the key, is gone")
    return findings


def _find_in_row(row: _Row, place: int, previous: str, key: bytes) -> list[str]:
    if _sha256(row.entry) != row.digest:
        return [f"entry {row.number} was changed"]
    if not _marked(key, row.mac, "entry", row.digest):
        return [f"entry {row.number} was not written with the review key"]
    entry = json.loads(row.entry)
    if entry["number"] != row.number or row.number != place or entry["previous"] != previous:
        return [
            f"entry {row.number} does not follow the one before it: entries were removed, "
            "added or moved"
        ]
    return []


def _find_at_end(stored: _Stored, head: tuple[int, str, str], key: bytes) -> list[str]:
    number, digest, mac = head
    if not _marked(key, mac, "head", stored.store, number, digest):
        return ["what was kept of the log's end, beside the key, was changed"]
    last = stored.rows[-1].number if stored.rows else 0
    if last < number:
        return [
            f"the log ends after entry {last}, but {number} were written: its end was cut off "
            "or an older copy was put back"
        ]
    if not stored.rows or stored.rows[-1].digest != digest:
        return ["the log does not end as it was last written"]
    return []


def _to_event(row: _Row) -> Event:
    entry = json.loads(row.entry)
    return Event(**{name: entry[name] for name in entry if name not in ("store", "previous")})


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
        """Write one more entry, with the time, and return it."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
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
        digest = _sha256(entry)
        row = _Row(number, entry, digest, _mark(self._key, "entry", digest))
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
                _mark(self._key, "head", self._store, number, digest),
            ),
        )
        event = _to_event(row)
        self._previous = digest
        self.events.append(event)
        return event


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
            self.read()
        except Tampered as err:
            return list(err.findings)
        return []

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
                previous = stored.rows[-1].digest if stored.rows else _sha256(stored.store)
                place = str(self.file.resolve())
                yield LogWriter(events, connection, stored.store, previous, self._read_key(), place)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def _check(self, stored: _Stored) -> list[Event]:
        if not stored.rows and not stored.displaced and stored.head is None:
            return []
        findings = _find_tampering(stored, self._read_key())
        if findings:
            raise Tampered(findings)
        return [_to_event(row) for row in stored.rows]

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
        key = self._read_key()
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

    def _read_key(self) -> bytes:
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
            with closing(connection):
                connection.execute("ATTACH ? AS outside", (place(self._heads),))
                names = "SELECT name FROM {}sqlite_master WHERE name IN ('store', 'head')"
                if not all(
                    connection.execute(names.format(part)).fetchone() for part in ("", "outside.")
                ):
                    connection.executescript(_TABLES)
                yield connection
        except sqlite3.Error as err:
            raise KetresponseError(f"cannot use the review log {self.file}: {err}") from err

    def _load(self, connection: sqlite3.Connection) -> _Stored:
        (store,) = connection.execute("SELECT id FROM store").fetchone()
        rows = connection.execute("SELECT number, entry, digest, mac FROM log ORDER BY number")
        head = connection.execute(
            "SELECT number, digest, mac FROM outside.head WHERE store = ?", (store,)
        ).fetchone()
        displaced = connection.execute(
            "SELECT max(number) FROM outside.head WHERE place = ? AND store <> ?",
            (str(self.file.resolve()), store),
        ).fetchone()[0]
        return _Stored(store, [_Row(*row) for row in rows], head, displaced or 0)
