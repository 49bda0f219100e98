from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from serving.estimate.request import MAX_BODY, RequestError
from serving.web.posted import read_body, read_form


def make_request(body: bytes, kind: str = "application/x-www-form-urlencoded") -> Request:
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def test_fields_are_read_and_the_session_s_word_is_left_out():
    fields, upload = asyncio.run(read_form(make_request(b"nrs_t0=+8+&sex=&csrf=word")))
    assert fields == {"nrs_t0": "8"}
    assert upload == b""


@pytest.mark.parametrize("body", [b"nrs_t0=8&nrs_t0=7", b"\xff", b"a=1&" * 600])
def test_what_cannot_be_read_is_refused(body):
    with pytest.raises(RequestError):
        asyncio.run(read_form(make_request(body)))


def test_a_body_that_is_too_long_is_refused():
    assert asyncio.run(read_body(make_request(b"x" * MAX_BODY))) == b"x" * MAX_BODY
    with pytest.raises(RequestError):
        asyncio.run(read_body(make_request(b"x" * (MAX_BODY + 1))))
