"""The reviewer's pages: log in, the queue, a model's card with its gates, and the decision.

No script, nothing from outside. A session is a random word in a cookie that scripts and other
sites do not get; every form that changes something carries a second one. Passwords travel in
clear text between browser and server, so that off this machine the pages have to stand behind
HTTPS: the cookie is not sent otherwise.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from features.errors import InputError, KetresponseError, Refused
from serving.access.limiter import name_address
from serving.estimate.request import RequestError
from serving.review.checklist import Checklist, Shown, name_parts
from serving.review.in_use import InUse
from serving.review.page import describe_review
from serving.review.single_sign_on import SIGN_ON, SingleSignOn, make_sign_on_routes
from serving.web.app import show_icon, show_style
from serving.web.card_page import card_document
from serving.web.headers import PAGE_POLICY, PRIVATE
from serving.web.posted import read_body
from serving.web.rendering import render
from training.approval.case import ACTIONS, Account, Action
from training.review.accounts import IdentityProvider
from training.review.attempts import Attempts, log_in
from training.store.statements import stamp

if TYPE_CHECKING:  # the desk brings MLflow, which no page needs
    from training.review.desk import Desk

__all__ = ["make_review_app"]

_COOKIE = "ketresponse_review"
_IDLE_SECONDS, _LONGEST_SECONDS = 1800.0, 12 * 3600.0
# Without a referrer to their own site, browsers send forms from an origin called "null".
_OWN_ORIGIN = {"Referrer-Policy": "same-origin"}


@dataclass
class _Session:
    account: Account
    change: int
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    began: float = field(default_factory=time.monotonic)
    seen: float = field(default_factory=time.monotonic)

    def is_over(self, now: float) -> bool:
        """Return whether it was left alone too long, or lasts too long."""
        return now - self.seen >= _IDLE_SECONDS or now - self.began >= _LONGEST_SECONDS


class _Sessions:
    """Who is logged in, in this process."""

    def __init__(self, identity: IdentityProvider, attempts: Attempts) -> None:
        self._identity, self._attempts = identity, attempts
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def log_in(self, fields: Mapping[str, str], address: str) -> str:
        """Return the word for the cookie.

        Raises
        ------
        Refused
            If name, password or code is wrong, or they were tried too often.
        """
        name, secret = fields.get("name", ""), fields.get("password", "")
        code = fields.get("code", "")
        return self.begin(
            log_in(self._identity, self._attempts, name, secret, code=code, address=address)
        )

    def begin(self, account: Account) -> str:
        """Return the word for the cookie of somebody who is known."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[token] = _Session(account, self._identity.find_change(account))
        return token

    def is_good(self, session: _Session) -> bool:
        """Return whether an account is as it was when its session began, its password included."""
        account = session.account
        return self._identity.knows(account) and (
            self._identity.find_change(account) == session.change
        )

    def find(self, token: str | None) -> _Session | None:
        """Return a session that was used within the last half hour, and began today."""
        now = time.monotonic()
        with self._lock:
            self._sessions = {
                known: session
                for known, session in self._sessions.items()
                if not session.is_over(now)
            }
            session = self._sessions.get(token or "")
            if session is not None:
                session.seen = now
        return session

    def log_out(self, token: str | None) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(token or "", None)


def _page(
    template: str,
    status_code: int = 200,
    *,
    session: _Session | None = None,
    problems: Sequence[str] = (),
    **values: Any,
) -> Response:
    html = render(template, session=session, problems=problems, **values)
    headers = {**PRIVATE, **_OWN_ORIGIN, "Content-Security-Policy": PAGE_POLICY}
    return HTMLResponse(html, status_code, headers=headers)


def _lines(err: KetresponseError) -> list[str]:
    text = err.report() if isinstance(err, InputError) else str(err)
    return [line.strip().removeprefix("- ") for line in text.splitlines()]


