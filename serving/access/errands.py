"""People who were sent elsewhere, to show who they are, and are expected back with a word.

Each errand has a word of its own that only their browser knows, and a secret for the code that they
come back with (PKCE), of which the place that they are sent to sees a digest. All of it is in the
memory of this process.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from features.errors import Refused
from features.texts import say

__all__ = ["ERRAND_SECONDS", "Errand", "Errands"]

T = TypeVar("T")

ERRAND_SECONDS = 600.0
"""How long somebody is waited for."""

_MOST = 1000


@dataclass(frozen=True)
class Errand(Generic[T]):
    """Somebody who was sent elsewhere.

    Parameters
    ----------
    verifier : str
        The secret for the code that they come back with.
    carried : object
        What is remembered of them.
    began : float
        On the clock of :class:`Errands`.
    """

    verifier: str
    carried: T
    began: float

    @property
    def challenge(self) -> dict[str, str]:
        """What the place that they are sent to is told of the secret."""
        digest = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest())
        return {"code_challenge": digest.rstrip(b"=").decode(), "code_challenge_method": "S256"}


class Errands(Generic[T]):
    """All who are away.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._away: dict[str, Errand[T]] = {}

    def begin(self, carried: T) -> tuple[str, Errand[T]]:
        """Return the word that has to come back with somebody, and their errand."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        now = self._clock()
        errand = Errand(verifier, carried, now)
        with self._lock:
            kept = {s: e for s, e in self._away.items() if now - e.began < ERRAND_SECONDS}
            self._away = {**dict([*kept.items()][-_MOST + 1 :]), state: errand}
        return state, errand

    def finish(self, state: str, word: str) -> Errand[T]:
        """Return the errand of somebody who came back; nobody comes back twice.

        Parameters
        ----------
        state : str
            The word that they bring.
        word : str
            The word that this browser was sent away with.

        Raises
        ------
        Refused
            If it is another browser's, or nobody is waited for.
        """
        with self._lock:
            errand = self._away.pop(state, None)
        # The word of another browser: somebody would go on as whoever began it.
        mine = hmac.compare_digest(state.encode(errors="replace"), word.encode(errors="replace"))
        if errand is None or not mine or self._clock() - errand.began > ERRAND_SECONDS:
            raise Refused(say("this was begun elsewhere or too long ago: begin again"))
        return errand
