from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from serving.estimate.request import MAX_BODY, MAX_BUNDLE, RequestError
from serving.web.posted import read_body, read_form, read_whole


def make_request(body: bytes, kind: str = "application/x-www-form-urlencoded") -> Request:
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/clinic", "headers": headers}
    return Request({**scope, "query_string": b""}, receive)


def test_fields_are_read_and_the_session_s_word_is_left_out():
    fields, upload = asyncio.run(read_form(make_request(b"nrs_t0=+8+&sex=&csrf=word")))
    assert fields == {"nrs_t0": "8"}
    assert upload == b""


@pytest.mark.parametrize(
    "body", [b"nrs_t0=8&nrs_t0=7", b"\xff", b"a=1&" * 600, b"patient_id=M%FCller"]
)
def test_what_cannot_be_read_is_refused(body):
    with pytest.raises(RequestError):
        asyncio.run(read_form(make_request(body)))


def test_a_body_that_is_too_long_is_refused():
    assert asyncio.run(read_body(make_request(b"x" * MAX_BODY))) == b"x" * MAX_BODY
    with pytest.raises(RequestError):
        asyncio.run(read_body(make_request(b"x" * (MAX_BODY + 1))))


def send(*chunks, gone=False):
    messages = [
        {"type": "http.request", "body": chunk, "more_body": gone or n + 1 < len(chunks)}
        for n, chunk in enumerate(chunks)
    ]
    messages.append({"type": "http.disconnect"})

    async def receive():
        return messages.pop(0)

    return receive, messages


def scope(**headers):
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": "/", "headers": told}


def read(*chunks, gone=False, **headers):
    return asyncio.run(read_whole(scope(**headers), send(*chunks, gone=gone)[0]))


def test_a_body_is_read_whole():
    assert read(b"ab", b"", b"cd") == b"abcd"
    assert read(b"") == b""
    assert len(read(b"x" * MAX_BODY)) == MAX_BODY


def test_a_body_that_is_too_long_is_not_read_to_its_end():
    chunk = b"x" * (MAX_BODY // 2 + 1)
    receive, left = send(chunk, chunk, chunk, chunk)
    assert asyncio.run(read_whole(scope(), receive)) is None
    assert len(left) == 3


def test_a_part_of_a_record_may_be_longer():
    receive, _ = send(b"x" * (MAX_BODY + 1))
    body = asyncio.run(read_whole({**scope(), "path": "/fhir/predict"}, receive))
    assert len(body) == MAX_BODY + 1
    receive, _ = send(b"x")
    longer = scope(content_length=str(MAX_BUNDLE + 1))
    assert asyncio.run(read_whole({**longer, "path": "/fhir/predict"}, receive)) is None


def test_one_that_says_so_beforehand_is_not_read_at_all():
    receive, left = send(b"x")
    assert asyncio.run(read_whole(scope(content_length=str(MAX_BODY + 1)), receive)) is None
    assert len(left) == 2
    assert read(b"x", content_length="9" * 5000) is None
    assert read(b"x", content_length="²") == b"x"


def test_half_a_body_is_none():
    assert read(b"nrs_t0=8&op", gone=True) is None
