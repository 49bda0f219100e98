"""The token that a record system shows with each call, checked as CDS Hooks 2.0 writes it.

A JSON Web Token of an issuer on our list, signed with ES384 or RS384 by a key from the place that
the list names, for the very address that is asked, not expired, and shown for the first time. Keys
may have to be fetched, and what was shown is noted in the store: call it outside of the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from serving.cds_hooks.settings import CdsSettings
from serving.fetching import fetch_json
from serving.records.tokens import SeenTokens
from serving.signing_keys import SigningKeys, read_key_set

__all__ = ["ClientTokens"]

_LEEWAY_SECONDS = 30
_LONGEST_SECONDS = 3600
_LONGEST_WORD = 500
_FEWEST_BITS = 2048
_CLAIMS = ("iss", "aud", "exp", "iat", "jti")


class ClientTokens:
    """Tells which record system a token is of.

    Parameters
    ----------
    settings : CdsSettings
        Who is believed.
    get_seen : callable
        Returns which tokens have been shown.
    clock : callable
        Seconds that never go back, by which keys grow old.
    """

    def __init__(
        self,
        settings: CdsSettings,
        get_seen: Callable[[], SeenTokens],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._get_seen = get_seen
        self._keys = {
            issuer: SigningKeys(partial(_fetch_keys, place, issuer), of=issuer, clock=clock)
            for issuer, place in settings.issuers.items()
        }

    def read(self, token: str, url: str) -> str | None:
        """Return the issuer of a token; None where it is not to be believed.

        Parameters
        ----------
        token : str
            As it was shown.
        url : str
            The address that is asked.

        Raises
        ------
        Unreachable
            If the issuer's keys are not known and cannot be fetched.
        RecordsUnavailable
            If it cannot be noted that it was shown.
        """
        try:
            claims = self._read_claims(token, url)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError):
            return None
        if claims is None:
            return None
        issuer, until = str(claims["iss"]), claims["exp"] + _LEEWAY_SECONDS
        fresh = self._get_seen().take(
            f"{issuer}\n{claims['jti']}",
            until=datetime.fromtimestamp(until, UTC),
            now=datetime.now(UTC),
        )
        return issuer if fresh else None

    def _read_claims(self, token: str, url: str) -> dict[str, Any] | None:
        read = jwt.decode_complete(token, options={"verify_signature": False})
        header, said = read["header"], read["payload"]["iss"]
        place = self._settings.issuers.get(said)
        # Keys are got from the place on our list; a token that names another is another's.
        if place is None or header.get("jku", place) != place:
            return None
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(kid, str) or str(header.get("typ")).upper() != "JWT":
            return None
        key = self._keys[said].find(kid)
        if key is None or not _suits(key.key, algorithm):
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[str(algorithm)],
            audience=url,
            issuer=said,
            leeway=_LEEWAY_SECONDS,
            options={"require": list(_CLAIMS)},
        )
        word = claims["jti"]
        # What holds for long would have to be remembered for as long.
        brief = claims["exp"] - claims["iat"] <= _LONGEST_SECONDS
        return (
            claims if brief and isinstance(word, str) and 0 < len(word) <= _LONGEST_WORD else None
        )


def _fetch_keys(place: str, issuer: str) -> list[jwt.PyJWK]:
    return read_key_set(fetch_json(place, of=issuer), of=issuer)


def _suits(key: object, algorithm: object) -> bool:
    """Return whether an algorithm is one of the two that are taken, and the key is of its kind.

    Never "none", and none by which whoever can check a token can also make one.
    """
    if algorithm == "ES384":
        return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP384R1)
    return algorithm == "RS384" and isinstance(key, RSAPublicKey) and key.key_size >= _FEWEST_BITS
