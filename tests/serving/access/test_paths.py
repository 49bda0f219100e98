from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from serving.access.paths import UNKNOWN, NamedPaths, name_type

SECRET = "John-Doe-1970"


async def echo(request: Request):
    return JSONResponse({"path": request.url.path, "query": request.url.query})


class Ledger:
    """What counters and logs are told."""

    def __init__(self, app):
        self.app, self.seen = app, []

    async def __call__(self, scope, receive, send):
        self.seen.append(scope["state"]["route"])
        await self.app(scope, receive, send)


@pytest.fixture
def ledger():
    inner = Starlette(
        routes=[
            Route("/predict", echo, methods=["POST"]),
            Route("/patients/{pseudonym}", echo),
            Mount("/", routes=[Route("/clinic", echo)]),
        ]
    )
    return Ledger(inner)


@pytest.fixture
def ask(ledger):
    app = NamedPaths(ledger, routes=ledger.app.routes, more=("/login",))

    def ask(method, path, **options):
        async def call():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
                return await http.request(method, path, **options)

        return asyncio.run(call())

    return ask


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/predict", "/predict"),
        ("GET", "/predict", "/predict"),
        ("GET", "/clinic", "/clinic"),
        ("GET", "/login", "/login"),
        ("GET", f"/patients/{SECRET}", "/patients/{pseudonym}"),
        ("POST", f"/predict/{SECRET}", UNKNOWN),
        ("GET", f"/{SECRET}", UNKNOWN),
        ("GET", "/patients/{pseudonym}/more", UNKNOWN),
        ("GET", f"/clinic/%0A{SECRET}", UNKNOWN),
        ("GET", f"/patients/%0A{SECRET}", UNKNOWN),
    ],
)
def test_counters_and_logs_are_told_the_name_of_an_address(ask, ledger, method, path, name):
    ask(method, f"{path}?name={SECRET}")
    assert ledger.seen == [name]


def test_whoever_answers_is_told_all(ask):
    answer = ask("GET", f"/patients/{SECRET}?name={SECRET}").json()
    assert answer == {"path": f"/patients/{SECRET}", "query": f"name={SECRET}"}
    assert ask("GET", f"/x/{SECRET}").status_code == 404


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"application/json; charset=utf-8", "application/json"),
        (b"Multipart/Form-Data; boundary=x", "multipart/form-data"),
        (b"\xff\xfe", "other"),
        (SECRET.encode(), "other"),
        (b"", ""),
    ],
)
def test_the_kind_of_a_body_is_a_known_one(given, told):
    assert name_type(given) == told


def test_a_thousand_addresses_have_one_name(ask, ledger):
    for number in range(50):
        ask("GET", f"/{number}")
    assert set(ledger.seen) == {UNKNOWN}


def test_without_names_a_request_is_left_alone():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    scope = {"type": "lifespan"}
    asyncio.run(NamedPaths(app, routes=[])(scope, None, None))
    assert seen == [scope]
