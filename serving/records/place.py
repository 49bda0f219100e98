"""Where the records are, as it is set; known without what a database needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.review.signature import find_home

__all__ = ["OFF", "find_records", "may_be_there"]

OFF = "off"
"""What KETRESPONSE_RECORDS says where nothing is recorded."""

_TRACKING = "sqlite:///mlflow.db"
_FILE = "records.db"


def find_records(environ: Mapping[str, str]) -> str:
    """Return where the records are: KETRESPONSE_RECORDS, else ``records.db`` beside the reviews."""
    tracking = environ.get("MLFLOW_TRACKING_URI") or _TRACKING
    return environ.get("KETRESPONSE_RECORDS") or str(find_home(environ, tracking) / _FILE)


def may_be_there(place: str) -> bool:
    """Return whether there may be records: False where nothing is recorded, or no file yet."""
    return place != OFF and ("://" in place or Path(place).exists())
