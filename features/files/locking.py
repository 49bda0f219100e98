"""One who changes a file at a time, whichever process it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file that is read, changed and put back; others wait for it.

    Where the system has no such locks, two who change at once are not kept apart: Windows.

    Parameters
    ----------
    path : Path
        The file. What is locked is another one beside it, since the file itself is replaced.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    beside = path.with_name(f".{path.name}.lock")
    with open(os.open(beside, os.O_RDWR | os.O_CREAT, 0o600), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
