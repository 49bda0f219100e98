"""A browser without a screen: keeps cookies, follows redirects, talks to an app in this process."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx


class Client:
    def __init__(self, app: Any, *, follow_redirects: bool = True) -> None:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        self._http = httpx.AsyncClient(
            transport=transport, base_url="https://here", follow_redirects=follow_redirects
        )

    def get(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._http.get(path, **options))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._http.post(path, **options))
