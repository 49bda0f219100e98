"""MLflow's client: where the store is, how it is opened, and its failures in one line.

This module, :mod:`training.store.tracking`, :mod:`training.store.registry` and
:mod:`training.store.registered` are the only ones that know MLflow. Without a setting everything
is kept beside the project: ``mlflow.db`` and the folder ``mlartifacts``, so that a plain
``mlflow ui`` started there shows the runs, also after the project was moved or copied
(:mod:`training.store.relocation`).
"""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from textwrap import shorten
from typing import Any
from urllib.parse import urlsplit

from features.errors import KetresponseError
from features.files.temporary import temporary_folder
from training.store.listing import sqlite_file
from training.store.relocation import check_begun, find_artifacts, settle_files

__all__ = [
    "fetch_files",
    "find_artifact_location",
    "find_tracking_uri",
    "hide_password",
    "make_client",
    "open_files",
    "telling_failures",
]


DEFAULT_TRACKING_URI = "sqlite:///mlflow.db"


_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its 7 keep a wrong address waiting for minutes
}
"""Read by MLflow at its import; what the user has set stays."""

_OBJECT_STORES = ("boto3", "botocore", "s3transfer")
"""Libraries that reach an object store, with errors of their own; not everybody has them."""

_PATIENCE_SECONDS = 10
"""How long a database server may take to be reached."""

_copies = ExitStack()
atexit.register(_copies.close)


def find_tracking_uri(environ: Mapping[str, str]) -> str:
    """Return where runs are tracked: ``MLFLOW_TRACKING_URI``, or a SQLite file right here."""
    return environ.get("MLFLOW_TRACKING_URI") or DEFAULT_TRACKING_URI


def hide_password(uri: str) -> str:
    """Return the address of a store as it may be told: without user, password and query."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


@contextmanager
def telling_failures(what: str, tracking_uri: str) -> Iterator[None]:
    """Turn MLflow's failures into one line that says what to look at.

    Parameters
    ----------
    what : str
        What was being done, such as "track the run".
    tracking_uri : str
        Where; a password in it is not told.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except Exception as err:
        # ImportError: the driver of a database that is asked for is not installed.
        known = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError, ImportError)
        if not isinstance(err, known) and type(err).__module__.split(".")[0] not in _OBJECT_STORES:
            raise
        where = hide_password(tracking_uri)
        reason = shorten(str(err).replace(tracking_uri, where), 300, placeholder=" ...")
        raise KetresponseError(
            f"cannot {what} at {where}: {reason}; check MLFLOW_TRACKING_URI, and that this place "
            "can be reached and written"
        ) from err


def _create_store(file: Path) -> None:
    """Give a new SQLite file its tables: whole, and once.

    The tables take seconds. Stopped in between, or by two trainings at a time, they would be
    left in a state that MLflow cannot mend; so they are made elsewhere and then put in place.
    """
    from mlflow import MlflowClient

    file.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(file.parent, prefix=".mlflow-") as temporary:
        whole = temporary / file.name
        MlflowClient(f"sqlite:///{whole}", registry_uri=f"sqlite:///{whole}")
        with suppress(FileExistsError):  # another training came first: its file is used
            os.link(whole, file)


def _check_reached(database: str) -> None:
    """Raise at once if a server does not answer; MLflow would try again for minutes."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    wait = {"connect_timeout": _PATIENCE_SECONDS}
    with create_engine(database, poolclass=NullPool, connect_args=wait).connect():
        pass


def make_client(tracking_uri: str) -> Any:
    """Return MLflow's client, silent and without telemetry.

    Parameters
    ----------
    tracking_uri : str
        Of runs and registry alike. A new SQLite file is given its tables: seconds, once.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    # MLflow sets its loggers to INFO when it is imported.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with telling_failures("open the tracking store", tracking_uri):
        file = sqlite_file(tracking_uri)
        if file is not None:
            check_begun(file)
            if not file.exists():
                _create_store(file)
            # Found at once if it cannot be opened; MLflow would try again for minutes.
            settle_files(file)
        elif urlsplit(tracking_uri).scheme.startswith("postgresql"):
            _check_reached(tracking_uri)
        return MlflowClient(tracking_uri, registry_uri=tracking_uri)


def open_files(client: Any, run_id: str) -> Any:
    """Return MLflow's handle on the files of a run, wherever they are stored."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    where = client.get_run(run_id).info.artifact_uri
    return get_artifact_repository(where, tracking_uri=client.tracking_uri)


def fetch_files(client: Any, run_id: str, path: str) -> Path:
    """Return a file or folder of a run.

    The stored one itself where the store is on this machine; else a copy, which goes when this
    process ends.
    """
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    stored: Any = open_files(client, run_id)
    if isinstance(stored, LocalArtifactRepository):
        return Path(stored.download_artifacts(path))  # type: ignore[no-untyped-call]
    folder = _copies.enter_context(temporary_folder())
    return Path(stored.download_artifacts(path, dst_path=str(folder)))


def find_artifact_location(tracking_uri: str) -> str | None:
    """Return where a new experiment's files go; None where a server decides."""
    if urlsplit(tracking_uri).scheme in ("http", "https", "databricks"):
        return None
    file = sqlite_file(tracking_uri)
    return find_artifacts(Path("mlflow.db") if file is None else file).as_uri()
