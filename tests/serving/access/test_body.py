from __future__ import annotations

import asyncio

import pytest

from serving.access.body import read_field, read_whole, replay
from serving.estimate.request import MAX_BODY


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


def test_one_that_says_so_beforehand_is_not_read_at_all():
    receive, left = send(b"x")
    assert asyncio.run(read_whole(scope(content_length=str(MAX_BODY + 1)), receive)) is None
    assert len(left) == 2
    assert read(b"x", content_length="9" * 5000) is None
    assert read(b"x", content_length="²") == b"x"


def test_half_a_body_is_none():
    assert read(b"nrs_t0=8&op", gone=True) is None


def test_a_body_is_given_once_more():
    receive, _ = send()

    async def twice():
        again = replay(b"abc", receive)
        return [await again(), await again()]

    first, second = asyncio.run(twice())
    assert first == {"type": "http.request", "body": b"abc", "more_body": False}
    assert second["type"] == "http.disconnect"


FORM = "application/x-www-form-urlencoded"
PARTS = b'--x\r\ncontent-disposition: form-data; name="csrf"\r\n\r\nword\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("kind", "body", "found"),
    [
        (FORM, b"a=1&csrf=word", "word"),
        (FORM, b"a=1", None),
        (FORM, b"\xff=\xfe", None),
        ("multipart/form-data; boundary=x", PARTS, "word"),
        ("multipart/form-data; boundary=x", PARTS[:20], None),
        ("multipart/form-data", PARTS, None),
        (
            "multipart/form-data; boundary=x",
            PARTS.replace(b'"csrf"', b'"csrf"; filename="f"'),
            None,
        ),
        ("application/json", b'{"csrf": "word"}', None),
        ("", b"csrf=word", None),
    ],
)
def test_a_field_is_found_in_a_form_of_either_kind_and_nowhere_else(kind, body, found):
    assert asyncio.run(read_field(scope(content_type=kind), body, "csrf")) == found
