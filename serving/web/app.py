"""The routes that BentoML does not make: the clinician's page, the model's facts, the documents.

They are mounted at the root, before BentoML's own index page, which would load a script from
outside.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from features.errors import KetresponseError, Problem
from serving.estimate.about import describe_model
from serving.estimate.panel_text import PANEL_FORM, decode_upload, fill_form, read_form_panel
from serving.estimate.predictor import Predictor
from serving.estimate.request import MAX_BODY, RequestError, unique
from serving.estimate.schemas import make_panel_example
from serving.records.asking import ask
from serving.records.database import RecordsUnavailable
from serving.records.recorder import LOCAL, Recorder, Suspended
from serving.settings import ServiceSettings, is_loopback
from serving.web.card_page import make_card_routes
from serving.web.docs_page import make_docs_routes
from serving.web.headers import PAGE_POLICY, PRIVATE, find_csrf
from serving.web.page import render_page
from serving.web.rendering import ASSETS
from training.model.example import make_example

__all__ = ["LocalOnly", "answer", "find_caller", "make_app", "read_body", "show_icon", "show_style"]

_MOST_FIELDS = 500
_NO_FORM = Problem("body", "a form as this page sends it", "something else")

_log = logging.getLogger("bentoml.ketresponse")
_NOT_RECORDED = (
    "no estimate: it cannot be recorded now, and none is given that is not; try again, and tell "
    "whoever keeps this service"
)
_FAILED = "no estimate: something failed in this service; its log tells where"


class JsonAnswer(Response):
    """JSON that no cache keeps; numbers that JSON does not know raise instead of being sent."""

    media_type = "application/json"

    def __init__(self, content: object, status_code: int = 200) -> None:
        # Escaped to ASCII: half a surrogate pair in a request must not end in an error here.
        super().__init__(
            json.dumps(content, allow_nan=False).encode("ascii"), status_code, headers=PRIVATE
        )


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


async def read_body(request: Request) -> bytes:
    """Return the body of a request.

    Raises
    ------
    RequestError
        If it is longer than :data:`MAX_BODY`; the rest is not read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            expected = f"at most {MAX_BODY} bytes"
            raise RequestError("the request", [Problem("body", expected, "more")])
    return bytes(body)


async def answer(asking: Awaitable[object]) -> JsonAnswer:
    """Return the answer, or the problems of the request, as JSON; 503 if there is none now."""
    try:
        return JsonAnswer(await asking)
    except RequestError as err:
        return JsonAnswer(err.body(), 400)
    except (RecordsUnavailable, Suspended) as err:
        return JsonAnswer({"error": _tell_why_not(err), "problems": []}, 503)
    except Exception as err:
        _log_failure(err)
        return JsonAnswer({"error": _FAILED, "problems": []}, 500)


def _tell_why_not(err: KetresponseError) -> str:
    """Return why there is no estimate now; what is wrong with the store is for the log alone."""
    if isinstance(err, Suspended):
        return f"no estimate: this model is {err}"
    _log.error("%s", err)
    return _NOT_RECORDED


def find_caller(scope: Scope) -> str:
    """Return who asks: the name that access control found, or that there is none."""
    return str(scope.get("state", {}).get("caller", LOCAL))


def _log_failure(err: Exception) -> None:
    """Log where something failed. The message stays out: it may hold a patient's values."""
    where = "".join(traceback.format_tb(err.__traceback__))
    _log.error("%s while answering\n%s", type(err).__name__, where)


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
    """
    show = partial(_show, get_predictor, get_recorder)

    async def show_form(request: Request) -> Response:
        predictor = get_predictor()
        asked = request.query_params.get("example")
        if asked is None:
            return show(request)
        example = {
            name: str(value)
            for name, value in make_example(predictor.model, predictor.eligibility).items()
        }
        if asked == "panel" and predictor.panel is not None:
            example |= fill_form(make_panel_example(predictor.panel))
        # Nobody's estimate: it is not recorded, and under silent evaluation not shown either.
        found = await run_in_threadpool(_answer_example, predictor, example)
        return show(request, fields=example, found=found)

    async def show_estimate(request: Request) -> Response:
        predictor = get_predictor()
        try:
            fields, upload = await _read_form(request)
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
            return show(request, 503, fields=fields, unavailable=_tell_why_not(err))
        except Exception as err:
            _log_failure(err)
            return _page(_FAILED, 500)
        return show(request, fields=fields, found=found)

    async def show_model(request: Request) -> Response:
        return JsonAnswer(describe_model(get_predictor()))

    return Starlette(
        routes=[
            Route("/", _go_to_clinic),
            Route("/clinic", show_form),
            Route("/clinic", show_estimate, methods=["POST"]),
            Route("/clinic.css", show_style),
            Route("/icon.svg", show_icon),
            Route("/model", show_model),
            *make_docs_routes(get_predictor, JsonAnswer),
            *make_card_routes(get_predictor, get_folder, JsonAnswer),
        ]
    )


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
    return _page(html, status_code)


def _page(html: str, status_code: int = 200) -> HTMLResponse:
    headers = {**PRIVATE, "Content-Security-Policy": PAGE_POLICY}
    return HTMLResponse(html, status_code, headers=headers)


async def _read_form(request: Request) -> tuple[dict[str, str], bytes]:
    """Return the filled fields of a posted form, and the file sent with it, if any."""
    body = await read_body(request)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return _parse_form(body), b""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, stream(), max_files=1, max_fields=_MOST_FIELDS, max_part_size=MAX_BODY
    )
    parser.spool_max_size = MAX_BODY + 1  # a patient's file never reaches a disk
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as err:
        raise RequestError("the form", [_NO_FORM]) from err
    items = form.multi_items()
    pairs = [(name, value.strip()) for name, value in items if isinstance(value, str)]
    files = [value for _, value in items if isinstance(value, UploadFile)]
    upload = await files[0].read() if files else b""
    await form.close()
    return unique(pairs), upload


def _answer_example(predictor: Predictor, fields: Mapping[str, str]) -> Mapping[str, Any]:
    patient, panel = _split_form(predictor, fields)
    return predictor.predict(patient, request_id=uuid4().hex, panel=panel)


def _split_form(predictor: Predictor, fields: Mapping[str, str]) -> tuple[dict[str, str], object]:
    """Return the patient's fields of a posted form, and the panel read from the others."""
    panel: object = None
    fields = {name: value for name, value in fields.items() if name != "csrf"}  # the guard's
    if predictor.panel is not None:
        text = fields.get("panel_text", "")
        try:
            panel = read_form_panel(fields, text.encode(errors="replace")) if text else None
        except RequestError as err:
            panel = err
        fields = {name: value for name, value in fields.items() if name not in PANEL_FORM}
    return fields, panel


def _parse_form(body: bytes) -> dict[str, str]:
    """Return the filled fields of a posted form."""
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=_MOST_FIELDS)
    except ValueError as err:
        raise RequestError("the form", [_NO_FORM]) from err
    return unique([(name, value.strip()) for name, value in pairs])
