"""An OpenID Connect provider: where it is asked for what, and the keys with which it signs.

What is fetched waits for a network: call it outside of the event loop.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import jwt

from features.errors import KetresponseError
from serving.settings import is_loopback

__all__ = ["NoProvider", "discover", "fetch_keys", "is_safe_address", "post_form"]

_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 1_000_000
_TROUBLE = (OSError, ValueError, KeyError, TypeError, AttributeError)


class NoProvider(KetresponseError):
    """The provider cannot be asked, so that nobody can be found out through it."""


def is_safe_address(url: str) -> bool:
    """Return whether what is got from an address cannot be changed on its way."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback((parts.hostname or "").strip("[]"))
    )


def discover(issuer: str) -> dict[str, Any]:
    """Return what a provider tells of itself.

    Raises
    ------
    NoProvider
        If it cannot be asked, or speaks of another provider.
    """
    try:
        document = dict(_ask(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
    except _TROUBLE as err:
        raise _make_trouble(err) from err
    unsafe = [
        name
        for name, value in document.items()
        if name.endswith(("_endpoint", "jwks_uri")) and not is_safe_address(str(value))
    ]
    if document.get("issuer") != issuer or unsafe:
        raise NoProvider("the identity provider's discovery document names another, or no HTTPS")
    return document


def fetch_keys(issuer: str) -> list[jwt.PyJWK]:
    """Return the keys with which a provider signs now; those of a kind that we do not take are not.

    Raises
    ------
    NoProvider
        If it cannot be asked, or speaks of another provider.
    """
    document = discover(issuer)
    try:
        told = _ask(document["jwks_uri"])["keys"]
        of_kind = [
            one for one in told if one.get("use", "sig") == "sig" and one["kty"] in ("RSA", "EC")
        ]
    except _TROUBLE as err:
        raise _make_trouble(err) from err
    keys = []
    for one in of_kind:
        try:
            keys.append(jwt.PyJWK(one))
        except jwt.PyJWTError:
            continue  # of a kind that we do not take; the others may be
    return keys


def post_form(url: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON with which a provider answers a form.

    Raises
    ------
    NoProvider
        If it does not, or answers with an error.
    """
    try:
        return dict(_ask(url, urlencode(fields).encode("ascii")))
    except _TROUBLE as err:
        raise _make_trouble(err) from err


def _make_trouble(err: Exception) -> NoProvider:
    # What it answered stays out of the log: it may tell of a person.
    code = f" {err.code}" if isinstance(err, HTTPError) else ""
    return NoProvider(f"the identity provider cannot be asked ({type(err).__name__}{code})")


def _ask(url: str, data: bytes | None = None) -> Any:
    host = urlsplit(url).hostname or ""
    proxies = urllib.request.ProxyHandler({} if is_loopback(host) else None)
    try:
        with urllib.request.build_opener(proxies).open(url, data, _TIMEOUT_SECONDS) as answer:
            return json.loads(answer.read(_MOST_BYTES))
    except HTTPError as err:
        err.close()
        raise
