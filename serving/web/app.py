"""The routes that BentoML does not make: the clinician's page, the model's facts, the documents.

They are mounted at the root, before BentoML's own index page, which would load a script from
outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.estimate.about import describe_model
from serving.estimate.predictor import Predictor
from serving.language.language import find_language
from serving.records.recorder import Recorder
from serving.settings import ServiceSettings, is_loopback
from serving.web.answers import JsonAnswer
from serving.web.card_page import make_card_routes
from serving.web.clinic_page import make_clinic_routes
from serving.web.docs_page import make_docs_routes
from serving.web.estimates import make_estimate_routes
from serving.web.monitor_page import make_monitor_route
from serving.web.openapi import Addresses
from serving.web.outcomes_page import make_outcome_routes
from serving.web.rendering import ASSETS

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
                body = {"error": "this model is not approved: it answers on its own machine only"}
                await JsonAnswer(body, 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def show_style(request: Request) -> Response:
    """Return the style sheet that the address names."""
    return FileResponse(ASSETS / Path(request.url.path).name, media_type="text/css")


async def show_icon(request: Request) -> Response:
    """Return the pages' icon."""
    return FileResponse(ASSETS / "icon.svg", media_type="image/svg+xml")


async def _go_to_clinic(request: Request) -> Response:
    return RedirectResponse("clinic")


def make_app(
    get_predictor: Callable[[], Predictor],
    *,
    get_folder: Callable[[], Path],
    get_recorder: Callable[[], Recorder | None] = lambda: None,
    get_first: Callable[[], str] = str,
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
    get_first : callable
        Returns the horizon that the clinic cares about; "" for the model's first.
    more : sequence of Addresses
        What rooms above this one answer.
    """
    return Starlette(
        routes=[
            *make_estimate_routes(get_predictor, get_recorder),
            Route("/", _go_to_clinic),
            *make_clinic_routes(get_predictor, get_recorder, get_first),
            Route("/clinic.css", show_style),
            Route("/icon.svg", show_icon),
            Route("/model", partial(_show_model, get_predictor)),
            *make_outcome_routes(get_predictor, get_recorder),
            make_monitor_route(get_predictor, get_recorder),
            *make_docs_routes(get_predictor, JsonAnswer, more),
            *make_card_routes(get_predictor, get_folder, JsonAnswer),
            *(route for addresses in more for route in addresses.routes),
        ]
    )


async def _show_model(get_predictor: Callable[[], Predictor], request: Request) -> Response:
    predictor = get_predictor()
    language = find_language(request.scope).with_texts(predictor.facts.texts)
    return JsonAnswer(describe_model(predictor), language=language)
