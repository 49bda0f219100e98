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
from serving.records.asking import ask
from serving.records.database import RecordsUnavailable
from serving.records.recorder import Recorder, Suspended
from serving.web.answers import FAILED, JsonAnswer, find_caller, log_failure, tell_why_not
from serving.web.openapi import Addresses
from serving.web.posted import read_body
from training.store.facts import package_versions

__all__ = ["make_fhir_addresses"]

_EXPECTED = "a Bundle of FHIR R4 as JSON"


class _FhirAnswer(JsonAnswer):
    """A resource, by the name that FHIR has for its kind."""

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
        if request.path_params["id"] == QUESTIONNAIRE:
            return _FhirAnswer(make_questionnaire(get_predictor()))
        text = f"There is one Questionnaire, by the name {QUESTIONNAIRE}."
        return _refuse([Issue("error", "not-found", text)], 404)

    async def show_capability(request: Request) -> Response:
        return _FhirAnswer(make_capability(package_versions().get("ketresponse", "from source")))

    routes = [
        Route("/fhir/predict", predict, methods=["POST"]),
        Route("/fhir/metadata", show_capability),
        Route("/fhir/Questionnaire/{id}", show_questionnaire),
    ]
    return Addresses(routes, describe_addresses)


def _refuse(issues: Sequence[Issue], status: int) -> Response:
    return _FhirAnswer(make_outcome(issues), status)


async def _answer(request: Request, predictor: Predictor, recorder: Recorder | None) -> Response:
    """Return the Bundle of an answer, or the OperationOutcome that says why there is none."""
    paths: Mapping[str, str] = {}
    now = datetime.now(UTC)
    try:
        body = await read_body(request)
        found = await run_in_threadpool(_read, body, predictor, now)
        paths = found.paths
        answer = await ask(
            predictor, recorder, found.patient, panel=found.panel, caller=find_caller(request.scope)
        )
        return _FhirAnswer(_make_bundle(predictor, found, answer, now))
    except RequestError as err:
        return _refuse(list_issues(err, paths), 400)
    except (RecordsUnavailable, Suspended) as err:
        return _refuse([Issue("error", "transient", tell_why_not(err))], 503)
    except Exception as err:
        log_failure(err)
        return _refuse([Issue("error", "exception", FAILED)], 500)


def _read(body: bytes, predictor: Predictor, now: datetime) -> FhirPatient:
    content = parse_json(body, expected=_EXPECTED)
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        raise RequestError("the request", [Problem("Bundle", _EXPECTED, "something else")])
    return read_bundle(place(content), predictor, now=now)


def _make_bundle(
    predictor: Predictor, found: FhirPatient, answer: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return assessment and outcome together."""
    outcome = make_outcome([*found.problems, *tell_notices(answer, found.paths)])
    assessment = make_assessment(predictor, found, answer, now=now)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": now.isoformat(timespec="seconds"),
        "entry": [
            {"fullUrl": f"urn:uuid:{uuid4()}", "resource": resource}
            for resource in (assessment, outcome)
        ],
    }
