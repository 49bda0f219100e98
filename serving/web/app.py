"""The routes that BentoML does not make: the clinician's page, the model's facts, the documents.

They are mounted at the root, before BentoML's own index page, which would load a script from
outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from features.texts import say
from serving.estimate.about import describe_model
from serving.estimate.panel_text import PANEL_FORM, decode_upload, fill_form, read_form_panel
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.estimate.schemas import make_panel_example
from serving.language.language import find_language, keep_language
from serving.records.asking import ask
from serving.records.database import RecordsUnavailable
from serving.records.recorder import Recorder, Suspended
from serving.settings import ServiceSettings, is_loopback
from serving.web.answers import (
    FAILED,
    JsonAnswer,
    answer_page,
    find_caller,
    log_failure,
    tell_why_not,
)
from serving.web.card_page import make_card_routes
from serving.web.docs_page import make_docs_routes
from serving.web.headers import find_csrf
from serving.web.monitor_page import make_monitor_route
from serving.web.openapi import Addresses
from serving.web.outcomes_page import make_outcome_routes
from serving.web.page import render_page
from serving.web.posted import read_form
from serving.web.rendering import ASSETS
from training.model.example import make_example

__all__ = ["LocalOnly", "make_app", "show_icon", "show_style"]


class LocalOnly:
    """Middleware: a model that is not approved answers callers on the same machine only.

    The command refuses other addresses beforehand; this holds however the service was started.
    """

    def __init__(self, app: ASGIApp, get_settings: Callable[[], ServiceSettings]) -> None:
        self.app = app
        self.get_settings = get_settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a caller from elsewhere."""
        if scope["type"] == "http" and self.get_settings().mode != "approved":
            client = scope.get("client")
            if client is None or not is_loopback(client[0]):
                body = {
                    "error": say("this model is not approved: it answers on its own machine only")
                }
                answer = JsonAnswer(body, 403, language=find_language(scope))
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def show_style(request: Request) -> Response:
    """Return the style sheet that the address names."""
    return FileResponse(ASSETS / Path(request.url.path).name, media_type="text/css")


async def show_icon(request: Request) -> Response:
    """Return the pages' icon."""
    return FileResponse(ASSETS / "icon.svg", media_type="image/svg+xml")


async def _go_to_clinic(request: Request) -> Response:
    return RedirectResponse(f"clinic{keep_language(request.scope)}")


def make_app(
    get_predictor: Callable[[], Predictor],
    *,
    get_folder: Callable[[], Path],
    get_recorder: Callable[[], Recorder | None] = lambda: None,
    more: Sequence[Addresses] = (),
) -> Starlette:
    """Return the web application.

    Parameters
    ----------
    get_predictor : callable
        Returns the loaded model; called per request, so that the application can be mounted
        before the model is there.
    get_folder : callable
        Returns the model's folder, where its card lies.
    get_recorder : callable
        Returns what records the answers; None where nothing is recorded.
    more : sequence of Addresses
        What rooms above this one answer.
    """
    show = partial(_show, get_predictor, get_recorder)

    async def show_form(request: Request) -> Response:
        predictor, recorder = get_predictor(), get_recorder()
        try:
            if recorder is not None:
                recorder.check()
        except Suspended as err:
            return show(request, 503, unavailable=tell_why_not(err))
        asked = request.query_params.get("example")
        if asked is None:
            return show(request)
        example = _make_example_fields(predictor, panel=asked == "panel")
        # Nobody's estimate: it is not recorded, and under silent evaluation not shown either.
        found = await run_in_threadpool(_answer_example, predictor, example)
        return show(request, fields=example, found=found)

    async def show_estimate(request: Request) -> Response:
        predictor = get_predictor()
        try:
            fields, upload = await read_form(request)
        except RequestError as err:
            return show(request, 400, problems=err.problems)
        try:
            if upload:
                fields["panel_text"] = await run_in_threadpool(decode_upload, upload)
            patient, panel = await run_in_threadpool(_split_form, predictor, fields)
            found = await ask(
                predictor, get_recorder(), patient, panel=panel, caller=find_caller(request.scope)
            )
        except RequestError as err:
            return show(request, 400, fields=fields, problems=err.problems)
        except (RecordsUnavailable, Suspended) as err:
            return show(request, 503, fields=fields, unavailable=tell_why_not(err))
        except Exception as err:
            log_failure(err)
            return answer_page(find_language(request.scope).tell(FAILED), 500)
        return show(request, fields=fields, found=found)

    routes = [
        Route("/", _go_to_clinic),
        Route("/clinic", show_form),
        Route("/clinic", show_estimate, methods=["POST"]),
        Route("/clinic.css", show_style),
        Route("/icon.svg", show_icon),
        Route("/model", partial(_show_model, get_predictor)),
        *make_outcome_routes(get_predictor, get_recorder),
        make_monitor_route(get_predictor, get_recorder),
        *make_docs_routes(get_predictor, JsonAnswer, more),
        *make_card_routes(get_predictor, get_folder, JsonAnswer),
        *(route for addresses in more for route in addresses.routes),
    ]
    return Starlette(routes=routes)


async def _show_model(get_predictor: Callable[[], Predictor], request: Request) -> Response:
    predictor = get_predictor()
    language = find_language(request.scope).with_texts(predictor.facts.texts)
    return JsonAnswer(describe_model(predictor), language=language)


def _show(
    get_predictor: Callable[[], Predictor],
    get_recorder: Callable[[], Recorder | None],
    request: Request,
    status_code: int = 200,
    **values: Any,
) -> HTMLResponse:
    """Return the page, whose forms carry the word of the session where there is one."""
    records = get_recorder() is not None
    html = render_page(get_predictor(), csrf=find_csrf(request), records=records, **values)
    return answer_page(html, status_code)


def _make_example_fields(predictor: Predictor, *, panel: bool) -> dict[str, str]:
    """Return the form as it is filled for a made-up patient."""
    example = make_example(predictor.model, predictor.eligibility)
    fields = {name: str(value) for name, value in example.items()}
    if panel and predictor.panel is not None:
        fields |= fill_form(make_panel_example(predictor.panel))
    return fields


def _answer_example(predictor: Predictor, fields: Mapping[str, str]) -> Mapping[str, Any]:
    patient, panel = _split_form(predictor, fields)
    return predictor.predict(patient, request_id="", panel=panel)  # no number: it is nobody's


def _split_form(predictor: Predictor, fields: Mapping[str, str]) -> tuple[dict[str, str], object]:
    """Return the patient's fields of a posted form, and the panel read from the others."""
    panel: object = None
    if predictor.panel is not None:
        text = fields.get("panel_text", "")
        try:
            panel = read_form_panel(fields, text.encode(errors="replace")) if text else None
        except RequestError as err:
            panel = err
        fields = {name: value for name, value in fields.items() if name not in PANEL_FORM}
    return dict(fields), panel
