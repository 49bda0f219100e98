"""Whose browser it is: a random word in a cookie stands for a key that was shown, until they go.

It stands as well for whoever was let in by a record system and has no key.
Sessions live in the memory of this process: a restart ends them all. The key is looked up again
at each request, so that revoking it ends its sessions too.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from serving.access.caller import Caller
from serving.access.keys import KeyFile

__all__ = ["COOKIE", "Session", "Sessions"]

COOKIE = "ketresponse_session"
_IDLE_SECONDS, _LONGEST_SECONDS = 3600.0, 12 * 3600.0
_MOST = 10_000


@dataclass
class Session:
    """One browser that has shown a key, or comes from a record system.

    Parameters
    ----------
    key_id : str
        Of the key; empty where there was none.
    began, seen : float
        On the clock of :class:`Sessions`.
    csrf : str
        A word that each of its forms carries, which no other site knows.
    caller : Caller or None
        Who it is, where there was no key.
    """

    key_id: str
    began: float
    seen: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    caller: Caller | None = None

    def carries(self, word: object) -> bool:
        """Return whether a form was made for this session."""
        return isinstance(word, str) and hmac.compare_digest(
            word.encode(errors="replace"), self.csrf.encode()
        )


def _name(token: str) -> str:
    # Looked up by digest: how long a look-up takes tells nothing of the words that there are.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class Sessions:
    """The sessions of this process.

    Parameters
    ----------
    keys : KeyFile or None
        Which keys are good; None where none is.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self, keys: KeyFile | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def begin(self, key: str) -> tuple[str, Caller] | None:
        """Return the word for the cookie, and who it is; None where the key opens nothing."""
        found = self._keys.find(key) if self._keys else None
        if found is None:
            return None
        now = self._clock()
        return self._keep(Session(found.id, now, now)), found.caller

    def begin_for(self, caller: Caller) -> str:
        """Return the word for the cookie of somebody whom a record system has let in."""
        now = self._clock()
        return self._keep(Session("", now, now, caller=caller))

    def _keep(self, session: Session) -> str:
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._drop_old(session.began)
            if len(self._sessions) >= _MOST:  # the oldest goes: dicts keep the order
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[_name(token)] = session
        return token

    def find(self, token: str) -> tuple[Session, Caller] | None:
        """Return the session of a cookie's word, and whose it is; None where it is over."""
        now, name = self._clock(), _name(token)
        with self._lock:
            session = self._sessions.get(name)
            if session is None or _is_over(session, now):
                return None
            session.seen = now
        if session.caller is not None:
            return session, session.caller
        key = self._keys.find_id(session.key_id) if self._keys else None
        return (session, key.caller) if key else None

    def end(self, token: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_name(token), None)

    def _drop_old(self, now: float) -> None:
        self._sessions = {n: s for n, s in self._sessions.items() if not _is_over(s, now)}


def _is_over(session: Session, now: float) -> bool:
    return now - session.seen > _IDLE_SECONDS or now - session.began > _LONGEST_SECONDS
