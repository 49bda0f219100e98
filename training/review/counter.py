"""Which record of a review was seen last, kept outside of the model's folder.

A record that is older than one seen before was put back: it was signed once, and tells nothing of
a withdrawal that came later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from training.review.signature import IN_BENTO, find_public_key

__all__ = ["find_counter", "find_newer", "name_model", "note_entry"]


def find_counter(environ: Mapping[str, str], folder: Path) -> Path:
    """Return the file in which it is kept.

    KETRESPONSE_REVIEW_SEEN where it is set, else beside the reviewers' public key; for a bento,
    which brings its own, in the user's state folder.

    Parameters
    ----------
    environ : mapping
        As above.
    folder : Path
        The model's.
    """
    if environ.get("KETRESPONSE_REVIEW_SEEN"):
        return Path(environ["KETRESPONSE_REVIEW_SEEN"])
    public_key = find_public_key(environ, folder)
    if public_key != IN_BENTO:
        return public_key.with_suffix(".seen")
    state = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "ketresponse" / "review.seen"


def name_model(annex: Mapping[str, Any]) -> str:
    """Return what tells a model's records from those of any other."""
    return f"{annex['model']} {annex['digests']['model'][:16]}"


def _read(file: Path) -> dict[str, int]:
    try:
        found = json.loads(file.read_bytes())
        return {str(name): int(entry) for name, entry in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # nothing was seen yet; what is damaged is written anew


def find_newer(file: Path, names: Iterable[str], entry: int) -> int | None:
    """Return the entry of a record that was seen before and is newer; None if none is.

    Parameters
    ----------
    file : Path
        From :func:`find_counter`.
    names : iterable of str
        Under which it may have been noted.
    entry : int
        Last entry of the log that the record at hand tells of.
    """
    seen = _read(file)
    newest = max((seen.get(name, 0) for name in names), default=0)
    return newest if newest > entry else None


def note_entry(file: Path, name: str, entry: int) -> bool:
    """Note that a record was seen; return whether that could be kept.

    Parameters
    ----------
    file : Path
        From :func:`find_counter`.
    name : str
        :func:`name_model`, and where it lay if it may be older elsewhere.
    entry : int
        Last entry of the log that it tells of.
    """
    seen = _read(file)
    if seen.get(name, -1) >= entry:
        return True
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(seen | {name: entry}, indent=1) + "\n")
        os.replace(part, file)
    except OSError:
        return False
    return True
