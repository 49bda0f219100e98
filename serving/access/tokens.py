"""Tokens of an OpenID Connect provider: whose they are, and what they open.

A token is believed where the provider's own key signed it, with an algorithm of two keys, for
this service and for now. The provider's keys may have to be fetched: call it outside of the event
loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jwt

from serving.access.caller import SCOPES, Caller
from serving.access.provider import PROVIDER, fetch_keys
from serving.signing_keys import SigningKeys

__all__ = ["Provider", "TokenReader", "find_claim"]

_ALGORITHMS = ("RS256", "ES256", "ES384")
"""Never "none", and none by which whoever can check a token can also make one."""
_LEEWAY_SECONDS = 30
_LONGEST_SUBJECT = 195
"""Records have room for 200 letters, "oidc:" among them."""


@dataclass(frozen=True)
class Provider:
    """An OpenID Connect provider, and how its tokens speak of this service.

    Parameters
    ----------
    issuer : str
        Its address, as its tokens and its discovery document name it.
    audience : str
        How it names this service.
    claim : str
        The claim that holds what a token opens: a list, or text with blanks between; of nested
        claims with dots between (``realm_access.roles``).
    scopes : mapping
        Our scopes by the words of that claim.
    """

    issuer: str
    audience: str
    claim: str
    scopes: Mapping[str, str]


def find_claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim; of nested ones the name has dots between. None where there is none."""
    told: Any = claims
    for part in name.split("."):
        told = told.get(part) if isinstance(told, Mapping) else None
    return told


class TokenReader:
    """Tells whose a token is.

    Parameters
    ----------
    provider : Provider
        Whose tokens are believed.
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, provider: Provider, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider = provider
        self._keys = SigningKeys(partial(fetch_keys, provider.issuer), of=PROVIDER, clock=clock)

    def read(self, token: str) -> Caller | None:
        """Return whose a token is; None where it is nobody's.

        Raises
        ------
        Unreachable
            If the provider's keys are not known and cannot be fetched.
        """
        claims = self.read_claims(token)
        if claims is None:
            return None
        told = find_claim(claims, self._provider.claim)
        words = told.split() if isinstance(told, str) else told if isinstance(told, list) else []
        opened = {self._provider.scopes.get(word) for word in words if isinstance(word, str)}
        name = f"oidc:{claims['sub']}"
        return Caller(name, tuple(scope for scope in SCOPES if scope in opened))

    def read_claims(self, token: str) -> dict[str, Any] | None:
        """Return what a token says; None where it is not to be believed.

        Raises
        ------
        Unreachable
            As :meth:`read`.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in _ALGORITHMS:
                return None
            key = self._keys.find(header.get("kid"))
            if key is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._provider.audience,
                issuer=self._provider.issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        subject = claims["sub"]
        known = subject.isprintable() and 0 < len(subject) <= _LONGEST_SUBJECT
        return claims if known else None
