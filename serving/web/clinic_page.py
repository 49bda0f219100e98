"""The clinician's page over HTTP: the form, the estimate, and two patients compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from features.dictionary.substances import to_codes
from serving.estimate.panel_text import PANEL_FORM, decode_upload, fill_form, read_form_panel
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.estimate.schemas import make_panel_example
from serving.language.language import find_language, keep_language
from serving.records.asking import ask, ask_comparison
from serving.records.database import RecordsUnavailable
from serving.records.recorder import Recorder, Suspended
from serving.web.answers import FAILED, answer_page, find_caller, log_failure, tell_why_not
from serving.web.compare import read_comparison
from serving.web.headers import CLINIC_POLICY, find_csrf
from serving.web.page import PageContent, render_page
from serving.web.posted import read_form
from serving.web.rendering import ASSETS
from training.model.example import make_example

__all__ = ["make_clinic_routes"]

_COMPARE = "compare"
"""The field of a form that asks for a comparison."""

_MEDICATION = "medication_atc"


class _Clinic:
    """The page of the model that is loaded."""

    def __init__(
        self,
        get_predictor: Callable[[], Predictor],
        get_recorder: Callable[[], Recorder | None],
        get_first: Callable[[], str],
    ) -> None:
        self._get_predictor = get_predictor
        self._get_recorder = get_recorder
        self._get_first = get_first

    async def show_form(self, request: Request) -> Response:
        """Answer with the empty form, or with a made-up patient's estimate."""
        predictor, recorder = self._get_predictor(), self._get_recorder()
        try:
            if recorder is not None:
                recorder.check()
        except Suspended as err:
            return self._show(request, 503, unavailable=tell_why_not(err))
        asked = request.query_params.get("example")
        if asked is None:
            return self._show(request)
        example = _make_example_fields(predictor, panel=asked == "panel")
        # Nobody's estimate: it is not recorded, and under silent evaluation not shown either.
        found = await run_in_threadpool(_answer_example, predictor, example)
        return self._show(request, fields=example, found=found)

    async def show_answer(self, request: Request) -> Response:
        """Answer a filled form: a patient, or two who differ in one value."""
        try:
            fields, upload = await read_form(request)
        except RequestError as err:
            return self._show(request, err.status, problems=err.problems)
        try:
            if upload:
                fields["panel_text"] = await run_in_threadpool(decode_upload, upload)
            find = self._compare if fields.pop(_COMPARE, "") else self._ask
            found = await find(self._get_predictor(), fields, find_caller(request.scope))
        except RequestError as err:
            return self._show(request, err.status, fields=fields, problems=err.problems)
        except (RecordsUnavailable, Suspended) as err:
            return self._show(request, 503, fields=fields, unavailable=tell_why_not(err))
        except Exception as err:
            log_failure(err)
            return answer_page(find_language(request.scope).tell(FAILED), 500)
        return self._show(request, fields=fields, **found)

    async def _ask(
        self, predictor: Predictor, fields: Mapping[str, str], caller: str
    ) -> dict[str, Any]:
        patient, panel = await run_in_threadpool(_split_form, predictor, fields)
        found = await ask(predictor, self._get_recorder(), patient, panel=panel, caller=caller)
        return {"found": found}

    async def _compare(
        self, predictor: Predictor, fields: Mapping[str, str], caller: str
    ) -> dict[str, Any]:
        both = read_comparison(predictor, fields)
        split = [await run_in_threadpool(_split_form, predictor, one) for one in both]
        answers = await ask_comparison(
            predictor,
            self._get_recorder(),
            [patient for patient, _ in split],
            panel=split[0][1],
            caller=caller,
        )
        return {"compared": tuple(answers)}

    def _show(self, request: Request, status_code: int = 200, **shown: Any) -> HTMLResponse:
        """Return the page, whose forms carry the word of the session where there is one."""
        predictor = self._get_predictor()
        language = find_language(request.scope).with_texts(predictor.facts.texts)
        html = render_page(
            predictor,
            PageContent(**shown),
            records=self._get_recorder() is not None,
            csrf=find_csrf(request),
            first=self._get_first(),
            language=language,
            query=keep_language(request.scope),
        )
        return answer_page(html, status_code, language=language, policy=CLINIC_POLICY)


async def _show_script(request: Request) -> Response:
    return FileResponse(ASSETS / "clinic.js", media_type="text/javascript")


def make_clinic_routes(
    get_predictor: Callable[[], Predictor],
    get_recorder: Callable[[], Recorder | None],
    get_first: Callable[[], str],
) -> list[Route]:
    """Return the routes of the page, from the arguments of :func:`serving.web.app.make_app`."""
    clinic = _Clinic(get_predictor, get_recorder, get_first)
    return [
        Route("/clinic", clinic.show_form),
        Route("/clinic", clinic.show_answer, methods=["POST"]),
        Route("/clinic.js", _show_script),
    ]


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
    """Return the patient's fields of a posted form, and the panel read from the others.

    Medication may be named: the codes of the names take their place.
    """
    panel: object = None
    if predictor.panel is not None:
        text = fields.get("panel_text", "")
        try:
            panel = read_form_panel(fields, text.encode(errors="replace")) if text else None
        except RequestError as err:
            panel = err
        fields = {name: value for name, value in fields.items() if name not in PANEL_FORM}
    patient = dict(fields)
    if _MEDICATION in patient:
        patient[_MEDICATION] = to_codes(patient[_MEDICATION])
    return patient, panel