class _Pages:
    """The pages themselves: what is answered to someone who is logged in."""

    def __init__(self, desk: Desk, find_in_use: Callable[[], InUse]) -> None:
        self._desk = desk
        self._find_in_use = find_in_use
        self._checklist = Checklist()
        self._shown = Shown()

    def show_queue(self, session: _Session) -> Response:
        """Return every model, those that wait first."""
        rows, in_use = self._desk.queue(), self._find_in_use()
        return _page("review_queue.html", session=session, rows=rows, in_use=in_use)

    def show_file(
        self,
        session: _Session,
        name: str,
        version: str,
        problems: Sequence[str] = (),
        part: str = "",
    ) -> Response:
        """Return one model with its gates and what can be done; `problems` if that was refused."""
        file = self._desk.read(name, version)
        opened = self._open(session, file.card.sha256, part)
        self._shown.add(file)
        return _page(
            "review_file.html",
            403 if problems else 200,
            session=session,
            stamp=stamp(file.status),
            problems=problems,
            name_parts=name_parts,
            in_use=self._find_in_use(),
            **describe_review(file, session.account, opened, part),
        )

    def show_card(self, session: _Session, name: str, version: str, part: str = "") -> Response:
        """Return a model's card."""
        file = self._desk.read(name, version)
        self._open(session, file.card.sha256, part)
        return card_document(file.card, annex=file.annex, status=file.status)

    def _open(self, session: _Session, card: str, part: str = "") -> tuple[str, ...]:
        """Note that a part of a card is opened, and return all that were."""
        self._checklist.add(session.account.name, card, part)
        return self._checklist.read(session.account.name, card)

    def read_status(self, name: str, version: str) -> dict[str, Any] | None:
        """Return the signed record of a model's review; None of one that was never released."""
        return self._desk.read_status(name, version)

    def act(
        self, session: _Session, name: str, version: str, action: Action, fields: Mapping[str, str]
    ) -> Response:
        """Take a step of the review, and show the model as it is then."""
        gate = fields.get("gate", "")
        seen = fields.get("seen", "")
        try:
            self._desk.act(
                action,
                session.account,
                name,
                version,
                comment=fields.get("comment", ""),
                find_opened=lambda card: self._checklist.read(session.account.name, card),
                gate=int(gate) if re.fullmatch("[0-9]{1,2}", gate) else None,
                seen=seen,
            )
        except Refused as err:
            told = [
                *_lines(err),
                *self._shown.describe_changes(seen, self._desk.read(name, version)),
            ]
            return self.show_file(session, name, version, told)
        return RedirectResponse(f"/model/{name}/{version}", 303)


