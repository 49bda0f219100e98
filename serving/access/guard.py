"""The one door: every request is let in here, or refused in one clear answer.

In this order: is it this service that is meant, does the address ask too often, does a page of
another site ask, who asks, may they, do they ask too often, is it too long, and did a form come
from our own pages. Whoever is let in has their name in ``scope["state"]["caller"]``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from features.errors import KetresponseError
from features.texts import say, say_count
from serving.access.body import read_field, replay
from serving.access.caller import (
    LOCAL,
    Caller,
    describe_need,
    find_first_page,
    is_for_record_systems,
    is_health,
    may_open,
)
from serving.access.hosts import NOT_HERE, is_own_name
from serving.access.keys import PREFIX, KeyFile
from serving.access.limiter import Limiter, name_address
from serving.access.login import LOGOUT, answer_login, answer_logout, find_token
from serving.access.paths import UNKNOWN
from serving.access.refusal import LOGIN, Refusal
from serving.access.sessions import Session, Sessions
from serving.access.settings import AccessSettings
from serving.access.tokens import TokenReader
from serving.cds_hooks.settings import CdsSettings
from serving.cds_hooks.tokens import ClientTokens
from serving.estimate.request import find_longest
from serving.language.language import keep_language
from serving.records.tokens import SeenTokens
from serving.web.headers import PRIVATE
from serving.web.posted import read_whole

__all__ = ["Guard"]

_SAFE = ("GET", "HEAD", "OPTIONS")
_CSRF, _CSRF_HEADER = "csrf", "x-csrf-word"
_log = logging.getLogger("bentoml.ketresponse")

_OTHER_SITE = Refusal(403, say("a page of another site may not ask this service"))
_WHO = Refusal(
    401,
    say("show a key or a token: Authorization: Bearer KEY"),
    {"WWW-Authenticate": 'Bearer realm="ketresponse"'},
)
_NOBODY = Refusal(
    401,
    say("the key or token opens nothing: it is mistyped, has expired or was revoked"),
    {"WWW-Authenticate": 'Bearer realm="ketresponse", error="invalid_token"'},
)
_NOTHING = Refusal(404, say("nothing answers at this address: /docs lists those that there are"))
_NOT_OUR_FORM = Refusal(403, say("the form did not come from these pages; open the page again"))
_CANNOT_TELL = Refusal(503, say("who asks cannot be found out now: the service's log tells why"))


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class _Door:
    """What the settings make of access: keys, tokens, sessions and counters of this process."""

    def __init__(
        self,
        access: AccessSettings,
        host: str,
        cds: CdsSettings,
        seen: Callable[[], SeenTokens],
        sessions: Sessions | None,
    ) -> None:
        self.access = access
        self.host = host
        self.cds = cds
        self.clients = ClientTokens(cds, seen)
        self.keys = KeyFile(access.key_file) if access.key_file else None
        self.tokens = TokenReader(access.provider) if access.provider else None
        self.sessions = sessions or Sessions(self.keys)
        self.addresses = Limiter(access.rate_address)
        self.callers = Limiter(access.rate_caller)

    async def find_bearer(self, word: str) -> Caller | None:
        """Return who shows a key or a token."""
        if word.startswith(PREFIX):
            key = self.keys.find(word) if self.keys else None
            return key.caller if key else None
        # It may have to wait for the provider.
        return await run_in_threadpool(self.tokens.read, word) if self.tokens else None

    async def find_client(self, word: str, url: str) -> Caller | None:
        """Return the record system that shows a token for an address; a key does as elsewhere."""
        if word.startswith(PREFIX):
            return await self.find_bearer(word)
        issuer = await run_in_threadpool(self.clients.read, word, url)
        return Caller(f"cds:{issuer}", ("estimate",)) if issuer else None

    def asks_who(self, path: str) -> bool:
        """Return whether whoever asks for an address has to show who they are."""
        if is_for_record_systems(path):
            return self.cds.asks_tokens and not may_open(path, None)
        return self.access.is_on

    def is_own_page(self, path: str, headers: Headers) -> bool:
        """Return whether a page that asks is ours, or one that may ask for this address."""
        if headers.get("sec-fetch-site", "none") not in ("cross-site", "same-site"):
            return True
        return is_for_record_systems(path) and headers.get("origin") in self.cds.origins

    def find_session(self, token: str) -> tuple[Session, Caller] | None:
        """Return the session of a cookie, and whose it is."""
        return self.sessions.find(token) if token else None


class Guard:
    """Middleware: lets in who may, and tells all others why not.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    get_access : callable
        Returns the settings of access.
    get_host : callable
        Returns the address that is listened on.
    get_cds : callable
        Returns the settings of the CDS services, to which record systems show tokens of their own.
    get_seen : callable
        Returns which of these have been shown; None remembers it in this process.
    get_sessions : callable
        Returns the sessions, where others begin some too; None makes its own.
    """

    def __init__(
        self,
        app: ASGIApp,
        get_access: Callable[[], AccessSettings],
        get_host: Callable[[], str] = lambda: "127.0.0.1",
        get_cds: Callable[[], CdsSettings] = CdsSettings,
        get_seen: Callable[[], SeenTokens] | None = None,
        get_sessions: Callable[[], Sessions | None] = lambda: None,
    ) -> None:
        self.app = app
        self._get_access = get_access
        self._get_host = get_host
        self._get_cds = get_cds
        self._get_seen = get_seen or cache(SeenTokens)
        self._get_sessions = get_sessions
        self._made: _Door | None = None

    @property
    def _door(self) -> _Door:
        # Made at the first request: the application is put together before its settings are read.
        if self._made is None:
            self._made = _Door(
                self._get_access(),
                self._get_host(),
                self._get_cds(),
                self._get_seen,
                self._get_sessions(),
            )
        return self._made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] == "websocket":  # nothing here speaks so
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http" or is_health(scope["path"]):
            await self.app(scope, receive, send)
            return
        try:
            answer, receive = await self._receive(scope, receive)
        except _Refused as err:
            answer = err.refusal.answer(scope, has_login=self._door.keys is not None)
        except KetresponseError as err:  # keys that cannot be read, a provider that is not there
            _log.error("nobody is let in: %s", err)
            answer = _CANNOT_TELL.answer(scope, has_login=False)
        if answer is not None:
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _receive(self, scope: Scope, receive: Receive) -> tuple[Response | None, Receive]:
        """Return the answer where it is given here, else what to read the request from."""
        door, headers = self._door, Headers(scope=scope)
        if not is_own_name(headers.getlist("host"), door.host, door.access.hosts):
            raise _Refused(NOT_HERE)
        _check_rate(door.addresses, name_address(scope.get("client")))
        is_safe = scope["method"] in _SAFE
        path: str = scope["path"]
        if not is_safe and not door.is_own_page(path, headers):
            raise _Refused(_OTHER_SITE)
        unknown = scope.get("state", {}).get("route") == UNKNOWN
        caller, session = LOCAL, None
        if door.asks_who(path):
            found, session = await self._identify(scope, headers)
            if path not in (LOGIN, LOGOUT):
                _check_may(path, found, known=not unknown)
            caller = found or Caller("nobody", ())
            if found:
                _check_rate(door.callers, found.name)
            if found and path == "/":
                page = find_first_page(found.scopes) + keep_language(scope)
                return RedirectResponse(page, 303, headers=PRIVATE), receive
        if unknown:
            raise _Refused(_NOTHING)
        body = await read_whole(scope, receive)
        if body is None:
            raise _Refused(_tell_too_long(path))
        if door.keys and path == LOGIN:
            return await answer_login(scope, body, door.sessions), receive
        if door.access.is_on and path == LOGOUT:
            return await answer_logout(scope, body, session, door.sessions), receive
        if session and not is_safe:
            await _check_form(scope, headers, body, session)
        state = {"caller": caller.name, "csrf": session.csrf if session else ""}
        scope["state"] = {**scope.get("state", {}), **state}
        return None, replay(body, receive)

    async def _identify(
        self, scope: Scope, headers: Mapping[str, str]
    ) -> tuple[Caller | None, Session | None]:
        """Return who asks, and their session where they use one."""
        kind, _, word = headers.get("authorization", "").partition(" ")
        if kind:
            if kind.lower() != "bearer":
                raise _Refused(_WHO)
            if is_for_record_systems(scope["path"]):
                url = self._door.cds.find_base(scope) + scope["path"]
                caller = await self._door.find_client(word.strip(), url)
            else:
                caller = await self._door.find_bearer(word.strip())
            if caller is None and not may_open(scope["path"], None):
                raise _Refused(_NOBODY)
            return caller, None
        found = self._door.find_session(find_token(scope))
        return (found[1], found[0]) if found else (None, None)


def _tell_too_long(path: str) -> Refusal:
    most = say("at most {most:,} bytes", most=find_longest(path))
    problem = {"variable": "body", "expected": most, "got": say("more"), "action": ""}
    text = say("the request is too long: a body is {most}", most=most)
    return Refusal(413, text, problems=[problem])


def _check_rate(limiter: Limiter, name: str) -> None:
    seconds = limiter.wait(name)
    if seconds:
        text = say_count(
            "too many requests: ask again in {count} second",
            "too many requests: ask again in {count} seconds",
            seconds,
        )
        raise _Refused(Refusal(429, text, {"Retry-After": str(seconds)}))


def _check_may(path: str, caller: Caller | None, *, known: bool) -> None:
    if may_open(path, caller, known=known):
        return
    if caller is None:
        raise _Refused(_WHO)
    text = say(
        "{caller} may not open this: it takes the scope {scope}",
        caller=caller.name,
        scope=describe_need(path),
    )
    raise _Refused(Refusal(403, text))


async def _check_form(scope: Scope, headers: Any, body: bytes, session: Session) -> None:
    """Refuse what a browser sends with a session's cookie but without its word."""
    word = headers.get(_CSRF_HEADER) or await read_field(scope, body, _CSRF)
    if not session.carries(word):
        raise _Refused(_NOT_OUR_FORM)
