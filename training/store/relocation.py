"""Files of runs are found beside the database that they belong to, wherever both were put.

MLflow writes down where a run's files are, in full. A project folder that was moved or copied
would go on writing into the one it came from, or make it again. So a store is looked at whenever
it is opened: what it says of the folder ``mlartifacts`` is made true for where it now stands.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from features.errors import KetresponseError

__all__ = ["check_begun", "find_artifacts", "settle_files"]

_FOLDER = "mlartifacts"
_PATIENCE = 30  # seconds, while another training writes


def find_artifacts(file: Path) -> Path:
    """Return the folder of a SQLite store's files: beside the database itself, not a link to it."""
    return file.resolve().parent / _FOLDER


def check_begun(file: Path) -> None:
    """Refuse a SQLite store that was begun and has been lost: nothing is begun anew in silence.

    Raises
    ------
    KetresponseError
        If the file is empty, or is gone while files of its runs are beside it.
    """
    if file.is_file():
        if not file.stat().st_size:
            raise KetresponseError(
                f"the tracking store {file} is empty: put it back from its backup; to begin a new "
                "one, remove the file"
            )
        return
    files = file.parent / _FOLDER
    if not file.exists() and any(one.is_file() for one in files.rglob("*")):
        raise KetresponseError(
            f"the tracking store {file} is gone, while files of its runs are in {files}: put it "
            "back from its backup; to begin a new one, move that folder away"
        )


def settle_files(file: Path) -> None:
    """Have a SQLite store look for its files beside itself.

    Locations that somebody chose otherwise are left as they are: an address elsewhere, or a folder
    of another name.

    Parameters
    ----------
    file : Path
        The database.

    Raises
    ------
    KetresponseError
        If files of a run are where the database was, and not beside it; the message has the one
        line that copies them. Nothing was changed.
    """
    here = find_artifacts(file)
    # Closed, and not only left: a connection's own block ends a transaction and keeps it open.
    with closing(sqlite3.connect(file, timeout=_PATIENCE)) as database, database:
        places = _find_places(database, here)
        for place in places:
            _check_files(database, place, here)
        for place in places:
            there = f"{place}/"
            database.execute(
                "UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?",
                (here.as_uri(), place),
            )
            database.execute(
                "UPDATE runs SET artifact_uri = ? || substr(artifact_uri, ?) "
                "WHERE substr(artifact_uri, 1, ?) = ?",
                (f"{here.as_uri()}/", len(there) + 1, len(there), there),
            )


def _find_places(database: sqlite3.Connection, here: Path) -> list[str]:
    """Return where this store's files were beside it, at another place than now."""
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if not {"experiments", "runs"} <= tables:
        return []
    found = database.execute("SELECT DISTINCT artifact_location FROM experiments")
    places = [place for (place,) in found if place and urlsplit(place).scheme == "file"]
    return [p for p in places if p != here.as_uri() and Path(urlsplit(p).path).name == _FOLDER]


def _find_runs(database: sqlite3.Connection, place: str) -> Iterator[str]:
    """Yield the folders, below a place, of the runs that have not been deleted."""
    there = f"{place}/"
    for (uri,) in database.execute(
        "SELECT artifact_uri FROM runs "
        "WHERE substr(artifact_uri, 1, ?) = ? AND lifecycle_stage = 'active'",
        (len(there), there),
    ):
        yield unquote(uri.removeprefix(there))


def _check_files(database: sqlite3.Connection, place: str, here: Path) -> None:
    there = Path(unquote(urlsplit(place).path))
    left = [
        run
        for run in _find_runs(database, place)
        if (there / run).exists() and not (here / run).exists()
    ]
    if left:
        copy = shlex.join(["cp", "-rn", str(there), str(here.parent)])
        raise KetresponseError(
            f"the tracking store in {here.parent} was copied without the files of {len(left)} of "
            f"its runs, which are in {there}; nothing was written. Copy them with: {copy}"
        )
