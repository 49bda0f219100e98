"""The OpenAPI document of the service, for the model that is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.routing import Route

from features.dictionary.contract import CONTRACT
from serving.estimate.answer import make_answer_schemas
from serving.estimate.predictor import MAX_BATCH, Predictor
from serving.estimate.request import MAX_BODY
from serving.estimate.schemas import (
    make_panel_schema,
    make_patient_schema,
    make_request_examples,
    make_variable_schema,
)
from serving.language.language import LANGUAGES
from serving.records.outcomes import MAX_REPORTS, OUTCOMES

__all__ = ["Addresses", "make_openapi", "make_refusals"]

Schema = dict[str, Any]

_NO_RECORDS = "Nothing is recorded here, so that there is nothing to report on"
_REPORT = {"patient_id": "P-0417", "nrs_t1": 4, "success_t1": "yes"}


@dataclass(frozen=True)
class Addresses:
    """What a room above this one answers.

    Parameters
    ----------
    routes : sequence of Route
        Its addresses.
    describe : callable
        Returns what the document says of them for the loaded model: by address.
    """

    routes: Sequence[Route]
    describe: Callable[[Predictor], Mapping[str, Any]]


def _make_report_schema() -> Schema:
    """Return the JSON Schema of one report: whose, and one outcome at least."""
    whose = {
        "request_id": {
            "description": "number of the estimate, or its first 12 letters",
            "type": "string",
            "minLength": 12,
        },
        "patient_id": {"description": "the pseudonym that was sent", "type": "string"},
    }
    told = {name: make_variable_schema(CONTRACT[name]) for name in OUTCOMES}
    return {
        "type": "object",
        "description": "By `request_id` or by `patient_id`, and what was measured.",
        "properties": {**whose, **told},
        "oneOf": [{"required": [name]} for name in whose],
        "anyOf": [{"required": [name]} for name in told],
        "additionalProperties": False,
    }


def _object(properties: Schema, **more: Any) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **more,
    }


def _array(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _answers(description: str, schema: Schema, **more: Any) -> Schema:
    content = {"application/json": {"schema": schema}}
    return {"description": description, "content": content, **more}


def make_refusals() -> Schema:
    """Return how a request may end before it is read, and when there is no estimate now."""
    problems = _ref("Problems")
    told = {
        "401": "No key or token was shown, or one that opens nothing",
        "403": "The key may not do this, or the request names another service or site",
        "413": "The body is too long",
        "429": "Too many requests",
        "503": "No estimate now: it cannot be recorded, or who asks cannot be found out",
    }
    wait: Schema = {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}}
    how: Schema = {"description": "how to show who asks", "schema": {"type": "string"}}
    headers = {"401": {"WWW-Authenticate": how}, "429": {"Retry-After": wait}}
    return {
        status: _answers(
            text, problems, **({"headers": headers[status]} if status in headers else {})
        )
        for status, text in told.items()
    }


def _post(
    summary: str,
    request: Schema,
    response: Schema,
    operation: str,
    *,
    examples: Schema,
    absent: str = "",
) -> Schema:
    content = {"application/json": {"schema": request, "examples": examples}}
    return {
        "post": {
            "summary": summary,
            "description": f"A body is at most {MAX_BODY:,} bytes long.",
            "operationId": operation,
            "requestBody": {"required": True, "content": content},
            "responses": {
                "200": _answers("The answer", response),
                "400": _answers("Every problem of the request", _ref("Problems")),
                **({"404": _answers(absent, _ref("Problems"))} if absent else {}),
                **make_refusals(),
            },
        }
    }


def _get(
    summary: str, media_type: str = "text/plain", *, is_open: bool = False, absent: str = ""
) -> Schema:
    content: Schema = {media_type: {"schema": {}}}
    responses: Schema = {"200": {"description": "OK", "content": content}}
    if absent:
        responses["404"] = {"description": absent, "content": content}
    if is_open:
        return {"get": {"summary": summary, "responses": responses, "security": []}}
    return {"get": {"summary": summary, "responses": {**responses, **make_refusals()}}}


_ENGLISH_ONLY = ("/docs", "/docs.json", "/monitor", "/metrics", "/livez", "/readyz", "/healthz")
"""Addresses whose answers are the same in every language."""


def _make_language_parameters() -> Schema:
    """Return the parameters by which a language is asked for."""
    codes = ", ".join(LANGUAGES)
    return {
        "lang": {
            "name": "lang",
            "in": "query",
            "description": f"The language of texts in the answer, one of {codes}; any other is "
            "passed over. Codes and numbers are the same in all. It goes before Accept-Language.",
            "schema": {"type": "string"},
            "example": "nl",
        },
        "Accept-Language": {
            "name": "Accept-Language",
            "in": "header",
            "description": f"The languages that the reader prefers; of {codes} the first is taken, "
            "else English.",
            "schema": {"type": "string"},
            "example": "de-CH, de;q=0.9, en;q=0.5",
        },
    }


def _add_languages(paths: Schema) -> Schema:
    """Return the paths with what asks for a language, and the header that tells which it is."""
    parameters = [{"$ref": f"#/components/parameters/{n}"} for n in _make_language_parameters()]
    told = {"Content-Language": {"$ref": "#/components/headers/Content-Language"}}
    for path, methods in paths.items():
        if path in _ENGLISH_ONLY:
            continue
        for operation in methods.values():
            operation["parameters"] = [*operation.get("parameters", ()), *parameters]
            for response in operation["responses"].values():
                response["headers"] = {**response.get("headers", {}), **told}
    return paths


def _make_paths(predictor: Predictor) -> Schema:
    """Return what can be asked at each address."""
    panel = {"anyOf": [_ref("Panel"), {"type": "null"}]}
    entry = _object({"patient": _ref("Patient"), "panel": panel}, required=["patient"])
    either = {"anyOf": [_ref("Patient"), entry]}
    examples = make_request_examples(predictor)
    answer_or_problems = {"oneOf": [_ref("Answer"), _ref("Problems")]}
    return {
        "/predict": _post(
            "Estimate for one patient",
            entry,
            _ref("Answer"),
            "predict",
            examples=examples["/predict"],
        ),
        "/predict_batch": _post(
            f"Estimates for up to {MAX_BATCH} patients, each answered on its own",
            _object({"patients": _array(either, maxItems=MAX_BATCH)}),
            _array(answer_or_problems),
            "predict_batch",
            examples=examples["/predict_batch"],
        ),
        "/outcomes": {
            **_post(
                f"Report what became of up to {MAX_REPORTS} patients: all, or none",
                _object({"outcomes": _array(_ref("Report"), minItems=1, maxItems=MAX_REPORTS)}),
                _object({"recorded": _array({"type": "string"})}),
                "report_outcomes",
                examples={"outcomes": {"summary": "One patient", "value": {"outcomes": [_REPORT]}}},
                absent=_NO_RECORDS,
            ),
            **_get("The page on which a nurse reports", "text/html", absent=_NO_RECORDS),
        },
        "/monitor": _get(
            "How the model does in use, for its reviewers", "text/html", absent=_NO_RECORDS
        ),
        "/model": _get("What the loaded model is, and what it asks", "application/json"),
        "/clinic": _get("The clinician's page", "text/html"),
        "/docs": _get("This document as a page, on which it can be tried", "text/html"),
        "/docs.json": _get("This document", "application/json"),
        "/livez": _get("Whether the process lives", is_open=True),
        "/readyz": _get("Whether it answers", is_open=True),
        "/healthz": _get("The same as /livez", is_open=True),
        "/metrics": _get("Counts and times for Prometheus, for the operator"),
    }


def make_openapi(predictor: Predictor, *, version: str, more: Sequence[Addresses] = ()) -> Schema:
    """Return the OpenAPI document of the service for the loaded model.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    version : str
        Of ketresponse.
    more : sequence of Addresses
        What rooms above this one answer.
    """
    facts = predictor.facts
    paths = _make_paths(predictor)
    for addresses in more:
        paths |= addresses.describe(predictor)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ketresponse",
            "version": version,
            "description": (
                f"Model {facts.name}, version {facts.version}, status {facts.status}. "
                f"{facts.population}; {facts.treatment}."
            ),
        },
        "paths": _add_languages(paths),
        # None at all where access control is off.
        "security": [{"key": []}, {}],
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or a token of the identity provider",
                }
            },
            "parameters": _make_language_parameters(),
            "headers": {
                "Content-Language": {
                    "description": "the language of the texts: en, nl or de",
                    "schema": {"type": "string"},
                }
            },
            "schemas": {
                "Patient": make_patient_schema(predictor),
                "Panel": make_panel_schema(predictor),
                "Report": _make_report_schema(),
                **make_answer_schemas(predictor.model.horizons),
            },
        },
    }
