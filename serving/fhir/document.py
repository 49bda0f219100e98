"""What the service's OpenAPI document says of the addresses of FHIR."""

from __future__ import annotations

from typing import Any

from serving.estimate.predictor import Predictor
from serving.estimate.request import MAX_BUNDLE
from serving.fhir.example import make_example_bundle
from serving.fhir.names import FHIR_JSON, QUESTIONNAIRE
from serving.web.openapi import make_refusals

__all__ = ["describe_addresses"]

Schema = dict[str, Any]


def _resource(kind: str, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": f"{kind} of FHIR R4",
        "properties": {"resourceType": {"const": kind}, **properties},
        "required": ["resourceType"],
    }


_ANY = {
    "type": "object",
    "properties": {"resourceType": {"type": "string"}},
    "required": ["resourceType"],
}
_ENTRY = {
    "type": "object",
    "properties": {"fullUrl": {"type": "string"}, "resource": _ANY},
    "required": ["resource"],
}
_BUNDLE = _resource("Bundle", entry={"type": "array", "items": _ENTRY})
_OUTCOME = _resource("OperationOutcome", issue={"type": "array", "items": {"type": "object"}})


def _answer(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {FHIR_JSON: {"schema": schema}}}


def _get(summary: str, kind: str, **more: Any) -> Schema:
    return {
        "get": {"summary": summary, **more, "responses": {"200": _answer("OK", _resource(kind))}}
    }


def describe_addresses(predictor: Predictor) -> Schema:
    """Return what can be asked at each address of FHIR, with a made-up Bundle for a model."""
    refusals = make_refusals()
    # A record that cannot be kept is told by FHIR's own means, a model withdrawn by the door's.
    refusals["503"]["content"][FHIR_JSON] = {"schema": _OUTCOME}
    example = {"summary": "A made-up patient", "value": make_example_bundle(predictor)}
    body = {FHIR_JSON: {"schema": _BUNDLE, "examples": {"patient": example}}}
    read = _get("What the model asks that a record lacks", "Questionnaire")
    read["get"]["parameters"] = [
        {
            "name": "id",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "enum": [QUESTIONNAIRE]},
        }
    ]
    read["get"]["responses"] |= {"404": _answer("No such Questionnaire", _OUTCOME), **refusals}
    return {
        "/fhir/predict": {
            "post": {
                "summary": "Estimate for the patient of a FHIR R4 Bundle",
                "description": (
                    "The answer is a Bundle with a RiskAssessment, whose probabilities are "
                    "percentages, and an OperationOutcome. "
                    f"A body is at most {MAX_BUNDLE:,} bytes long."
                ),
                "operationId": "fhir_predict",
                "requestBody": {"required": True, "content": body},
                "responses": {
                    "200": _answer("RiskAssessment and OperationOutcome", _BUNDLE),
                    "400": _answer("Every problem of the request", _OUTCOME),
                    **refusals,
                },
            }
        },
        "/fhir/Questionnaire/{id}": read,
        "/fhir/metadata": _get(
            "What the addresses of FHIR can do", "CapabilityStatement", security=[]
        ),
    }
