from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from serving.access.cross_origin import CrossOrigin
from serving.cds_hooks.settings import CdsSettings
from tests.serving.helpers.clients import Client

ORIGIN = "https://sandbox.cds-hooks.org"
PATHS = ("/cds-services", "/cds-services/x", "/cds-services/x/feedback", "/predict")


async def tell(request):
    return PlainTextResponse("told", 401 if "authorization" not in request.headers else 200)


def make_client(*origins):
    app = Starlette(routes=[Route(path, tell, methods=["GET", "POST"]) for path in PATHS])
    return Client(CrossOrigin(app, lambda: CdsSettings(origins=origins)))


def ask_before(client, path, origin=ORIGIN):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return client.options(path, headers=headers)


@pytest.mark.parametrize("path", PATHS[:3])
def test_a_page_that_is_named_may_ask_and_read(path):
    client = make_client(ORIGIN, "http://localhost:8080")
    before = ask_before(client, path)
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in before.headers["access-control-allow-methods"]
    assert "authorization" in before.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in before.headers
    for headers in ({}, {"Authorization": "Bearer x"}):
        answer = client.post(path, headers={"Origin": ORIGIN, **headers})
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "Origin" in answer.headers["vary"]


def test_no_other_page_and_no_other_address():
    client = make_client(ORIGIN)
    for origin in ("https://evil.example", "null", "https://sandbox.cds-hooks.org.evil.example"):
        assert ask_before(client, "/cds-services/x", origin).status_code == 400
        answer = client.post("/cds-services/x", headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
    assert ask_before(client, "/predict").status_code == 405
    answer = client.post("/predict", headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers


def test_without_names_no_page_may_ask():
    client = make_client()
    assert "access-control-allow-origin" not in ask_before(client, "/cds-services/x").headers
