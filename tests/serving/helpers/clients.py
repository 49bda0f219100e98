"""An app in this process: asked without a screen, or served to a real browser."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

PATIENCE = 60.0
"""Seconds that a service in another process may take: httpx waits for 5, which the first answer of
one that has just started, its keys fetched and its store opened, exceeds on a busy machine."""


class Client:
    """A browser without a screen: keeps cookies, follows redirects."""

    def __init__(self, app: Any, *, follow_redirects: bool = True) -> None:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        self._http = httpx.AsyncClient(
            transport=transport, base_url="https://here", follow_redirects=follow_redirects
        )

    def get(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._http.get(path, **options))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._http.post(path, **options))

    def options(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._http.options(path, **options))


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Serve an application from a thread; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=[[listener]], daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
