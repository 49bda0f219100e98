"""How something is answered: as JSON or as a page, and what is said when it fails."""

from __future__ import annotations

import json
import logging
import math
import traceback
from collections.abc import Awaitable

import orjson
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from features.errors import KetresponseError
from features.texts import Text, say
from serving.estimate.request import RequestError
from serving.language.language import ENGLISH, Language
from serving.records.database import RecordsUnavailable
from serving.records.recorder import Suspended
from serving.settings import LOCAL_CALLER
from serving.web.headers import PAGE_POLICY, PRIVATE

__all__ = [
    "FAILED",
    "JsonAnswer",
    "answer",
    "find_caller",
    "log_failure",
    "answer_page",
    "tell_why_not",
]

FAILED = say("no estimate: something failed in this service; its log tells where")
_NOT_RECORDED = say(
    "no estimate: it cannot be recorded now, and none is given that is not; try again, and tell "
    "whoever keeps this service"
)
_log = logging.getLogger("bentoml.ketresponse")


class JsonAnswer(Response):
    """JSON that no cache keeps; numbers that JSON does not know raise instead of being sent.

    Parameters
    ----------
    content : object
        Plain values.
    status_code : int
        Of HTTP.
    language : Language or None
        In which the texts are told, and the answer says so; None for what is English only.
    """

    media_type = "application/json"

    def __init__(
        self, content: object, status_code: int = 200, *, language: Language | None = None
    ) -> None:
        headers = PRIVATE
        if language is not None:
            # What is not said otherwise is English already.
            content = content if language.code == "en" else language.tell(content)
            headers = {**PRIVATE, **language.headers}
        super().__init__(_write(content), status_code, headers=headers)


def _write(content: object) -> bytes:
    """Return the JSON of plain values.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    if not _is_finite(content):
        raise ValueError("a number that JSON does not know")
    try:
        return orjson.dumps(content)
    except TypeError:
        # Escaped to ASCII: half a surrogate pair in a request must not end in an error here.
        return json.dumps(content, allow_nan=False).encode("ascii")


def _is_finite(content: object) -> bool:
    """Return whether each number is one; orjson would write null for those that are none."""
    found = [content]
    for one in found:  # which grows: a call for each of a hundred values takes twice as long
        kind = type(one)
        if kind is Text or kind is str:
            continue
        if type(one) is float:
            if not math.isfinite(one):
                return False
        elif isinstance(one, dict):
            found.extend(one.values())
        elif isinstance(one, (list, tuple)):
            found.extend(one)
    return True


async def answer(asking: Awaitable[object], language: Language = ENGLISH) -> JsonAnswer:
    """Return the answer, or the problems of the request, as JSON; 503 if there is none now."""
    try:
        return JsonAnswer(await asking, language=language)
    except RequestError as err:
        return JsonAnswer(err.body(), err.status, language=language)
    except (RecordsUnavailable, Suspended) as err:
        error = {"error": tell_why_not(err), "problems": []}
        return JsonAnswer(error, 503, language=language)
    except Exception as err:
        log_failure(err)
        return JsonAnswer({"error": FAILED, "problems": []}, 500, language=language)


def tell_why_not(err: KetresponseError) -> Text:
    """Return why there is no estimate now; what is wrong with the store is for the log alone."""
    if isinstance(err, Suspended):
        return say("no estimate: this model is {why}", why=str(err))
    _log.error("%s", err)
    return _NOT_RECORDED


def find_caller(scope: Scope) -> str:
    """Return who asks: the name that access control found, or that there is none."""
    return str(scope.get("state", {}).get("caller", LOCAL_CALLER))


def log_failure(err: Exception) -> None:
    """Log where something failed. The message stays out: it may hold a patient's values."""
    where = "".join(traceback.format_tb(err.__traceback__))
    _log.error("%s while answering\n%s", type(err).__name__, where)


def answer_page(
    html: str,
    status_code: int = 200,
    *,
    language: Language | None = None,
    policy: str = PAGE_POLICY,
) -> HTMLResponse:
    """Return a page that no cache keeps, and that takes nothing from outside.

    Parameters
    ----------
    html : str
        The page.
    status_code : int
        Of the answer.
    language : Language or None
        In which it is; None for what is English only.
    policy : str
        One of :mod:`serving.web.headers`.
    """
    headers = {**PRIVATE, "Content-Security-Policy": policy}
    if language is not None:
        headers |= language.headers
    return HTMLResponse(html, status_code, headers=headers)
