"""By which names this service is called.

A page of another site can have its own name lead to this machine, and so make a browser here ask
for it. The name then stands in the request, and is refused.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from features.texts import say
from serving.access.refusal import Refusal
from serving.settings import is_loopback

__all__ = ["NOT_HERE", "OwnNames", "is_own_name"]

NOT_HERE = Refusal(
    403,
    say(
        "this service is not called by that name: whoever runs it adds the name to "
        "KETRESPONSE_ALLOWED_HOSTS"
    ),
)


def _read_name(host: str) -> str:
    """Return the name of a Host header without its port; empty where it is none."""
    name, bracket, rest = host.strip().lower().partition("]")
    if bracket:
        return name.removeprefix("[") if not rest or rest.startswith(":") else ""
    name, _, port = name.partition(":")
    return name.rstrip(".") if not port or port.isdigit() else ""


def is_own_name(given: Sequence[str], host: str, more: Sequence[str] = ()) -> bool:
    """Return whether a request names this service.

    Parameters
    ----------
    given : sequence of str
        Every Host header of the request: there has to be exactly one.
    host : str
        The address that is listened on; one that stands for every address is no name.
    more : sequence of str
        Further names, in small letters.
    """
    if len(given) != 1:
        return False
    name = _read_name(given[0])
    return name in more or is_loopback(name) or (name == host.lower() and not _is_every(host))


def _is_every(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


class OwnNames:
    """Middleware: answers only where it is called by one of its own names.

    Parameters
    ----------
    app : ASGI application
        What is behind it.
    host : str
        The address that is listened on.
    more : sequence of str
        Further names, in small letters.
    """

    def __init__(self, app: ASGIApp, *, host: str, more: Sequence[str] = ()) -> None:
        self.app = app
        self._host, self._more = host, more

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or refuse it."""
        if scope["type"] == "http":
            given = Headers(scope=scope).getlist("host")
            if not is_own_name(given, self._host, self._more):
                await NOT_HERE.answer(scope, has_login=False)(scope, receive, send)
                return
        await self.app(scope, receive, send)
