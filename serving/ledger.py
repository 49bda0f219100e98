"""What is noted of every request, and how long it may take.

BentoML would put five layers of its own around each request (counters, tracing, a log, a time
limit, a context), which together take longer than an estimate. This is one layer in their place:
the same counters and the same line of the log, and the time limit without a task and a timer that
stay behind. Nothing is traced. Counters and log see an address's name, never what somebody wrote.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import cache, cached_property
from time import perf_counter
from typing import Any

from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.context import server_context
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.paths import name_type

__all__ = ["Ledger"]

_UNSEEN = ("/livez", "/readyz", "/healthz")
"""Asked all the time by what watches over the process: counted, and in no log."""
_METRICS = "/metrics"
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and note what becomes of it."""
        if scope["type"] != "http" or scope["state"]["route"] == _METRICS:
            await self.app(scope, receive, send)
            return
        name: str = scope["state"]["route"]
        began, start = perf_counter(), dict[str, Any]()
        counters = _find_counters()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                if not limit.expired():
                    limit.reschedule(None)  # it has begun in time
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                took = perf_counter() - began
                counters.find_total(name, start["status"]).inc()
                counters.find_duration(name, start["status"]).observe(took)
                if name not in _UNSEEN and _log.isEnabledFor(logging.INFO):
                    _write_line(scope, name, start, took)

        if name not in _UNSEEN:
            counters.last.set_to_current_time()
        with counters.find_in_progress(name).track_inprogress():
            try:
                async with asyncio.timeout(self._seconds) as limit:
                    await self.app(scope, receive, note)
            except TimeoutError:
                if not limit.expired():
                    raise
                body = {"error": f"Not able to process the request in {self._seconds} seconds"}
                await JSONResponse(body, 504)(scope, receive, note)


def _write_line(scope: Scope, name: str, start: Mapping[str, Any], took: float) -> None:
    """Write who asked, what, how much, and what came of it; nothing of what stood in either."""
    asked, told = dict(scope["headers"]), dict(start["headers"])
    host, port = scope.get("client") or ("_", "")
    _log.info(
        "%s:%s (scheme=%s,method=%s,path=%s,type=%s,length=%s) "
        "(status=%s,type=%s,length=%s) %.3fms",
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
