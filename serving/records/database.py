"""The database behind the store: how it is reached, made and brought up to date.

SQLite in WAL mode, or PostgreSQL. Every failure of it becomes :class:`RecordsUnavailable`, which
the service answers with 503.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from features.errors import KetresponseError
from serving.records.settings import RecordSettings

__all__ = [
    "HEAD",
    "Database",
    "RecordsLocked",
    "RecordsRefused",
    "RecordsUnavailable",
    "bring_up_to_date",
    "make_file",
    "read_revision",
    "take_back",
]

HEAD = "0004"
"""The newest step of the migrations."""

_WAIT_SECONDS = 5.0
_MIGRATIONS = "serving.records:migrations"
_LOCK = 0x6B6574  # of all that use this PostgreSQL, the one word that only ketresponse's take


_CHECKPOINT_SYNCS = 200
_LONGEST_LOG = 16_000_000


class RecordsUnavailable(KetresponseError):
    """The store cannot be read or written now; nothing of what was asked has been kept."""


class RecordsRefused(RecordsUnavailable):
    """The store takes other records, and not this one."""


class RecordsLocked(RecordsUnavailable):
    """Another process writes; to wait for it may help."""


class Database:
    """Connections to one store.

    Parameters
    ----------
    settings : RecordSettings
        Where it is.

    Raises
    ------
    KetresponseError
        If what speaks to PostgreSQL is not installed.

    Attributes
    ----------
    file : Path or None
        The SQLite file; None where the store is a server.
    is_quick : bool
        Whether writing waits for nothing: :meth:`sync` waits for the disk afterwards.
    """

    def __init__(self, settings: RecordSettings) -> None:
        self.place = settings.place
        self.file = settings.file
        self._known: tuple[int, int] | None = None
        self._kept: Connection | None = None
        self._kept_for: tuple[int, int] | None = None
        self.is_quick = self.file is not None and not settings.syncs_before
        self._syncs = 0
        self.engine = (
            _make_server_engine(settings.url)
            if self.file is None
            else _make_file_engine(self.file, "NORMAL" if self.is_quick else "FULL")
        )
        self._writers = {
            wait: self.engine.execution_options(wait=_WAIT_SECONDS if wait else 0.0)
            for wait in (True, False)
        }

    @contextmanager
    def writing(self, *, wait: bool = True) -> Iterator[Connection]:
        """Give a transaction that is kept whole when the block ends, and not at all if it fails.

        Parameters
        ----------
        wait : bool
            Whether a lock of another process is waited for, some seconds.

        Raises
        ------
        RecordsUnavailable
            If the store cannot be written: locked, full, gone, or not one.
        """
        with self._telling("written"):
            self._check_place()
            if wait:
                with self._writers[wait].begin() as connection:
                    yield connection
            else:
                with self._keeping() as connection:
                    yield connection

    @contextmanager
    def _keeping(self) -> Iterator[Connection]:
        """Give a transaction on a connection that stays open: to take one costs as much again.

        For one thread at a time, the one in which requests are answered.
        """
        if self._kept_for != self._known:
            self._drop_kept()
        if self._kept is None:
            self._kept, self._kept_for = self._writers[False].connect(), self._known
        try:
            with self._kept.begin():
                yield self._kept
        except BaseException:
            self._drop_kept()
            raise

    def _drop_kept(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to read from, all at one moment.

        Raises
        ------
        RecordsUnavailable
            If the store cannot be read.
        """
        with self._telling("read"):
            self._check_place()
            with self.engine.begin() as connection:
                yield connection

    def sync(self) -> None:
        """Wait until the disk has what was written, where writing has not waited for it.

        Raises
        ------
        RecordsUnavailable
            If the disk does not take it.
        """
        if not self.is_quick:
            return
        with self._telling("written"):
            # SQLite holds no lock on this file, which closing it would give up.
            try:
                log = os.open(f"{self.file}-wal", os.O_RDWR)
            except FileNotFoundError:
                return  # all of it is in the file itself, which SQLite syncs
            try:
                os.fsync(log)
            finally:
                os.close(log)
            self._syncs += 1
            if self._syncs % _CHECKPOINT_SYNCS == 0:
                self._bring_in(Path(f"{self.file}-wal"))

    def _bring_in(self, log: Path) -> None:
        """Bring what is in SQLite's log into the file itself.

        While requests never pause, that never catches up with them, and the log would grow without
        end: where it is long, writers are made to wait until it is emptied.
        """
        with self.engine.connect() as connection:
            database: Any = connection.connection.driver_connection
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
            if log.stat().st_size > _LONGEST_LOG:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        self._drop_kept()
        self.engine.dispose()

    def _check_place(self) -> None:
        """Notice that the file is another one, or gone: SQLite would write on into nowhere."""
        if self.file is None:
            return
        try:
            found = self.file.stat()
        except OSError as err:
            self.engine.dispose()
            raise RecordsUnavailable(
                f"the store of records {self.place} is gone: put it back from its backup"
            ) from err
        here = (found.st_dev, found.st_ino)
        if self._known not in (None, here):
            self.engine.dispose()
        self._known = here

    @contextmanager
    def _telling(self, done: str) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as err:
            kind: type[RecordsUnavailable] = RecordsLocked if _is_lock(err) else RecordsUnavailable
            if isinstance(err, IntegrityError | DataError):
                kind = RecordsRefused
            raise kind(
                f"the store of records {self.place} cannot be {done}: {_name_cause(err)}"
            ) from err


