"""The nurse's page and its address for programs: report what became of a patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.dictionary.contract import CONTRACT
from features.errors import Problem
from features.texts import Text, say
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError, parse_body
from serving.language.language import Language, find_language, keep_language
from serving.records.database import RecordsUnavailable
from serving.records.outcomes import OUTCOMES, report_outcomes
from serving.records.record import PSEUDONYM
from serving.records.recorder import Recorder
from serving.web.answers import JsonAnswer, answer_page, find_caller, log_failure
from serving.web.form import describe_problem, make_outcome_fields
from serving.web.headers import find_csrf
from serving.web.posted import read_body, read_form
from serving.web.rendering import render

__all__ = ["make_outcome_routes"]

_NOT_RECORDED = say(
    "the report cannot be recorded now: try again, and tell whoever keeps this service"
)
_FAILED = say("nothing was recorded: something failed in this service; its log tells where")
_NOTHING_KEPT = say("nothing is recorded here, so that there is no estimate to report on")
_HORIZONS = {"t1": ("nrs_t1", "success_t1"), "t2": ("follow_up_weeks", "nrs_t2", "success_t2")}


def make_outcome_routes(
    get_predictor: Callable[[], Predictor], get_recorder: Callable[[], Recorder | None]
) -> list[Route]:
    """Return the routes by which outcomes are reported."""
    desk = _Desk(get_predictor, get_recorder)
    return [
        Route("/outcomes", desk.show_form),
        Route("/outcomes", desk.take_report, methods=["POST"]),
    ]


class _Desk:
    """Where outcomes are handed in."""

    def __init__(
        self, get_predictor: Callable[[], Predictor], get_recorder: Callable[[], Recorder | None]
    ) -> None:
        self._get_predictor = get_predictor
        self._get_recorder = get_recorder

    async def show_form(self, request: Request) -> Response:
        if self._get_recorder() is None:
            return self._show(request, 404, unavailable=_NOTHING_KEPT)
        return self._show(request)

    async def take_report(self, request: Request) -> Response:
        recorder = self._get_recorder()
        if request.headers.get("content-type", "").startswith("application/json"):
            if recorder is None:
                error = {"error": _NOTHING_KEPT, "problems": []}
                return JsonAnswer(error, 404, language=find_language(request.scope))
            return await self._answer_program(request, recorder)
        if recorder is None:
            return self._show(request, 404, unavailable=_NOTHING_KEPT)
        return await self._answer_form(request, recorder)

    async def _answer_program(self, request: Request, recorder: Recorder) -> Response:
        content: object
        try:
            raw = parse_body(await read_body(request), "outcomes")["outcomes"]
            content, status = {"recorded": await _report(request, recorder, raw)}, 200
        except RequestError as err:
            content, status = err.body(), 400
        except RecordsUnavailable as err:
            log_failure(err)
            content, status = {"error": _NOT_RECORDED, "problems": []}, 503
        except Exception as err:
            log_failure(err)
            content, status = {"error": _FAILED, "problems": []}, 500
        return JsonAnswer(content, status, language=find_language(request.scope))

    async def _answer_form(self, request: Request, recorder: Recorder) -> Response:
        fields: Mapping[str, str] = {}
        try:
            fields, _ = await read_form(request)
            filled = {name: value for name, value in fields.items() if value}
            (number,) = await _report(request, recorder, [filled])
        except RequestError as err:
            return self._show(request, 400, fields=fields, problems=err.problems)
        except RecordsUnavailable as err:
            log_failure(err)
            return self._show(request, 503, fields=fields, unavailable=_NOT_RECORDED)
        except Exception as err:
            log_failure(err)
            return self._show(request, 500, fields=fields, unavailable=_FAILED)
        return self._show(request, recorded=number)

    def _show(self, request: Request, status_code: int = 200, **values: Any) -> Response:
        predictor = self._get_predictor()
        language = find_language(request.scope).with_texts(predictor.facts.texts)
        html = _render(
            predictor,
            language=language,
            query=keep_language(request.scope),
            csrf=find_csrf(request),
            **values,
        )
        return answer_page(html, status_code, language=language)


async def _report(request: Request, recorder: Recorder, raw: object) -> list[str]:
    """Record what was reported; return the numbers of the estimates that it belongs to."""
    done = await run_in_threadpool(
        report_outcomes,
        recorder.store,
        raw,
        caller=find_caller(request.scope),
        at=datetime.now(UTC),
    )
    return [one.request_id for one in done]


def _render(
    predictor: Predictor,
    *,
    language: Language,
    query: str,
    csrf: str,
    fields: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
    recorded: str = "",
    unavailable: str = "",
) -> str:
    asked = [
        name
        for horizon in predictor.model.horizons
        for name in _HORIZONS[horizon]
        if name in OUTCOMES
    ]
    labels: dict[str, str] = {name: CONTRACT[name].label for name in (PSEUDONYM, *asked)}
    labels["request_id"] = say("Number of the estimate")
    return render(
        "outcomes.html",
        language=language,
        query=query,
        facts=predictor.facts,
        status=Text(predictor.facts.status),
        stamp=predictor.stamp,
        csrf=csrf,
        sections=make_outcome_fields(predictor, asked, fields or {}, problems),
        problems=[
            {
                "name": p.column if p.column in labels else "",
                "label": labels.get(p.column, p.column),
                "text": describe_problem(p),
            }
            for p in problems
        ],
        recorded=recorded,
        unavailable=unavailable,
    )
