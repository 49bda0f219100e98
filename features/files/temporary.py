"""Temporary folders: those of processes that were killed are cleared by whoever needs the next."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from features.processes import mark_process, read_mark

__all__ = ["clear_left", "temporary_folder"]

_PREFIX = "ketresponse-"


@contextmanager
def temporary_folder(parent: Path | None = None, *, prefix: str = _PREFIX) -> Iterator[Path]:
    """Give a folder that is removed when the block ends.

    A process that is killed (SIGKILL, power) cannot remove its own: the folder's name says whose it
    is, and the next one to be made in the same place clears it away.

    Parameters
    ----------
    parent : Path or None
        Where; None is the system's place for temporary files.
    prefix : str
        What its name begins with.

    Yields
    ------
    Path
        Which only its owner may read.
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    clear_left(parent, prefix=prefix)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f"{prefix}{mark_process()}-") as folder:
        yield Path(folder)


def clear_left(parent: Path, *, prefix: str = _PREFIX) -> list[str]:
    """Remove the temporary folders of this user's processes that are gone; return their names."""
    cleared = []
    for folder in sorted(parent.glob(f"{prefix}*-*-*-*")):
        mark = read_mark(folder.name.removeprefix(prefix).rpartition("-")[0])
        if mark is not None and mark.is_gone and _is_own(folder):
            shutil.rmtree(folder, ignore_errors=True)
            cleared.append(folder.name)
    return cleared


def _is_own(folder: Path) -> bool:
    with suppress(OSError):  # cleared by another one just now
        found = folder.lstat()
        is_owner = not hasattr(os, "getuid") or found.st_uid == os.getuid()
        return is_owner and folder.is_dir() and not folder.is_symlink()
    return False