def _is_lock(err: Exception) -> bool:
    code = getattr(getattr(err, "orig", None) or err, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


def _name_cause(err: Exception) -> str:
    """Return why, in the database's words; never a statement with its values."""
    cause = getattr(err, "orig", None) or err
    if isinstance(err, SQLAlchemyError) and getattr(err, "orig", None) is None:
        return type(err).__name__
    return str(cause).strip().splitlines()[0][:200] if str(cause).strip() else type(cause).__name__


def _make_server_engine(url: URL) -> Engine:
    try:
        return create_engine(url)
    except ModuleNotFoundError as err:
        raise KetresponseError(
            f"records in PostgreSQL need {err.name}: install ketresponse[postgres]"
        ) from err


def _make_file_engine(file: Path, synchronous: str) -> Engine:
    def connect() -> sqlite3.Connection:
        # Never made by connecting: a file that is gone must be noticed.
        address = f"file:{quote(str(file))}?mode=rw"
        connection = sqlite3.connect(
            address, uri=True, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        _use_log(connection)
        for pragma in (
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"wal_autocheckpoint={0 if synchronous == 'NORMAL' else 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    return engine


def _use_log(connection: sqlite3.Connection) -> None:
    """Turn to WAL mode; of processes that begin one store at once, one does and the others wait.

    SQLite itself waits for no lock here.
    """
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as err:
            if not _is_lock(err) or time.monotonic() > end:
                connection.close()
                raise
            time.sleep(0.01)


def _begin(connection: Connection) -> None:
    """Take the writer's place at once: who reads first and writes then may find it taken."""
    wait = connection.get_execution_options().get("wait")
    seconds = _WAIT_SECONDS if wait is None else wait
    connection.exec_driver_sql(f"PRAGMA busy_timeout={int(1000 * seconds)}")
    connection.exec_driver_sql("BEGIN" if wait is None else "BEGIN IMMEDIATE")


def make_file(file: Path) -> None:
    """Make an empty file for a store, which only its owner may read, if there is none.

    Raises
    ------
    RecordsUnavailable
        If it cannot be made.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as err:
        raise RecordsUnavailable(
            f"the store of records {file} cannot be made: {(err.strerror or str(err)).lower()}; "
            "name another place in KETRESPONSE_RECORDS"
        ) from err


def bring_up_to_date(database: Database, revision: str = HEAD) -> None:
    """Bring the tables up to date: all steps, or none.

    Raises
    ------
    RecordsUnavailable
        If the store cannot be written.
    KetresponseError
        If a newer version of ketresponse made it.
    """
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":  # two services that start at once
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        found = read_revision(connection)
        if found == revision:
            return
        if found is not None and found > HEAD:
            raise KetresponseError(
                f"the store of records {database.place} was made by a newer version of "
                f"ketresponse (step {found}, this one knows {HEAD}): install that version"
            )
        _migrate(connection, "upgrade", revision)


def take_back(database: Database, revision: str) -> None:
    """Take steps back, and all that only later steps can hold with them."""
    with database.writing() as connection:
        _migrate(connection, "downgrade", revision)


def read_revision(connection: Connection) -> str | None:
    """Return the step that a store is at; None where there is none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _migrate(connection: Connection, way: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", _MIGRATIONS)
    steps: dict[str, Any] = {"upgrade": command.upgrade, "downgrade": command.downgrade}
    steps[way](config, revision)
