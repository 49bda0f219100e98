"""What the service's OpenAPI document says of the addresses of CDS Hooks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from serving.cds_hooks.cards import LONGEST_SUMMARY
from serving.cds_hooks.feedback import MAX_FEEDBACK, OUTCOMES
from serving.cds_hooks.services import CDS_SERVICES, SERVICES, make_prefetch
from serving.estimate.predictor import Predictor
from serving.estimate.request import MAX_BUNDLE
from serving.fhir.example import make_example_bundle
from serving.web.openapi import make_refusals

__all__ = ["describe_cds_addresses", "make_example_call"]

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "minLength": 1}
_PROBLEMS: Schema = {"$ref": "#/components/schemas/Problems"}
_WHICH = {
    "name": "service",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "enum": list(SERVICES)},
}
_RESOURCE: Schema = {
    "type": "object",
    "properties": {"resourceType": _TEXT},
    "required": ["resourceType"],
}
_CONTEXT: Schema = {
    "type": "object",
    "properties": {
        "userId": {**_TEXT, "description": "such as Practitioner/123"},
        "patientId": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
        "draftOrders": {**_RESOURCE, "description": "order-select, order-sign: a Bundle"},
        "selections": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["userId", "patientId"],
}
_CALL: Schema = {
    "type": "object",
    "properties": {
        "hook": {"type": "string", "enum": [service.hook for service in SERVICES.values()]},
        "hookInstance": {"type": "string", "format": "uuid"},
        "context": _CONTEXT,
        "fhirServer": {"type": "string"},
        "fhirAuthorization": {"type": "object"},
        "prefetch": {
            "type": "object",
            "additionalProperties": {"anyOf": [_RESOURCE, {"type": "null"}]},
        },
    },
    "required": ["hook", "hookInstance", "context"],
}
_LINK: Schema = {
    "type": "object",
    "properties": {
        "label": _TEXT,
        "url": _TEXT,
        "type": {"type": "string", "enum": ["absolute", "smart"]},
    },
    "required": ["label", "url", "type"],
}
_CARD: Schema = {
    "type": "object",
    "properties": {
        "uuid": {"type": "string", "format": "uuid"},
        "summary": {**_TEXT, "maxLength": LONGEST_SUMMARY},
        "detail": {**_TEXT, "description": "Markdown"},
        "indicator": {"const": "info"},
        "source": {"type": "object", "properties": {"label": _TEXT}, "required": ["label"]},
        "links": {"type": "array", "items": _LINK},
    },
    "required": ["summary", "detail", "indicator", "source", "links"],
    "additionalProperties": False,
}
_CARDS: Schema = {
    "type": "object",
    "properties": {"cards": {"type": "array", "items": _CARD}},
    "required": ["cards"],
}
_REPORT: Schema = {
    "type": "object",
    "properties": {
        "card": {"type": "string", "format": "uuid"},
        "outcome": {"type": "string", "enum": list(OUTCOMES)},
        "outcomeTimestamp": {"type": "string", "format": "date-time"},
    },
    "required": ["card", "outcome", "outcomeTimestamp"],
}
_FEEDBACK: Schema = {
    "type": "object",
    "properties": {
        "feedback": {"type": "array", "items": _REPORT, "minItems": 1, "maxItems": MAX_FEEDBACK}
    },
    "required": ["feedback"],
}
_KEYS = {
    "Patient": "patient",
    "Condition": "conditions",
    "Observation": "observations",
    "QuestionnaireResponse": "answers",
}


def make_example_call(predictor: Predictor) -> dict[str, Any]:
    """Return a call that the loaded model answers with a card, for a made-up patient."""
    prefetch: dict[str, Any] = dict.fromkeys(make_prefetch(predictor))
    for entry in make_example_bundle(predictor)["entry"]:
        resource = entry["resource"]
        key = _KEYS[resource["resourceType"]]
        if key == "patient":
            prefetch[key] = resource
            continue
        found = prefetch[key] or {"resourceType": "Bundle", "type": "searchset", "entry": []}
        prefetch[key] = {**found, "entry": [*found["entry"], entry]}
    return {
        "hook": "patient-view",
        "hookInstance": str(UUID(int=0)),
        "context": {"userId": "Practitioner/example", "patientId": "example"},
        "prefetch": prefetch,
    }


def _answer(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _post(summary: str, body: Schema, answers: Schema, **more: Any) -> Schema:
    return {
        "post": {
            "summary": summary,
            "description": f"A body is at most {MAX_BUNDLE:,} bytes long.",
            "parameters": [_WHICH],
            "requestBody": {"required": True, "content": {"application/json": body}},
            "responses": {
                **answers,
                "400": _answer("Every problem of the request", _PROBLEMS),
                "404": _answer("No such service, or nothing is recorded here", _PROBLEMS),
                **make_refusals(),
            },
            **more,
        }
    }


def describe_cds_addresses(predictor: Predictor) -> Schema:
    """Return what can be asked at each address of CDS Hooks, with a made-up call for a model."""
    example = {"summary": "A made-up patient", "value": make_example_call(predictor)}
    listed = {"type": "object", "properties": {"services": {"type": "array"}}}
    one = f"{CDS_SERVICES}/{{service}}"
    recorded = {"type": "object", "properties": {"recorded": {"type": "integer"}}}
    return {
        CDS_SERVICES: {
            "get": {
                "summary": "Which services record systems can call (CDS Hooks 2.0)",
                "responses": {"200": _answer("OK", listed)},
                "security": [],
            }
        },
        one: _post(
            "A card for the patient whose record is open",
            {"schema": _CALL, "examples": {"patient": example}},
            {
                "200": _answer("Cards; none where the patient is not concerned", _CARDS),
                "412": _answer("What an estimate needs was not sent, and cannot be had", _PROBLEMS),
            },
            operationId="call_service",
        ),
        f"{one}/feedback": _post(
            "What became of cards",
            {"schema": _FEEDBACK},
            {"200": _answer("Of how many cards it was recorded", recorded)},
            operationId="report_feedback",
        ),
    }
