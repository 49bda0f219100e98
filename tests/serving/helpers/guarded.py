"""A small application behind the guard, asked in this process."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from serving.access.guard import Guard
from serving.access.login import LOGOUT
from serving.access.paths import NamedPaths
from serving.access.refusal import LOGIN
from serving.access.settings import AccessSettings
from serving.cds_hooks.settings import CdsSettings

PATHS = ("/", "/clinic", "/predict", "/model", "/metrics", "/outcomes", "/readyz", "/clinic.css")
CDS_PATHS = ("/cds-services", "/cds-services/x")
PAGE = {"accept": "text/html,*/*"}


async def tell(request: Request) -> Response:
    """Say who asks, as those inside are told, and what was sent."""
    state = request.scope.get("state", {})
    body = await request.body()
    told = {name: state.get(name) for name in ("caller", "csrf")}
    return JSONResponse({**told, "length": len(body)})


class Guarded:
    """Somebody who asks the guarded application, and keeps its cookies.

    Parameters
    ----------
    access : AccessSettings
        What is set.
    url : str
        By which name it is asked.
    host : str
        The address that is listened on.
    cds : CdsSettings
        How record systems show who they are.
    """

    def __init__(
        self,
        access: AccessSettings,
        *,
        url: str = "http://127.0.0.1:3000",
        host: str = "127.0.0.1",
        cds: CdsSettings = CdsSettings(),  # noqa: B008  # it cannot be changed
    ) -> None:
        routes = [Route(path, tell, methods=["GET", "POST"]) for path in (*PATHS, *CDS_PATHS)]
        inner = Starlette(routes=routes)
        guarded = Guard(inner, lambda: access, lambda: host, lambda: cds)
        self.app = NamedPaths(guarded, routes=routes, more=(LOGIN, LOGOUT))
        self.url = url
        self.cookies = httpx.Cookies()

    def ask(
        self, method: str, path: str, *, client: str = "127.0.0.1", **options: Any
    ) -> httpx.Response:
        """Return the answer, no redirection followed."""

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(client, 1))
            async with httpx.AsyncClient(
                transport=transport, base_url=self.url, cookies=self.cookies
            ) as http:
                answer = await http.request(method, path, **options)
                self.cookies = http.cookies
                return answer

        return asyncio.run(call())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("POST", path, **options)


def bearer(word: str) -> dict[str, str]:
    """Return the headers that show a key or a token."""
    return {"Authorization": f"Bearer {word}"}