class _ReviewApp:
    """Who may see which page: the endpoints, and the sessions behind them."""

    def __init__(
        self,
        pages: _Pages,
        people: IdentityProvider,
        attempts: Attempts,
        sign_on: SingleSignOn | None,
    ) -> None:
        self._pages = pages
        self._sessions = _Sessions(people, attempts)
        self._sign_on = sign_on
        self._show_login = partial(_show_login, sign_on=SIGN_ON if sign_on else "")

    def routes(self) -> list[Route]:
        """Return the addresses, each with what answers there."""
        pages = self._pages
        more = (
            make_sign_on_routes(self._sign_on, welcome=self._welcome, refuse=self._refuse)
            if self._sign_on
            else []
        )
        return [
            *more,
            Route("/", self._guarded(pages.show_queue)),
            Route("/login", self._get_login),
            Route("/login", self._post_login, methods=["POST"]),
            Route("/logout", self._post_logout, methods=["POST"]),
            Route("/model/{name}/{version}", self._guarded(pages.show_file, "part")),
            Route("/model/{name}/{version}/card.html", self._guarded(pages.show_card, "part")),
            Route("/model/{name}/{version}/{action}", self._post_action, methods=["POST"]),
            Route("/status/{name}/{version}", self._get_status),
            Route("/clinic.css", show_style),
            Route("/review.css", show_style),
            Route("/icon.svg", show_icon),
        ]

    def _find(self, request: Request) -> _Session | None:
        return self._sessions.find(request.cookies.get(_COOKIE))

    async def _answer(
        self, step: Callable[..., Response], session: _Session, **rest: Any
    ) -> Response:
        """Take a step only for someone whose account is as it was when they logged in."""

        def take() -> Response:
            if not self._sessions.is_good(session):
                raise Refused("this account was changed, or is no longer in use: log in again")
            return step(session, **rest)

        try:
            return await run_in_threadpool(take)
        except KetresponseError as err:
            return _page("review_problem.html", 400, session=session, problems=_lines(err))

    def _guarded(self, show: Callable[..., Response], *asked: str) -> Callable[[Request], Any]:
        """Answer with a page to those who are logged in, with the form to everyone else.

        What may be `asked` stands behind the address, and is handed on if it does.
        """

        async def endpoint(request: Request) -> Response:
            session = self._find(request)
            if session is None:
                return RedirectResponse("/login", 303)
            found = {name: request.query_params.get(name, "") for name in asked}
            return await self._answer(show, session, **request.path_params, **found)

        return endpoint

    async def _post_action(self, request: Request) -> Response:
        session = self._find(request)
        fields = await _read_form(request)
        if session is None:
            return RedirectResponse("/login", 303)
        if not _carries_word(fields, session):
            problems = ["the form did not come from these pages; nothing was done"]
            return _page("review_problem.html", 403, session=session, problems=problems)
        path = request.path_params
        if path.get("action") not in ACTIONS:
            return RedirectResponse("/", 303)
        return await self._answer(self._pages.act, session, fields=fields, **path)

    async def _get_status(self, request: Request) -> Response:
        """Tell services elsewhere how the review of a model stands that was released to them."""
        try:
            signed = await run_in_threadpool(self._pages.read_status, **request.path_params)
        except KetresponseError:
            signed = None
        if signed is None:
            return JSONResponse({"error": "no such model was released"}, 404, headers=PRIVATE)
        return JSONResponse(signed, headers=PRIVATE)

    async def _get_login(self, request: Request) -> Response:
        return self._show_login()

    async def _post_login(self, request: Request) -> Response:
        fields = await _read_form(request)
        if not _same_origin(request):
            return self._show_login(["the form did not come from this page"], 403)
        address = name_address(request.client)
        try:
            token = await run_in_threadpool(self._sessions.log_in, fields, address)
        except KetresponseError as err:
            return self._refuse(err)
        answer = RedirectResponse("/", 303)
        self._set_cookie(answer, token)
        return answer

    def _refuse(self, err: KetresponseError) -> Response:
        return self._show_login(_lines(err), 403)

    def _welcome(self, account: Account) -> Response:
        """Return a page for somebody who is logged in now, which goes on by itself."""
        # Where another site, the provider's, has led here, the cookie would not go with a
        # redirection.
        answer = _page("review_welcome.html")
        self._set_cookie(answer, self._sessions.begin(account))
        return answer

    @staticmethod
    def _set_cookie(answer: Response, token: str) -> None:
        answer.set_cookie(_COOKIE, token, httponly=True, secure=True, samesite="strict")

    async def _post_logout(self, request: Request) -> Response:
        session = self._find(request)
        fields = await _read_form(request)
        if session and _carries_word(fields, session):
            self._sessions.log_out(request.cookies.get(_COOKIE))
        return RedirectResponse("/login", 303)


def make_review_app(
    desk: Desk,
    *,
    identity: IdentityProvider | None = None,
    sign_on: SingleSignOn | None = None,
    find_in_use: Callable[[], InUse] = InUse,
) -> Starlette:
    """Return the reviewers' web application.

    Parameters
    ----------
    desk : Desk
        Of the registry and its reviews.
    identity : IdentityProvider or None
        Tells who somebody is; None: the desk's accounts.
    sign_on : SingleSignOn or None
        By which people can also log in.
    find_in_use : callable
        Returns what is asked of the reviewers about models in use.
    """
    people, attempts = identity or desk.accounts, desk.accounts.attempts
    pages = _Pages(desk, find_in_use)
    return Starlette(routes=_ReviewApp(pages, people, attempts, sign_on).routes())


def _show_login(problems: Sequence[str] = (), status_code: int = 200, *, sign_on: str) -> Response:
    return _page("review_login.html", status_code, problems=problems, sign_on=sign_on)


def _carries_word(fields: Mapping[str, str], session: _Session) -> bool:
    """Return whether a form was made for this session, and by no other site."""
    # As bytes: texts are compared only where both are ASCII, and a field may hold anything.
    return secrets.compare_digest(fields.get("csrf", "").encode(), session.csrf.encode())


async def _read_form(request: Request) -> dict[str, str]:
    """Return the fields of a posted form; none if it cannot be read, and nothing is done then."""
    try:
        body = await read_body(request)
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=20))
    except (RequestError, ValueError):
        return {}


def _same_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
