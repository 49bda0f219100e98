from __future__ import annotations

import asyncio

import pytest

from serving.access.body import read_field, replay


def scope(**headers):
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": "/", "headers": told}


def test_a_body_is_given_once_more():
    async def receive():
        return {"type": "http.disconnect"}

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
