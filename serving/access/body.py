"""The body of a request, read whole and once, and never more of it than is allowed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from serving.estimate.request import MAX_BODY

__all__ = ["read_field", "read_whole", "replay"]

_MOST_FIELDS = 1000


async def read_whole(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body of a request; None where it is too long, and the rest is not read."""
    told = dict(scope["headers"]).get(b"content-length", b"0")
    if told.isdigit() and int(told[:20]) > MAX_BODY:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None  # whoever asked has gone: half of a form is none
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read once more, and then what comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


async def read_field(scope: Scope, body: bytes, name: str) -> str | None:
    """Return a field of a posted form; None where it has none, or is no form."""

    async def never() -> Message:
        return {"type": "http.disconnect"}

    request = Request(dict(scope), replay(body, never))
    try:
        async with request.form(
            max_files=1, max_fields=_MOST_FIELDS, max_part_size=MAX_BODY
        ) as form:
            value = form.get(name)
    except Exception:  # whatever is wrong with it, no word was found in it
        return None
    return value if isinstance(value, str) else None
