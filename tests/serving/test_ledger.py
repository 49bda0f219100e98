from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from serving.access.paths import NamedPaths
from serving.ledger import Ledger

SECRET = "John-Doe-1970"


async def tell(request: Request):
    return JSONResponse({"length": len(await request.body())}, 203)


async def sleep(request: Request):
    await asyncio.sleep(30)
    return JSONResponse({})


async def begin(request: Request):
    async def parts():
        for part in "abc":
            yield part
            await asyncio.sleep(0.04)

    return StreamingResponse(parts())


async def fail(request: Request):
    raise TimeoutError(SECRET)


@pytest.fixture(scope="module")
def ask():
    endpoints = {"/ledger-tell": tell, "/sleep": sleep, "/begin": begin, "/fail": fail}
    routes = [Route(p, e, methods=["GET", "POST"]) for p, e in endpoints.items()]
    routes += [Route("/livez", tell), Route("/metrics", tell), Route("/of/{patient}", tell)]
    app = NamedPaths(Ledger(Starlette(routes=routes), seconds=0.1), routes=routes)

    def ask(path, **options):
        async def call():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
                return await http.request(options.pop("method", "GET"), path, **options)

        return asyncio.run(call())

    return ask


@pytest.fixture
def lines():
    """Return what is logged, whatever else listens to the log."""
    told = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())
    log = logging.getLogger("bentoml.access")
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    yield told
    log.removeHandler(handler)
    log.setLevel(level)


def count(endpoint, name="request_total", **labels):
    from prometheus_client import REGISTRY

    wanted = {"endpoint": endpoint, **labels}
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name.startswith("bentoml_") and sample.name.endswith(f"_{name}")
        if wanted.items() <= sample.labels.items()
    )


def test_a_request_is_counted_and_timed_under_its_status(ask):
    before = count("/ledger-tell", http_response_code="203")
    for _ in range(3):
        assert ask("/ledger-tell").status_code == 203
    assert count("/ledger-tell", http_response_code="203") == before + 3
    assert count("/ledger-tell", "request_duration_seconds_count") >= 3
    assert count("/ledger-tell", "request_in_progress") == 0


def test_a_line_tells_who_asked_and_what_came_of_it_and_nothing_that_was_written(ask, lines):
    asked = {"content": b"{}", "headers": {"content-type": f"text/{SECRET}"}}
    ask(f"/of/{SECRET}?name={SECRET}")
    ask("/ledger-tell", method="POST", **asked)
    first, second = lines
    assert "(scheme=http,method=GET,path=/of/{patient},type=,length=) (status=203," in first
    assert "method=POST,path=/ledger-tell,type=other,length=2) (status=203," in second
    assert "type=application/json,length=12) " in second and second.endswith("ms")
    assert SECRET not in first + second


def test_what_watches_over_the_process_is_in_no_log(ask, lines):
    before = count("/livez")
    ask("/livez")
    ask("/metrics")
    assert lines == []
    assert count("/livez") == before + 1
    assert count("/metrics") == 0


def test_what_takes_too_long_is_ended_and_said(ask):
    answer = ask("/sleep")
    assert answer.status_code == 504
    assert "0.1 seconds" in answer.json()["error"]
    assert count("/sleep", http_response_code="504") == 1
    assert count("/sleep", "request_in_progress") == 0


def test_an_answer_that_has_begun_in_time_may_take_its_time(ask):
    assert ask("/begin").text == "abc"


def test_an_error_of_what_answers_stays_one(ask):
    with pytest.raises(TimeoutError, match=SECRET):
        ask("/fail")
    assert count("/fail", "request_in_progress") == 0
