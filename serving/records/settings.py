"""Where estimates are recorded, what of them is kept, and for how long."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from features.errors import InputError, Problem
from serving.records.place import OFF, find_records

__all__ = ["RecordSettings"]

_CONTENTS = {"encrypted": True, "none": False}
_SYNC = {"soon": False, "before": True}
_POSTGRES = "postgresql+psycopg"
_MOST_DAYS = 36_500


@dataclass(frozen=True)
class RecordSettings:
    """Settings of the store of records.

    Parameters
    ----------
    url : URL
        A SQLite file, or a PostgreSQL database.
    key_file : Path
        The keys that seal what is about patients; kept elsewhere than the store.
    keeps_content : bool
        Whether inputs and whole answer are kept, encrypted. Probabilities always are, so that
        they can be compared with what happens.
    retention_days : int or None
        After how many days a record is deleted; None keeps it.
    syncs_before : bool
        Of SQLite, whether an answer also waits until the disk has its record. Else the record is
        handed to the system first, which loses nothing when the service is killed, and the disk
        is waited for at once afterwards, before the next is written: a power cut may take the
        records of the last hundredths of a second. PostgreSQL always waits.
    """

    url: URL
    key_file: Path
    keeps_content: bool = True
    retention_days: int | None = None
    syncs_before: bool = False

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> RecordSettings | None:
        """Return what the environment says.

        Parameters
        ----------
        environ : mapping
            KETRESPONSE_RECORDS (a file, a URL, or "off"; without it ``records.db`` where reviews
            and releases are kept), KETRESPONSE_RECORDS_KEY_FILE,
            KETRESPONSE_RECORDS_CONTENT ("encrypted" or "none"),
            KETRESPONSE_RECORDS_RETENTION_DAYS, KETRESPONSE_RECORDS_SYNC ("soon" or "before").

        Returns
        -------
        RecordSettings or None
            None where nothing is recorded.

        Raises
        ------
        InputError
            Listing every setting that is wrong.
        """
        where = find_records(environ)
        content = environ.get("KETRESPONSE_RECORDS_CONTENT") or "encrypted"
        sync = environ.get("KETRESPONSE_RECORDS_SYNC") or "soon"
        days = environ.get("KETRESPONSE_RECORDS_RETENTION_DAYS") or ""
        problems = []
        url = _read_url(where)
        if url is None:
            expected = "a file, sqlite:///FILE, postgresql://USER@HOST/DATABASE, or off"
            problems.append(Problem("KETRESPONSE_RECORDS", expected, "another address"))
        for name, given, known in (
            ("KETRESPONSE_RECORDS_CONTENT", content, _CONTENTS),
            ("KETRESPONSE_RECORDS_SYNC", sync, _SYNC),
        ):
            if given not in known:
                problems.append(Problem(name, " or ".join(known), given[:40]))
        right = days.isascii() and days.isdigit() and len(days) < 6 and 0 < int(days) <= _MOST_DAYS
        if days and not right:
            expected = f"whole days from 1 to {_MOST_DAYS}"
            problems.append(Problem("KETRESPONSE_RECORDS_RETENTION_DAYS", expected, days[:40]))
        if problems:
            raise InputError("settings of the records", problems)
        if where == OFF or url is None:
            return None
        key_file = environ.get("KETRESPONSE_RECORDS_KEY_FILE")
        return cls(
            url,
            Path(key_file) if key_file else _find_key_file(environ, url),
            _CONTENTS[content],
            int(days) if days else None,
            _SYNC[sync],
        )

    @property
    def place(self) -> str:
        """Where the records are, as it may be told: without user and password."""
        if self.file is not None:
            return str(self.file)
        return _tell(self.url)

    @property
    def file(self) -> Path | None:
        """The SQLite file; None where the store is a server."""
        return Path(self.url.database or "") if self.url.drivername == "sqlite" else None


def _read_url(where: str) -> URL | None:
    """Return the address of the store; None where it is none of those that are known."""
    if "://" not in where:
        return URL.create("sqlite", database=str(Path(where).absolute()))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        return None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername=_POSTGRES)
    if backend != "sqlite" or not url.database:
        return None
    return URL.create("sqlite", database=str(Path(url.database).absolute()))


def _tell(url: URL) -> str:
    """Return an address without user, password and whatever follows the database."""
    bare = URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return bare.render_as_string()


def _find_key_file(environ: Mapping[str, str], url: URL) -> Path:
    """Return the key file in the user's settings: one for each store, by the store's address."""
    config = environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    digest = hashlib.sha256(_tell(url).encode()).hexdigest()[:12]
    return Path(config) / "ketresponse" / f"records-{digest}.key"
