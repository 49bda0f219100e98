"""What counters and logs are told of an address: its name here, never what somebody wrote.

An address may hold anything, a patient's name too. Those that nothing answers have one name
together, a part of an address that varies is named and not told, and what is asked behind it, or
called the kind of a body, is not told either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["UNKNOWN", "NamedPaths", "OwnPath", "list_routes"]

UNKNOWN = "/unknown"
"""The name of all addresses at which nothing answers."""
_OWN = "ketresponse.own"
_VEILED = ("path", "raw_path", "query_string", "headers")
_TYPES = (
    b"application/json",
    b"application/fhir+json",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data",
    b"text/plain",
)


def list_routes(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    """Yield what answers, in the order in which it is asked."""
    for route in routes:
        if isinstance(route, Route):
            yield route
        else:  # an application that is mounted at the root
            yield from list_routes(getattr(route, "routes", None) or ())


def name_path(path: str, routes: Iterable[Route]) -> str:
    """Return the name of an address: that of the route which answers there."""
    if "\n" in path:  # what is mounted at the root is not asked then, whatever is within
        return UNKNOWN
    asked = {"type": "http", "path": path, "method": "GET", "root_path": ""}
    for route in routes:
        if route.matches(asked)[0] is not Match.NONE:
            return route.path
    return UNKNOWN


def _name_type(value: bytes) -> bytes:
    """Return the kind of a body, as its sender calls it, where it is a known one."""
    kind = value.partition(b";")[0].strip().lower()
    return kind if kind in _TYPES else b"other"


class NamedPaths:
    """Outermost middleware: whatever stands between here and :class:`OwnPath` sees names only.

    Parameters
    ----------
    app : ASGI application
        What is inside, counters and logs among it.
    routes : list of BaseRoute
        What answers.
    more : tuple of str
        Addresses at which a middleware answers.
    """

    def __init__(
        self, app: ASGIApp, *, routes: list[BaseRoute], more: tuple[str, ...] = ()
    ) -> None:
        self.app = app
        self._routes = [*list_routes(routes)]
        self._more = more

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on under its address's name."""
        if scope["type"] in ("http", "websocket"):
            path: str = scope["path"]
            name = path if path in self._more else name_path(path, self._routes)
            told = {key: scope.get(key) for key in _VEILED}
            headers = [
                (key, _name_type(value) if key == b"content-type" else value)
                for key, value in scope["headers"]
            ]
            veiled = {"path": name, "raw_path": name.encode(), "headers": headers}
            scope = {**scope, **veiled, "query_string": b"", _OWN: told}
        await self.app(scope, receive, send)


class OwnPath:
    """Innermost middleware: gives a request back what it came with; `state` keeps the name."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on as it came."""
        if _OWN in scope:
            state: dict[str, Any] = {**scope.get("state", {}), "route": scope["path"]}
            scope = {**scope, **scope[_OWN], "state": state}
        await self.app(scope, receive, send)
