"""Somebody who arrives at the page with a patient: what is filled in for them, once.

What is filled in waits in the memory of this process under a random word, which a cookie holds, for
a few minutes at most. So nothing of a patient stands in an address.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["ARRIVAL", "Arrival", "Arrivals"]

ARRIVAL = "ketresponse_arrival"
"""Name of the cookie."""

_SECONDS = 300.0
_MOST = 1000


@dataclass(frozen=True)
class Arrival:
    """What the page opens with.

    Parameters
    ----------
    fields : mapping of str to str
        The form's fields.
    notes : sequence of str
        What of the record was not used, and why.
    """

    fields: Mapping[str, str]
    notes: Sequence[str] = ()


class Arrivals:
    """All for whom something is filled in.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[float, Arrival]] = {}

    def keep(self, arrival: Arrival) -> str:
        """Return the word under which it can be taken."""
        word, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            kept = {w: one for w, one in self._waiting.items() if now - one[0] < _SECONDS}
            self._waiting = {**dict([*kept.items()][-_MOST + 1 :]), word: (now, arrival)}
        return word

    def take(self, word: str) -> Arrival | None:
        """Return what waits under a word, once; None where nothing does."""
        with self._lock:
            began, arrival = self._waiting.pop(word, (0.0, None))
        return arrival if self._clock() - began < _SECONDS else None
