"""What is noted of every request, and how long it may take.

BentoML would put five layers of its own around each request (counters, tracing, a log, a time
limit, a context), which together take longer than an estimate. This is one layer in their place:
the same counters and the same line of the log, and the time limit without a task and a timer that
stay behind. Counters and lines are written for many requests together, a moment later: to write
them one by one, between two estimates, takes a fifth of an estimate's time. Nothing is traced.
Counters and log see an address's name, never what somebody wrote.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from functools import cache, cached_property
from time import perf_counter, time
from typing import Any, NamedTuple

from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.context import server_context
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.paths import name_type

__all__ = ["Ledger"]

_UNSEEN = ("/livez", "/readyz", "/healthz")
"""Asked all the time by what watches over the process: counted, and in no log."""
_METRICS = "/metrics"
_WAIT = 0.1
"""Seconds after which what was noted is written."""
_MOST = 20
"""Requests that are noted before they are written at once: more would hold somebody up."""
_log = logging.getLogger("bentoml.access")


class _Counters:
    """BentoML's counters of requests, under its names; each set of labels is looked up once."""

    def __init__(self) -> None:
        # Not before the first request: where processes share their counts is known by then.
        client = BentoMLContainer.metrics_client.get()
        names = ("endpoint", "service_name", "service_version", "runner_name")
        space = BentoMLContainer.api_server_config.metrics.namespace.get()
        with_status = {"namespace": space, "labelnames": (*names, "http_response_code")}
        total = client.Counter(
            name="request_total", documentation="Requests answered", **with_status
        )
        duration = client.Histogram(
            name="request_duration_seconds",
            documentation="Seconds until an answer is there",
            buckets=BentoMLContainer.duration_buckets.get(),
            **with_status,
        )
        in_progress = client.Gauge(
            namespace=space,
            name="request_in_progress",
            documentation="Requests in progress now",
            labelnames=names,
            multiprocess_mode="livesum",
        )
        last = client.Gauge(
            namespace=space,
            name="last_request_timestamp_seconds",
            documentation="When the last request came",
            labelnames=names[1:],
        )

        def label(endpoint: str) -> dict[str, str | None]:
            return {"endpoint": endpoint, **self._labels}

        self.find_total = cache(
            lambda name, status: total.labels(**label(name), http_response_code=status)
        )
        self.find_duration = cache(
            lambda name, status: duration.labels(**label(name), http_response_code=status)
        )
        self.find_in_progress = cache(lambda name: in_progress.labels(**label(name)))
        self.last = last.labels(**self._labels)

    @cached_property
    def _labels(self) -> Mapping[str, str | None]:
        return {
            "service_name": server_context.bento_name,
            "service_version": server_context.bento_version,
            "runner_name": server_context.service_name,
        }


@cache
def _find_counters() -> _Counters:
    """Return the counters of this process, which has one of each name."""
    return _Counters()


class _Note(NamedTuple):
    """What is to be written of one request: its address's name, and what came of it."""

    name: str
    scope: Scope
    start: Mapping[str, Any]
    took: float
    ended: float


class Ledger:
    """Middleware: counts requests, logs a line for each, and ends what takes too long with a 504.

    Parameters
    ----------
    app : ASGI application
        What answers.
    seconds : float
        Within which an answer has to begin.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self.app = app
        self._seconds = seconds
        self._noted: list[_Note] = []
        self._open: Counter[str] = Counter()
        self._waiting: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and note what becomes of it."""
        if scope["type"] != "http" or scope["state"]["route"] == _METRICS:
            self.settle()
            try:
                await self.app(scope, receive, send)
            finally:
                self.settle()  # the service has ended, where it was its life
            return
        name: str = scope["state"]["route"]
        began, start = perf_counter(), dict[str, Any]()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                if not limit.expired():
                    limit.reschedule(None)  # it has begun in time
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self._noted.append(_Note(name, scope, start, perf_counter() - began, time()))

        self._open[name] += 1
        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self.app(scope, receive, note)
        except TimeoutError:
            if not limit.expired():
                raise
            body = {"error": f"Not able to process the request in {self._seconds} seconds"}
            await JSONResponse(body, 504)(scope, receive, note)
        finally:
            self._open[name] -= 1
            self._settle_soon()

    def _settle_soon(self) -> None:
        if len(self._noted) >= _MOST:
            self.settle()
        loop = asyncio.get_running_loop()
        if self._waiting is not loop:
            self._waiting = loop
            loop.call_later(_WAIT, self.settle)

    def settle(self) -> None:
        """Write what was noted since the last time."""
        self._waiting = None
        noted, self._noted = self._noted, []
        if not noted and not self._open:
            return
        counters = _find_counters()
        for name, scope, start, took, ended in noted:
            counters.find_total(name, start["status"]).inc()
            counters.find_duration(name, start["status"]).observe(took)
            if name not in _UNSEEN:
                counters.last.set(ended)
                if _log.isEnabledFor(logging.INFO):
                    _write_line(scope, name, start, took, ended)
        for name, n_open in list(self._open.items()):
            counters.find_in_progress(name).set(n_open)
            if not n_open:
                del self._open[name]


def _write_line(
    scope: Scope, name: str, start: Mapping[str, Any], took: float, ended: float
) -> None:
    """Write who asked, what, how much, and what came of it; nothing of what stood in either."""
    asked, told = dict(scope["headers"]), dict(start["headers"])
    host, port = scope.get("client") or ("_", "")
    line = (
        "%s:%s (scheme=%s,method=%s,path=%s,type=%s,length=%s) (status=%s,type=%s,length=%s) %.3fms"
    )
    told_of = (
        host,
        port,
        scope["scheme"],
        scope["method"],
        name,
        name_type(asked.get(b"content-type", b"")),
        asked.get(b"content-length", b"").decode("latin-1"),
        start["status"],
        told.get(b"content-type", b"").decode("latin-1"),
        told.get(b"content-length", b"").decode("latin-1"),
        1000 * took,
    )
    record = _log.makeRecord(_log.name, logging.INFO, __file__, 0, line, told_of, None)
    record.created, record.msecs = ended, 1000 * (ended % 1)
    _log.handle(record)
