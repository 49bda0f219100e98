"""What was sent: a body, or the fields of a form."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Receive, Scope

from features.errors import Problem
from features.texts import say
from serving.estimate.request import MAX_BODY, RequestError, find_longest, unique

__all__ = ["read_body", "read_form", "read_whole"]

_MOST_FIELDS = 500
_NO_FORM = Problem("body", say("a form as this page sends it"), say("something else"))
_GUARDED = "csrf"  # the word of a session: access control has looked at it


async def read_whole(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body of a request; None where it is longer than its address takes, or breaks off.

    What is too long is not read to its end.
    """
    most = find_longest(scope["path"])
    told = dict(scope["headers"]).get(b"content-length", b"0")
    if told.isdigit() and int(told[:20]) > most:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None  # whoever asked has gone: half of a form is none
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def read_body(request: Request) -> bytes:
    """Return the body of a request.

    Raises
    ------
    RequestError
        If it is longer than its address takes.
    """
    body = await read_whole(request.scope, request.receive)
    if body is None:
        expected = say("at most {most:,} bytes", most=find_longest(request.url.path))
        raise RequestError(say("the request"), [Problem("body", expected, say("more"))])
    return body


async def read_form(request: Request) -> tuple[dict[str, str], bytes]:
    """Return the filled fields of a posted form, and the file sent with it, if any.

    Raises
    ------
    RequestError
        If it is no form, names a field twice, or is too long.
    """
    body = await read_body(request)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return _parse_form(body), b""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, stream(), max_files=1, max_fields=_MOST_FIELDS, max_part_size=MAX_BODY
    )
    parser.spool_max_size = MAX_BODY + 1  # a patient's file never reaches a disk
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as err:
        raise RequestError(say("the form"), [_NO_FORM]) from err
    items = form.multi_items()
    pairs = [(name, value.strip()) for name, value in items if isinstance(value, str)]
    files = [value for _, value in items if isinstance(value, UploadFile)]
    upload = await files[0].read() if files else b""
    await form.close()
    return _drop_word(unique(pairs)), upload


def _drop_word(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name != _GUARDED}


def _parse_form(body: bytes) -> dict[str, str]:
    """Return the filled fields of a posted form."""
    try:
        # Strict: letters in another encoding would all become one sign, and two patients one.
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as err:
        raise RequestError(say("the form"), [_NO_FORM]) from err
    return _drop_word(unique([(name, value.strip()) for name, value in pairs]))
