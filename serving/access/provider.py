"""An OpenID Connect provider: where it is asked for what, and the keys with which it signs.

What is fetched waits for a network: call it outside of the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

from serving.fetching import TROUBLE, Unreachable, fetch_json, is_safe_address
from serving.signing_keys import read_key_set

__all__ = ["PROVIDER", "discover", "fetch_keys", "post_form"]

PROVIDER = "the identity provider"
"""What it is called in messages."""


def discover(issuer: str) -> dict[str, Any]:
    """Return what a provider tells of itself.

    Raises
    ------
    Unreachable
        If it cannot be asked, or speaks of another provider.
    """
    document = _ask(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    unsafe = [
        name
        for name, value in document.items()
        if name.endswith(("_endpoint", "jwks_uri")) and not is_safe_address(str(value))
    ]
    if document.get("issuer") != issuer or unsafe:
        raise Unreachable(f"{PROVIDER}'s discovery document names another, or no HTTPS")
    return document


def fetch_keys(issuer: str) -> list[jwt.PyJWK]:
    """Return the keys with which a provider signs now.

    Raises
    ------
    Unreachable
        If it cannot be asked, or speaks of another provider.
    """
    return read_key_set(_ask(str(discover(issuer).get("jwks_uri"))), of=PROVIDER)


def post_form(url: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON with which a provider answers a form.

    Raises
    ------
    Unreachable
        If it does not, or answers with an error.
    """
    return _ask(url, fields)


def _ask(url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
    try:
        return dict(fetch_json(url, of=PROVIDER, form=form))
    except TROUBLE as err:
        raise Unreachable.because(err, of=PROVIDER) from err
