"""Pages of other sites that may ask: those that are named, at the addresses meant for them.

A browser asks beforehand (a preflight, without any token), and lets a page read only what the
answer lets it.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.access.caller import is_for_record_systems
from serving.cds_hooks.settings import CdsSettings

__all__ = ["CrossOrigin"]

_REMEMBERED_SECONDS = 600
_HEADERS = ("Authorization", "Content-Type", "Accept-Language")


class CrossOrigin:
    """Middleware: tells browsers which pages may ask the CDS services and read their answers.

    Parameters
    ----------
    app : ASGI application
        What answers.
    get_settings : callable
        Returns which pages those are.
    """

    def __init__(self, app: ASGIApp, get_settings: Callable[[], CdsSettings]) -> None:
        self.app = app
        self._get_settings = get_settings
        self._made: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, and hand everything else on."""
        if scope["type"] != "http" or not is_for_record_systems(scope["path"]):
            await self.app(scope, receive, send)
            return
        if self._made is None:  # the settings are read at the first request
            origins = self._get_settings().origins
            self._made = self.app if not origins else _let_in(self.app, origins)
        await self._made(scope, receive, send)


def _let_in(app: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=_HEADERS,
        max_age=_REMEMBERED_SECONDS,
    )
