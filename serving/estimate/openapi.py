"""The OpenAPI document of the service, for the model that is loaded."""

from __future__ import annotations

from typing import Any

from serving.estimate.answer import make_answer_schemas
from serving.estimate.predictor import MAX_BATCH, Predictor
from serving.estimate.request import MAX_BODY
from serving.estimate.schemas import make_panel_schema, make_patient_schema, make_request_examples

__all__ = ["make_openapi"]

Schema = dict[str, Any]


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


def _answers(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _post(
    summary: str, request: Schema, response: Schema, operation: str, *, examples: Schema
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
            },
        }
    }


def _get(summary: str, media_type: str = "text/plain") -> Schema:
    content: Schema = {media_type: {"schema": {}}}
    return {
        "get": {"summary": summary, "responses": {"200": {"description": "OK", "content": content}}}
    }


def make_openapi(predictor: Predictor, *, version: str) -> Schema:
    """Return the OpenAPI document of the service for the loaded model."""
    facts = predictor.facts
    entry = _object({"patient": _ref("Patient"), "panel": _ref("Panel")}, required=["patient"])
    either = {"anyOf": [_ref("Patient"), entry]}
    examples = make_request_examples(predictor)
    answer_or_problems = {"oneOf": [_ref("Answer"), _ref("Problems")]}
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
        "paths": {
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
            "/model": _get("What the loaded model is, and what it asks", "application/json"),
            "/clinic": _get("The clinician's page", "text/html"),
            "/livez": _get("Whether the process lives"),
            "/readyz": _get("Whether it answers"),
            "/healthz": _get("The same as /livez"),
            "/metrics": _get("Counts and times for Prometheus"),
        },
        "components": {
            "schemas": {
                "Patient": make_patient_schema(predictor),
                "Panel": make_panel_schema(predictor),
                **make_answer_schemas(predictor.model.horizons),
            }
        },
    }
