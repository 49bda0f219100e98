"""Which process does something, and whether it is still there to end it.

What a process has begun in a place that outlives it (a tracked run, a temporary folder) carries its
mark. Whoever finds the mark of a process of this machine that is gone may tidy up after it.
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass

import psutil

__all__ = ["mark_process", "read_mark"]

_FORM = re.compile(r"([0-9A-Za-z_.]+)-(\d+)-(\d+)")
_UNKNOWN = re.compile(r"[^0-9A-Za-z_.]")
_SLACK_SECONDS = 5
"""A clock that was set moves the start of every process by as much."""


@dataclass(frozen=True)
class ProcessMark:
    """A process, as it is told from all others.

    Parameters
    ----------
    host : str
        Name of its machine (or container).
    pid : int
        Its number there; numbers are given again.
    started : int
        When it was started, in seconds since 1970.
    """

    host: str
    pid: int
    started: int

    def __str__(self) -> str:
        return f"{self.host}-{self.pid}-{self.started}"

    @property
    def is_gone(self) -> bool:
        """Whether it was a process of this machine, and is none any more.

        Of another machine's nothing is known: False.
        """
        if self.host != _find_host():
            return False
        try:
            process = psutil.Process(self.pid)
            ended = bool(process.status() == psutil.STATUS_ZOMBIE)
            return ended or bool(abs(process.create_time() - self.started) > _SLACK_SECONDS)
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:  # somebody else's, that this user may not look at
            return False


def mark_process() -> ProcessMark:
    """Return the mark of this process."""
    process = psutil.Process(os.getpid())
    return ProcessMark(_find_host(), process.pid, int(process.create_time()))


def read_mark(text: str) -> ProcessMark | None:
    """Return a mark as it was written; None where the text is none."""
    found = _FORM.fullmatch(text)
    return None if found is None else ProcessMark(found[1], int(found[2]), int(found[3]))


def _find_host() -> str:
    return _UNKNOWN.sub("_", socket.gethostname()) or "unknown"
