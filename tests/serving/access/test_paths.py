from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route

from serving.access.paths import UNKNOWN, NamedPaths, OwnPath

SECRET = "John-Doe-1970"


async def echo(request: Request):
    told = {"path": request.url.path, "query": request.url.query, "route": request.state.route}
    return JSONResponse({**told, "type": request.headers.get("content-type")})


async def nothing(request: Request):
    return PlainTextResponse("", 204)


class Ledger:
    """What counters and logs are told."""

    def __init__(self, app):
        self.app, self.seen = app, []

    async def __call__(self, scope, receive, send):
        self.seen.append(scope)
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
    return Ledger(OwnPath(inner))


@pytest.fixture
def ask(ledger):
    import httpx

    app = NamedPaths(ledger, routes=ledger.app.app.routes, more=("/login",))

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
        ("GET", f"/clinic/%0A{SECRET}", UNKNOWN),
        ("GET", f"/patients/%0A{SECRET}", UNKNOWN),
    ],
)
def test_counters_and_logs_are_told_the_name_of_an_address(ask, ledger, method, path, name):
    kind = {"content-type": f"text/{SECRET}"}
    ask(method, f"{path}?name={SECRET}", headers=kind)
    (seen,) = ledger.seen
    assert seen["path"] == name
    told = {key: seen[key] for key in ("path", "raw_path", "query_string", "headers")}
    del told["headers"][[key for key, _ in told["headers"]].index(b"host")]
    assert SECRET not in repr(told)


def test_whoever_answers_is_told_all(ask):
    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = ask("GET", f"/patients/{SECRET}?name={SECRET}", headers=kind).json()
    assert answer == {
        "path": f"/patients/{SECRET}",
        "query": f"name={SECRET}",
        "route": "/patients/{pseudonym}",
        "type": kind["content-type"],
    }
    assert ask("GET", f"/x/{SECRET}").status_code == 404


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"application/json; charset=utf-8", b"application/json"),
        (b"Multipart/Form-Data; boundary=x", b"multipart/form-data"),
        (b"\xff\xfe", b"other"),
        (b"", b"other"),
    ],
)
def test_the_kind_of_a_body_is_a_known_one(ask, ledger, given, told):
    ask("POST", "/predict", headers={b"content-type": given})
    assert dict(ledger.seen[0]["headers"])[b"content-type"] == told


def test_a_thousand_addresses_have_one_name(ask, ledger):
    for number in range(50):
        ask("GET", f"/{number}")
    assert {seen["path"] for seen in ledger.seen} == {UNKNOWN}


def test_without_names_a_request_is_left_alone():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    scope = {"type": "lifespan"}
    asyncio.run(NamedPaths(OwnPath(app), routes=[])(scope, None, None))
    assert seen == [scope]
