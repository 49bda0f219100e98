"""The form in which a person shows their key once, and the cookie that stands for it then."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from features.texts import say
from serving.access.body import read_field
from serving.access.caller import find_first_page
from serving.access.refusal import LOGIN, show_page
from serving.access.sessions import COOKIE, Session, Sessions
from serving.language.language import keep_language
from serving.settings import is_loopback
from serving.web.headers import PRIVATE

__all__ = ["LOGOUT", "answer_login", "answer_logout", "find_token"]

LOGOUT = "/logout"
_LONGEST_KEY = 200


def find_token(scope: Scope) -> str:
    """Return the word of the session's cookie; empty where there is none."""
    return Request(scope).cookies.get(COOKIE, "")


def _is_private(scope: Scope) -> bool:
    """Return whether nobody between browser and server can read what is sent."""
    request = Request(scope)
    return request.url.scheme == "https" or is_loopback((request.url.hostname or "").strip("[]"))


async def answer_login(scope: Scope, body: bytes, sessions: Sessions) -> Response:
    """Answer the form, shown or sent."""
    if not _is_private(scope):
        problem = say(
            "This page was reached without encryption, so that a key typed here could be read on "
            "its way. Nobody can log in until the service stands behind HTTPS."
        )
        title = say("Not without HTTPS")
        return show_page(scope, "refused.html", 403, title=title, text=problem, login="")
    if scope["method"] != "POST":
        return show_page(scope, "login.html", problem="")
    key = (await read_field(scope, body, "key") or "").strip()
    found = await run_in_threadpool(sessions.begin, key[:_LONGEST_KEY])
    if found is None:
        problem = say("This key opens nothing: it was mistyped, has expired or was revoked.")
        return show_page(scope, "login.html", 401, problem=problem)
    token, caller = found
    sessions.end(find_token(scope))
    answer = RedirectResponse(
        find_first_page(caller.scopes) + keep_language(scope), 303, headers=PRIVATE
    )
    secure = Request(scope).url.scheme == "https"
    answer.set_cookie(COOKIE, token, httponly=True, secure=secure, samesite="strict")
    return answer


async def answer_logout(
    scope: Scope, body: bytes, session: Session | None, sessions: Sessions
) -> Response:
    """End a session, where its own form asks for it."""
    answer = RedirectResponse(LOGIN + keep_language(scope), 303, headers=PRIVATE)
    if scope["method"] == "POST" and session is not None:
        if session.carries(await read_field(scope, body, "csrf")):
            sessions.end(find_token(scope))
            answer.delete_cookie(COOKIE)
    return answer
