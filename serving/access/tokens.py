"""Bearer tokens of an OpenID Connect provider: whose they are, and what they open.

A token is believed where the provider's own key signed it, with an algorithm of two keys, for
this service and for now. What fetches the provider's keys waits for a network: call it outside of
the event loop.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import jwt

from features.errors import KetresponseError
from serving.access.caller import SCOPES, Caller
from serving.settings import is_loopback

__all__ = ["NoProvider", "Provider", "TokenReader", "is_safe_address"]

_ALGORITHMS = ("RS256", "ES256", "ES384")
"""Never "none", and none by which whoever can check a token can also make one."""
_LEEWAY_SECONDS = 30
_FRESH_SECONDS, _STALE_SECONDS, _RETRY_SECONDS = 300.0, 3600.0, 10.0
_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 1_000_000
_LONGEST_SUBJECT = 200


class NoProvider(KetresponseError):
    """The provider cannot be asked for its keys, so that no token can be checked."""


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


def is_safe_address(url: str) -> bool:
    """Return whether what is got from an address cannot be changed on its way."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback((parts.hostname or "").strip("[]"))
    )


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
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: list[jwt.PyJWK] = []
        self._fetched = self._tried = -_STALE_SECONDS

    def read(self, token: str) -> Caller | None:
        """Return whose a token is; None where it is nobody's.

        Raises
        ------
        NoProvider
            If the provider's keys are not known and cannot be fetched.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in _ALGORITHMS:
                return None
            key = self._find_key(header.get("kid"))
            if key is None:
                return None
            claims = jwt.decode(
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
        return self._make_caller(claims)

    def _make_caller(self, claims: Mapping[str, Any]) -> Caller | None:
        subject = claims["sub"]
        if not subject.isprintable() or not 0 < len(subject) <= _LONGEST_SUBJECT:
            return None
        told: Any = claims
        for part in self._provider.claim.split("."):
            told = told.get(part) if isinstance(told, Mapping) else None
        words = told.split() if isinstance(told, str) else told if isinstance(told, list) else []
        opened = {self._provider.scopes.get(word) for word in words if isinstance(word, str)}
        return Caller(f"oidc:{subject}", tuple(scope for scope in SCOPES if scope in opened))

    def _find_key(self, kid: object) -> jwt.PyJWK | None:
        """Return the provider's key of a name; without a name its only one."""
        with self._lock:
            age = self._clock() - self._fetched
            found = self._choose(kid)
            # A name that is not known may be a new key: it is asked for, but not by everyone.
            wanted = age > _FRESH_SECONDS or found is None
            if wanted and self._clock() - self._tried > _RETRY_SECONDS:
                self._tried = self._clock()
                try:
                    self._keys = _fetch_keys(self._provider.issuer)
                    self._fetched = self._clock()
                except NoProvider:
                    if age > _STALE_SECONDS:
                        raise
            elif age > _STALE_SECONDS:
                raise NoProvider("the identity provider cannot be reached")
            return self._choose(kid)

    def _choose(self, kid: object) -> jwt.PyJWK | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.key_id == kid), None)


def _fetch_keys(issuer: str) -> list[jwt.PyJWK]:
    """Return the keys with which a provider signs now.

    Raises
    ------
    NoProvider
        If it cannot be asked, or speaks of another provider.
    """
    try:
        document = _fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer or not is_safe_address(str(document.get("jwks_uri"))):
            raise NoProvider("the identity provider's discovery document names another issuer")
        told = _fetch(document["jwks_uri"])["keys"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        raise NoProvider(f"the identity provider cannot be asked ({type(err).__name__})") from err
    keys = []
    for one in told:
        try:
            if one.get("use", "sig") == "sig" and one.get("kty") in ("RSA", "EC"):
                keys.append(jwt.PyJWK(one))
        except jwt.PyJWTError:
            continue  # of a kind that we do not take; the others may be
    return keys


def _fetch(url: str) -> Any:
    host = urlsplit(url).hostname or ""
    proxies = urllib.request.ProxyHandler({} if is_loopback(host) else None)
    try:
        with urllib.request.build_opener(proxies).open(url, timeout=_TIMEOUT_SECONDS) as answer:
            return json.loads(answer.read(_MOST_BYTES))
    except HTTPError as err:
        err.close()
        raise
