"""The addresses of FHIR R4: ask for an estimate, read the Questionnaire, read what there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.errors import Problem
from features.texts import say
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError, parse_json
from serving.fhir.assessment import make_assessment, tell_notices
from serving.fhir.capability import make_capability
from serving.fhir.document import describe_addresses
from serving.fhir.elements import place
from serving.fhir.issues import Issue, make_outcome
from serving.fhir.names import FHIR_JSON, QUESTIONNAIRE
from serving.fhir.questionnaire import make_questionnaire
from serving.fhir.reading import FhirPatient, list_issues, read_bundle
from serving.language.language import ENGLISH, Language, find_language
from serving.records.asking import ask
from serving.records.database import RecordsUnavailable
from serving.records.recorder import Recorder, Suspended
from serving.web.answers import FAILED, JsonAnswer, find_caller, log_failure, tell_why_not
from serving.web.openapi import Addresses
from serving.web.posted import read_body
from training.store.facts import package_versions

__all__ = ["make_fhir_addresses"]

_EXPECTED = say("a Bundle of FHIR R4 as JSON")


class _FhirAnswer(JsonAnswer):
    """A resource, by the name that FHIR has for its kind, its texts in a language."""

    media_type = FHIR_JSON


def make_fhir_addresses(
    get_predictor: Callable[[], Predictor], get_recorder: Callable[[], Recorder | None]
) -> Addresses:
    """Return the addresses of FHIR.

    Parameters
    ----------
    get_predictor, get_recorder : callable
        As for :func:`serving.web.app.make_app`.
    """

    async def predict(request: Request) -> Response:
        return await _answer(request, get_predictor(), get_recorder())

    async def show_questionnaire(request: Request) -> Response:
        language = find_language(request.scope).with_texts(get_predictor().facts.texts)
        if request.path_params["id"] == QUESTIONNAIRE:
            questionnaire = {**make_questionnaire(get_predictor()), "language": language.code}
            return _FhirAnswer(questionnaire, language=language)
        text = say("There is one Questionnaire, by the name {name}.", name=QUESTIONNAIRE)
        return _refuse([Issue("error", "not-found", text)], 404, language)

    async def show_capability(request: Request) -> Response:
        told = make_capability(package_versions().get("ketresponse", "from source"))
        return _FhirAnswer(told, language=ENGLISH)

    routes = [
        Route("/fhir/predict", predict, methods=["POST"]),
        Route("/fhir/metadata", show_capability),
        Route("/fhir/Questionnaire/{id}", show_questionnaire),
    ]
    return Addresses(routes, describe_addresses)


def _refuse(issues: Sequence[Issue], status: int, language: Language) -> Response:
    return _FhirAnswer(make_outcome(issues), status, language=language)


async def _answer(request: Request, predictor: Predictor, recorder: Recorder | None) -> Response:
    """Return the Bundle of an answer, or the OperationOutcome that says why there is none."""
    paths: Mapping[str, str] = {}
    now = datetime.now(UTC)
    language = find_language(request.scope).with_texts(predictor.facts.texts)
    try:
        body = await read_body(request)
        found = await run_in_threadpool(_read, body, predictor, now)
        paths = found.paths
        answer = await ask(
            predictor, recorder, found.patient, panel=found.panel, caller=find_caller(request.scope)
        )
        return _FhirAnswer(_make_bundle(predictor, found, answer, now, language), language=language)
    except RequestError as err:
        return _refuse(list_issues(err, paths), 400, language)
    except (RecordsUnavailable, Suspended) as err:
        return _refuse([Issue("error", "transient", tell_why_not(err))], 503, language)
    except Exception as err:
        log_failure(err)
        return _refuse([Issue("error", "exception", FAILED)], 500, language)


def _read(body: bytes, predictor: Predictor, now: datetime) -> FhirPatient:
    content = parse_json(body, expected=_EXPECTED)
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        raise RequestError("the request", [Problem("Bundle", _EXPECTED, say("something else"))])
    return read_bundle(place(content), predictor, now=now)


def _make_bundle(
    predictor: Predictor,
    found: FhirPatient,
    answer: Mapping[str, Any],
    now: datetime,
    language: Language,
) -> dict[str, Any]:
    """Return assessment and outcome together."""
    outcome = make_outcome([*found.problems, *tell_notices(answer, found.paths)])
    assessment = make_assessment(predictor, found, answer, now=now, language=language)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": now.isoformat(timespec="seconds"),
        "entry": [
            {"fullUrl": f"urn:uuid:{uuid4()}", "resource": resource}
            for resource in (assessment, outcome)
        ],
    }
