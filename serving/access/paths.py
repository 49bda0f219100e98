"""What counters and logs are told of an address: its name here, never what somebody wrote.

An address may hold anything, a patient's name too. Those that nothing answers have one name
together, a part of an address that varies is named and not told, and the kind of a body is told
where it is a known one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["UNKNOWN", "NamedPaths", "list_routes", "name_type"]

UNKNOWN = "/unknown"
"""The name of all addresses at which nothing answers."""
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


def name_type(value: bytes) -> str:
    """Return the kind of a body, as its sender calls it: "other" where it is no known one."""
    kind = value.partition(b";")[0].strip().lower()
    return kind.decode() if kind in _TYPES else "other" if value else ""


class NamedPaths:
    """Outermost middleware: the name of a request's address is ``scope["state"]["route"]``.

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
        self._varied = [*list_routes(routes)]
        fixed = [route.path for route in self._varied if not route.param_convertors]
        self._fixed = {*fixed, *more}

    def _name(self, path: str) -> str:
        """Return the name of an address: that of the route which answers there."""
        if path in self._fixed:
            return path
        if "\n" in path:  # what is mounted at the root is not asked then, whatever is within
            return UNKNOWN
        asked = {"type": "http", "path": path, "method": "GET", "root_path": ""}
        for route in self._varied:
            if route.matches(asked)[0] is not Match.NONE:
                return route.path
        return UNKNOWN

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on with its address's name."""
        if scope["type"] in ("http", "websocket"):
            state = {**scope.get("state", {}), "route": self._name(scope["path"])}
            scope = {**scope, "state": state}
        await self.app(scope, receive, send)
