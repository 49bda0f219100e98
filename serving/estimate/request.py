"""Read what was sent: bytes of JSON into the values under one name.

JSON is stricter here than Python's reader: a name given twice is an error, since of two values
for one variable neither can be trusted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from features.errors import InputError, Problem
from features.texts import Text, say, say_list

__all__ = [
    "MAX_BODY",
    "MAX_BUNDLE",
    "RequestError",
    "find_longest",
    "parse_body",
    "parse_json",
    "unique",
]

MAX_BODY = 1_000_000
"""Longest request, in bytes: a full batch is about a third of it."""
MAX_BUNDLE = 20_000_000
"""Longest part of a record that a record system sends, in bytes: some thousand resources."""

_RECORD_SYSTEMS = ("/fhir/", "/cds-services/")

_SHOWN = 40
_MOST = 20


def find_longest(path: str) -> int:
    """Return how many bytes a request to an address may have."""
    return MAX_BUNDLE if path.startswith(_RECORD_SYSTEMS) else MAX_BODY


class RequestError(InputError):
    """A request that cannot be read; :meth:`body` is the answer to the sender.

    Attributes
    ----------
    status : int
        Of HTTP.
    """

    status = 400

    def body(self) -> dict[str, Any]:
        """Return the answer: `error` in words, and each problem's variable, range and value."""
        return {
            "error": say(
                "{what} cannot be read: {count} to put right",
                what=self.what,
                count=len(self.problems),
            ),
            "problems": [
                {"variable": p.column, "expected": p.expected, "got": p.got, "action": p.action}
                for p in self.problems
            ],
        }


def unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a mapping.

    Raises
    ------
    RequestError
        If a name comes more than once.
    """
    content = dict(pairs)
    if len(content) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        problems = [
            Problem(
                name[:_SHOWN],
                say("each name once"),
                say("the same name {count} times", count=count),
            )
            for name, count in counts.most_common(_MOST)
            if count > 1
        ]
        raise RequestError(say("the request"), problems)
    return content


def parse_json(data: bytes, *, expected: str) -> Any:
    """Return the values of a JSON text.

    Parameters
    ----------
    data : bytes
        UTF-8 text. A bare NaN or Infinity is read, for the check of its variable to refuse.
    expected : str
        What the text should have been, for the message.

    Raises
    ------
    RequestError
        If it is not JSON, or names anything twice.
    """
    try:
        return json.loads(data, object_pairs_hook=unique)
    except UnicodeDecodeError as err:
        problem = Problem(
            "body", say("text in UTF-8"), say("another encoding"), action=say("save it as UTF-8")
        )
        raise RequestError(say("the request"), [problem]) from err
    except (ValueError, RecursionError) as err:
        problem = Problem("body", expected, say("something that is not JSON"))
        raise RequestError(say("the request"), [problem]) from err


@cache
def _describe_body(key: str, optional: tuple[str, ...]) -> Text:
    may = say_list([say(' and, if wanted, "{name}"', name=name) for name in optional], "")
    return say('a JSON object with the name "{key}"{may} only', key=key, may=may)


def parse_body(data: bytes, key: str, *, optional: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a JSON body holds: what stands under `key`, and under optional names.

    Returns
    -------
    dict
        By name; every optional name is there, as None where it was not in the body.

    Raises
    ------
    RequestError
        If it is not such an object, listing every other name.
    """
    names = (key, *optional)
    expected = _describe_body(key, tuple(optional))
    content = parse_json(data, expected=expected)
    if not isinstance(content, dict):
        raise RequestError(say("the request"), [Problem("body", expected, say("something else"))])
    problems = []
    if others := [name for name in content if name not in names][:_MOST]:
        known = say_list([f'"{name}"' for name in names], say(" or "))
        only, got = say("only the name {known}", known=known), say("another name")
        problems = [Problem(name[:_SHOWN], only, got) for name in others]
    if key not in content:
        problems.append(
            Problem(key, say('the name "{name}"', name=key), say("nothing of that name"))
        )
    if problems:
        raise RequestError(say("the request"), problems)
    return {name: content.get(name) for name in names}
