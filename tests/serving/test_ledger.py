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
def app():
    endpoints = {"/ledger-tell": tell, "/sleep": sleep, "/begin": begin, "/fail": fail}
    routes = [Route(p, e, methods=["GET", "POST"]) for p, e in endpoints.items()]
    routes += [Route("/livez", tell), Route("/metrics", tell), Route("/of/{patient}", tell)]
    return NamedPaths(Ledger(Starlette(routes=routes), seconds=0.1), routes=routes)


def enter(app):
    """Return a client of the application, in a loop of whoever asks."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


@pytest.fixture
def ask(app):
    def ask(path, **options):
        async def call():
            async with enter(app) as http:
                return await http.request(options.pop("method", "GET"), path, **options)

        try:
            return asyncio.run(call())
        finally:
            app.app.settle()  # the loop has ended before it was time

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


def test_what_was_noted_is_written_a_moment_later(app, lines):
    async def ask_and_wait():
        async with enter(app) as http:
            await http.get("/ledger-tell")
            assert lines == []
            while not lines:  # in the loop's time, not at the next request
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(ask_and_wait(), 30))
    assert len(lines) == 1


def test_many_requests_are_written_together_before_their_time(app, lines):
    async def ask_often():
        async with enter(app) as http:
            for _ in range(20):
                await http.get("/ledger-tell")
        return len(lines)

    assert asyncio.run(ask_often()) == 20


def test_what_was_noted_is_written_before_it_is_asked_for_and_at_the_end(lines):
    asked, told = {"client": None, "scheme": "http", "method": "GET", "headers": []}, []

    async def life(scope, receive, send):
        if scope["type"] == "lifespan":
            for path in ("/once", "/metrics", "/again"):
                await ledger({**asked, "type": "http", "state": {"route": path}}, receive, send)
            told.append(len(lines))
        elif scope["state"]["route"] == "/metrics":
            told.append(len(lines))
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def ignore(message):
        assert message["type"].startswith("http.response.")

    ledger = Ledger(life, seconds=1.0)
    asyncio.run(ledger({"type": "lifespan"}, None, ignore))
    assert (told, len(lines)) == ([1, 1], 2)
