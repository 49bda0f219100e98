"""The keys with which others sign: read from what they publish, and kept for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import jwt

from serving.fetching import TROUBLE, Unreachable

__all__ = ["SigningKeys", "read_key_set"]

_FRESH_SECONDS, _STALE_SECONDS, _RETRY_SECONDS = 300.0, 3600.0, 10.0


def read_key_set(document: Any, *, of: str) -> list[jwt.PyJWK]:
    """Return the signing keys of a JSON Web Key Set; those of a kind that we do not take are not.

    Parameters
    ----------
    document : object
        As it was published.
    of : str
        Whose it is, for the message.

    Raises
    ------
    Unreachable
        If it is no key set.
    """
    try:
        of_kind = [
            one
            for one in document["keys"]
            if one.get("use", "sig") == "sig" and one["kty"] in ("RSA", "EC")
        ]
    except TROUBLE as err:
        raise Unreachable.because(err, of=of) from err
    keys = []
    for one in of_kind:
        try:
            keys.append(jwt.PyJWK(one))
        except jwt.PyJWTError:
            continue  # of a kind that we do not take; the others may be
    return keys


class SigningKeys:
    """The keys of one issuer, fetched when they are needed.

    Parameters
    ----------
    fetch : callable
        Returns the keys as they are now, or raises :class:`serving.fetching.Unreachable`.
    of : str
        Whose they are, for the message.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        fetch: Callable[[], list[jwt.PyJWK]],
        *,
        of: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._of = of
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: list[jwt.PyJWK] = []
        self._fetched = self._tried = float("-inf")

    def find(self, kid: object) -> jwt.PyJWK | None:
        """Return the key of a name; without a name the only one; None where there is none.

        Raises
        ------
        Unreachable
            If the keys are not known and cannot be fetched.
        """
        with self._lock:
            age = self._clock() - self._fetched
            found = self._choose(kid)
            # A name that is not known may be a new key: it is asked for, but not by everyone.
            wanted = age > _FRESH_SECONDS or found is None
            if wanted and self._clock() - self._tried > _RETRY_SECONDS:
                self._tried = self._clock()
                try:
                    self._keys = self._fetch()
                    self._fetched = self._clock()
                except Unreachable:
                    if age > _STALE_SECONDS:
                        raise
            elif age > _STALE_SECONDS:
                raise Unreachable(f"{self._of} cannot be reached")
            return self._choose(kid)

    def _choose(self, kid: object) -> jwt.PyJWK | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.key_id == kid), None)
