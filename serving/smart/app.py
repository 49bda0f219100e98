"""The addresses of a launch: people leave for the record system here, and come back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from features.errors import KetresponseError, Refused
from features.texts import say
from serving.access.caller import Caller
from serving.access.errands import ERRAND_SECONDS
from serving.access.refusal import show_page
from serving.access.sessions import COOKIE, Sessions
from serving.cds_hooks.call import CdsCall
from serving.cds_hooks.gathering import gather_record
from serving.cds_hooks.services import make_prefetch
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.fetching import Unreachable
from serving.fhir.reading import FhirPatient, read_bundle
from serving.language.language import Language, find_language, keep_language
from serving.records.recorder import Recorder
from serving.smart.arrivals import ARRIVAL, Arrival, Arrivals
from serving.smart.launches import ARRIVED, BACK, LAUNCH, Launched, Launches
from serving.web.answers import FAILED, answer_page, log_failure
from serving.web.headers import CLINIC_POLICY, PRIVATE, find_csrf
from serving.web.openapi import Addresses, make_refusals
from serving.web.page import PageContent, render_page

__all__ = ["make_launch_addresses"]

_COOKIE = "ketresponse_launch"


def make_launch_addresses(
    get_launches: Callable[[], Launches | None],
    get_predictor: Callable[[], Predictor],
    get_recorder: Callable[[], Recorder | None],
    *,
    arrivals: Arrivals,
    get_sessions: Callable[[], Sessions],
    get_first: Callable[[], str] = lambda: "",
) -> Addresses:
    """Return the addresses of a launch.

    Parameters
    ----------
    get_launches : callable
        Returns what sends people away and takes them in; None where no launch is set up.
    get_predictor, get_recorder : callable
        As for :func:`serving.web.app.make_app`.
    arrivals : Arrivals
        What is filled in, until it is shown.
    get_sessions : callable
        Returns the sessions, of which whoever was let in by the record system has one.
    get_first : callable
        Returns the horizon that the clinic cares about.
    """
    door = _Door(get_launches, get_predictor, get_recorder, arrivals, get_sessions, get_first)
    routes = [Route(LAUNCH, door.leave), Route(BACK, door.come_back), Route(ARRIVED, door.show)]
    return Addresses(routes, _describe)


class _Door:
    """Where people leave and come back, from the arguments of :func:`make_launch_addresses`."""

    def __init__(
        self,
        get_launches: Callable[[], Launches | None],
        get_predictor: Callable[[], Predictor],
        get_recorder: Callable[[], Recorder | None],
        arrivals: Arrivals,
        get_sessions: Callable[[], Sessions],
        get_first: Callable[[], str],
    ) -> None:
        self._get_launches = get_launches
        self._get_predictor = get_predictor
        self._get_recorder = get_recorder
        self._arrivals = arrivals
        self._get_sessions = get_sessions
        self._get_first = get_first

    async def leave(self, request: Request) -> Response:
        """Send somebody to the record system."""
        asked = request.query_params
        try:
            launches = _require(self._get_launches())
            server, launch = asked.get("iss", ""), asked.get("launch", "")
            url, word = await run_in_threadpool(launches.begin, server, launch)
        except KetresponseError as err:
            return _refuse(request, err)
        answer = RedirectResponse(url, 303, headers=PRIVATE)
        _set_cookie(answer, request, _COOKIE, word, max_age=int(ERRAND_SECONDS))
        return answer

    async def come_back(self, request: Request) -> Response:
        """Take in whoever comes back, and read the record."""
        word = request.cookies.get(_COOKIE, "")
        try:
            launches = _require(self._get_launches())
            launched = await run_in_threadpool(launches.finish, dict(request.query_params), word)
            arrival = await _read_record(
                launches, launched, self._get_predictor(), find_language(request.scope)
            )
        except KetresponseError as err:
            return _refuse(request, err)
        except Exception as err:
            log_failure(err)
            return _tell(request, 500, FAILED)
        answer = RedirectResponse(ARRIVED, 303, headers=PRIVATE)
        caller = Caller(f"smart:{launched.server}", ("estimate",))
        _set_cookie(answer, request, COOKIE, self._get_sessions().begin_for(caller))
        _set_cookie(answer, request, ARRIVAL, self._arrivals.keep(arrival))
        answer.delete_cookie(_COOKIE)
        return answer

    async def show(self, request: Request) -> Response:
        """Show the page, filled in, once."""
        arrival = self._arrivals.take(request.cookies.get(ARRIVAL, ""))
        if arrival is None:  # it was shown before, or is none of this browser's
            return RedirectResponse("/clinic", 303, headers=PRIVATE)
        predictor = self._get_predictor()
        language = find_language(request.scope).with_texts(predictor.facts.texts)
        html = render_page(
            predictor,
            PageContent(fields=arrival.fields, unread=arrival.notes),
            records=self._get_recorder() is not None,
            csrf=find_csrf(request),
            first=self._get_first(),
            language=language,
            query=keep_language(request.scope),
        )
        return answer_page(html, language=language, policy=CLINIC_POLICY)


def _require(launches: Launches | None) -> Launches:
    if launches is None:
        raise Refused(say("no record system is set up from which this page could be opened"))
    return launches


def _refuse(request: Request, err: KetresponseError) -> Response:
    # What it was made with can be said in other languages, where it is a sentence for people.
    return _tell(request, 403 if isinstance(err, Refused) else 503, err.args[0])


def _tell(request: Request, status: int, text: str) -> Response:
    title = say("Not opened")
    return show_page(request.scope, "refused.html", status, title=title, text=text, login="")


def _set_cookie(answer: Response, request: Request, name: str, word: str, **options: Any) -> None:
    # Lax: whoever comes back is sent by another site, and has to bring it.
    secure = request.url.scheme == "https"
    answer.set_cookie(name, word, httponly=True, secure=secure, samesite="lax", **options)


async def _read_record(
    launches: Launches, launched: Launched, predictor: Predictor, language: Language
) -> Arrival:
    """Return what the page opens with, read from the record; the token is not kept."""
    asking = CdsCall(launched.patient_id, {}, server=launched.server, token=launched.token)
    now = datetime.now(UTC)
    try:
        placed = await gather_record(asking, make_prefetch(predictor), launches.settings.servers)
        found = await run_in_threadpool(read_bundle, placed, predictor, now=now)
    except RequestError as err:
        text = say("the record system did not send a record that can be read")
        raise Unreachable(text) from err
    if found.subject.id != launched.patient_id:
        text = say("the record system sent the record of another patient: open it there again")
        raise Refused(text)
    notes = [issue.text for issue in found.problems]
    if found.panel is not None:
        notes.append(say("The microRNA panel is not filled in: choose its file, or paste it."))
    return Arrival(_fill(found), [*dict.fromkeys(language.tell(note) for note in notes)])


def _fill(found: FhirPatient) -> dict[str, str]:
    """Return the form's fields for a patient."""
    return {name: _write(value) for name, value in found.patient.items() if value is not None}


def _write(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _describe(predictor: Predictor) -> dict[str, Any]:
    page: dict[str, Any] = {"text/html": {"schema": {}}}
    refused = {
        status: {"description": told, "content": page}
        for status, told in (
            ("403", "Not from there, or not let in"),
            ("503", "The record system cannot be asked"),
        )
    }
    away = {"303": {"description": "To where it goes on"}, "429": make_refusals()["429"], **refused}
    return {
        path: {"get": {"summary": summary, "responses": away, "security": []}}
        for path, summary in (
            (LAUNCH, "Open the page from a record system (SMART on FHIR)"),
            (BACK, "Where the record system sends people back to"),
        )
    } | {
        ARRIVED: {
            "get": {
                "summary": "The clinician's page, filled in for whoever comes from a record system",
                "responses": {
                    "200": {"description": "OK", "content": page},
                    "303": {"description": "To the empty page: it was shown before"},
                    **make_refusals(),
                },
            }
        }
    }
