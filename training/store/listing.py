"""What a SQLite file on this machine says of registered models, without MLflow.

MLflow's client takes three seconds to be imported, and a list of a few lines need not wait for
it. What is read here is what the client would tell; whatever is in any way unusual (an address
elsewhere, another schema, workspaces) is left to it: the answer is None then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from training.store.relocation import check_begun, settle_files

__all__ = ["PROCESS_TAG", "find_run_files", "read_running", "read_versions", "sqlite_file"]

PROCESS_TAG = "ketresponse.process"
"""Which process makes a run or a version: one that is not finished may have been killed."""

_PATIENCE = 30  # seconds, while another training writes
_DELETED = "Deleted_Internal"  # how MLflow marks a version that was deleted
_ONLY_WORKSPACE = "default"


@dataclass(frozen=True)
class _Version:
    """One version as it stands in the registry, finished or not; named as MLflow names it."""

    name: str
    version: str
    creation_timestamp: int
    run_id: str
    tags: dict[str, str] = field(default_factory=dict)


def sqlite_file(tracking_uri: str) -> Path | None:
    """Return the file of a SQLite store; None for any other store."""
    scheme, _, rest = tracking_uri.partition(":///")
    return Path(rest.partition("?")[0]) if scheme == "sqlite" else None


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    settle_files(file)
    address = f"{file.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as database:
        yield database


def _plain_file(tracking_uri: str) -> Path | None:
    return None if "?" in tracking_uri else sqlite_file(tracking_uri)


def read_versions(tracking_uri: str) -> list[_Version] | None:
    """Return every version that was not deleted; None where MLflow has to be asked.

    Raises
    ------
    KetresponseError
        If the store was copied without its files, or is empty or gone while they are there.
    """
    file = _plain_file(tracking_uri)
    if file is None:
        return None
    check_begun(file)
    if not file.exists():
        return [] if file.parent.is_dir() else None
    try:
        with _reading(file) as database:
            rows = database.execute(
                "SELECT name, version, creation_time, run_id, workspace FROM model_versions "
                "WHERE current_stage != ?",
                (_DELETED,),
            ).fetchall()
            tags = database.execute("SELECT name, version, key, value FROM model_version_tags")
            told: dict[tuple[str, int], dict[str, str]] = {}
            for name, version, key, value in tags:
                told.setdefault((name, version), {})[key] = value
    except sqlite3.Error:
        return None  # MLflow says what is wrong with it
    if any(workspace != _ONLY_WORKSPACE for *_, workspace in rows):
        return None
    return [
        _Version(name, str(version), created, run_id, told.get((name, version), {}))
        for name, version, created, run_id, _ in rows
    ]


def read_running(tracking_uri: str) -> dict[str, tuple[str, str]] | None:
    """Return the runs that have not ended; None where MLflow has to be asked.

    Returns
    -------
    dict or None
        By id, the name and the mark of its process, of those that have one.
    """
    file = _plain_file(tracking_uri)
    if file is None:
        return None
    if not file.exists():
        return {}
    try:
        with _reading(file) as database:
            rows = database.execute(
                "SELECT run_uuid, name, value FROM runs JOIN tags USING (run_uuid) "
                "WHERE status = 'RUNNING' AND lifecycle_stage = 'active' AND key = ?",
                (PROCESS_TAG,),
            )
            return {run_id: (str(name), str(mark)) for run_id, name, mark in rows}
    except sqlite3.Error:
        return None


def find_run_files(tracking_uri: str, run_id: str) -> Path | None:
    """Return the folder of a run's files, where it is on this machine; else None."""
    file = _plain_file(tracking_uri)
    if file is None or not file.exists():
        return None
    try:
        with _reading(file) as database:
            found = database.execute(
                "SELECT artifact_uri FROM runs WHERE run_uuid = ?", (run_id,)
            ).fetchone()
    except sqlite3.Error:
        return None
    place = urlsplit(found[0] if found else "")
    if place.scheme != "file" or place.netloc:
        return None
    folder = Path(unquote(place.path))
    return folder if folder.is_dir() else None
