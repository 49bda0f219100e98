"""A body that was read at the door: looked into there, and handed on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from serving.estimate.request import MAX_BODY

__all__ = ["read_field", "replay"]

_MOST_FIELDS = 1000


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
