"""JSON of another service: asked within a time, up to a size, on a way where nobody can change it.

What is fetched waits for a network: call it outside of the event loop.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

from features.errors import KetresponseError
from serving.settings import is_loopback

__all__ = ["TROUBLE", "Unreachable", "fetch_json", "is_safe_address"]

_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 1_000_000
TROUBLE = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""What can be wrong with an answer, from no answer at all to one of another form."""


class Unreachable(KetresponseError):
    """Another service cannot be asked, or its answer cannot be used."""

    @classmethod
    def because(cls, err: Exception, *, of: str) -> Unreachable:
        """Return it for a failure; what was answered stays out, as it may tell of a person."""
        code = f" {err.code}" if isinstance(err, HTTPError) else ""
        return cls(f"{of} cannot be asked ({type(err).__name__}{code})")


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Whoever is asked answers: what is shown to them is not shown to another."""

    def redirect_request(self, *_: Any) -> None:
        return None


def is_safe_address(url: str) -> bool:
    """Return whether what is got from an address cannot be changed on its way."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback((parts.hostname or "").strip("[]"))
    )


def fetch_json(
    url: str,
    *,
    of: str,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    most_bytes: int = _MOST_BYTES,
) -> Any:
    """Return the JSON with which an address answers.

    Parameters
    ----------
    url : str
        The address; a redirection from it is not followed.
    of : str
        Whose it is, for the message.
    form : mapping or None
        Posted where it is given.
    headers : mapping or None
        Sent with it.
    most_bytes : int
        A longer answer is none.

    Raises
    ------
    Unreachable
        If it does not answer in time, or with an error, or with something else.
    """
    data = None if form is None else urlencode(form).encode("ascii")
    try:
        here = is_loopback(urlsplit(url).hostname or "")
        proxies = urllib.request.ProxyHandler({} if here else None)
        opener = urllib.request.build_opener(proxies, _NoRedirection)
        request = urllib.request.Request(url, data, dict(headers or {}))
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return json.loads(answer.read(most_bytes))
    except HTTPError as err:
        err.close()
        raise Unreachable.because(err, of=of) from err
    except TROUBLE as err:
        raise Unreachable.because(err, of=of) from err
