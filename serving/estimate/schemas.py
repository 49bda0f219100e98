"""What a request and an answer look like, derived from the dictionary of the loaded model.

The schemas describe; they do not check. A request is checked once, by the same
:func:`features.dictionary.variable.parse_value` that checks a training table, so that no second
validator can disagree with it or get in first with an answer of its own.
"""

from __future__ import annotations

from typing import Any

from features.dictionary.variable import Variable
from features.panel.cells import HIGHEST_CT, LOWEST_CT
from features.published.safety import describe_safety
from serving.estimate.panel import PANEL_FIELDS
from serving.estimate.predictor import MAX_BATCH, Predictor
from serving.estimate.submodel import CLINICAL, WITH_PANEL
from training.model.example import make_example
from training.panel.model import PanelModel
from training.store.statements import make_statements

__all__ = [
    "describe_model",
    "describe_variable",
    "make_openapi",
    "make_panel_example",
    "make_panel_schema",
    "make_patient_schema",
    "make_variable_schema",
]

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_PROBABILITY: Schema = {"type": "number", "minimum": 0, "maximum": 1}


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


def make_variable_schema(variable: Variable) -> Schema:
    """Return the JSON Schema of one variable; missing is always allowed, as null or absent."""
    hint = f" ({variable.hint})" if variable.hint else ""
    schema: Schema = {"description": f"{variable.label}: {variable.expected()}{hint}"}
    if variable.is_numeric:
        schema["type"] = ["integer" if variable.kind == "integer" else "number", "null"]
        if variable.low is not None:
            schema["minimum"] = variable.low
        if variable.high is not None:
            schema["maximum"] = variable.high
    elif variable.kind == "yes_no":
        schema["enum"] = ["yes", "no", "unknown", True, False, None]
    elif variable.kind == "category":
        schema["enum"] = [*dict.fromkeys([*variable.categories, "unknown"]), None]
    else:
        schema["type"] = ["string", "null"]
    if variable.unit:
        schema["x-unit"] = variable.unit
    return schema


def make_patient_schema(predictor: Predictor) -> Schema:
    """Return the JSON Schema of a patient: every variable known before treatment.

    Parameters
    ----------
    predictor : Predictor
        Its dictionary is the one its model was trained with, a study's own variables included.
    """
    properties = {
        variable.name: make_variable_schema(variable)
        for variable in predictor.dictionary
        if variable.known_at in ("always", "baseline")
    }
    used = ", ".join(predictor.model.predictors)
    checked = ", ".join(predictor.eligibility_names) or "nothing"
    return {
        "type": "object",
        "description": (
            'A patient before treatment. A value that is absent, null, empty or "unknown" is '
            f"missing. The estimate rests on: {used}. Scope is checked on: {checked}."
        ),
        "properties": properties,
        "additionalProperties": False,
        "example": make_example(predictor.model, predictor.eligibility),
    }


def make_panel_schema(predictor: Predictor) -> Schema:
    """Return the JSON Schema of a patient's microRNA panel.

    Parameters
    ----------
    predictor : Predictor
        Its model tells which assays it makes use of.
    """
    cell = {
        "description": (
            f"cycles, from {LOWEST_CT:g} to {HIGHEST_CT:g}; a word such as Undetermined: not "
            "detected; null: not measured"
        ),
        "type": ["number", "string", "null"],
        "minimum": LOWEST_CT,
        "maximum": HIGHEST_CT,
    }
    cells = {"anyOf": [cell, _array(cell, description="replicate wells")]}
    text = {"type": ["string", "null"]}
    date = {**text, "description": "2026-01-31, or 2026-01-31T08:30"}
    types: Schema = {
        "ct": {
            "type": "object",
            "description": "Ct by assay, in miRBase's spelling or as the instrument writes it",
            "additionalProperties": cells,
        },
        "platform": text,
        "plate": {**text, "description": "corrected for where it was among the training's"},
        "sample_date": date,
        "infusion_start": date,
        "ceiling": {
            "type": ["number", "null"],
            "description": "cycle from which nothing counts as detected; absent: the model's",
            "minimum": LOWEST_CT,
            "maximum": HIGHEST_CT,
        },
    }
    panel = predictor.panel
    use = (
        "This model has no sub-model for patients with a panel: one that is sent is not used."
        if panel is None
        else f"Used: {', '.join(panel.needed)}. Values at or above {panel.ceiling:g} cycles count "
        "as not detected."
    )
    return {
        "type": "object",
        "description": f"Optional. Only from a sample taken before the infusion. {use}",
        "properties": {name: types[name] for name in PANEL_FIELDS},
        "required": ["ct"],
        "additionalProperties": False,
        **({} if panel is None else {"example": make_panel_example(panel)}),
    }


def make_panel_example(panel: PanelModel) -> dict[str, Any]:
    """Return a made-up panel: assays one cycle above and below the average by turns."""
    average = panel.normaliser.describe_average()
    ct: dict[str, float | str] = {}
    for place, assay in enumerate(panel.needed):
        value = round(float(average[panel.assays.index(assay)]) + (-1) ** place, 1)
        ct[assay] = value if value < panel.ceiling else "Undetermined"
    return {"ct": ct, "sample_date": "2026-01-30", "infusion_start": "2026-01-31"}


def make_answer_schema() -> Schema:
    """Return the JSON Schema of one answer."""
    contribution = _object(
        {
            "variable": _TEXT,
            "value": {"description": "as the patient's record has it; null when missing"},
            "contribution": {**_NUMBER, "description": "difference of probability"},
        }
    )
    assay = _object(
        {
            "variable": {**_TEXT, "description": "the assay"},
            "value": {"type": ["number", "null"], "description": "ΔCt; null when not measured"},
            "contribution": {**_NUMBER, "description": "difference of probability"},
        }
    )
    panel = _object(
        {
            "variable": {"const": "panel"},
            "value": {"type": "null"},
            "contribution": {**_NUMBER, "description": "of all assays together"},
            "error": {**_NUMBER, "description": "Monte Carlo standard error of the parts"},
            "parts": _array(assay, description="their contributions add up to the panel's"),
        }
    )
    explanation = _object(
        {
            "scale": {"const": "probability"},
            "method": _TEXT,
            "error": {**_NUMBER, "description": "Monte Carlo standard error; 0 when exact"},
            "base": {**_PROBABILITY, "description": "the estimate when nothing is known"},
            "contributions": _array(
                {"anyOf": [contribution, panel]}, description="the panel's is the last, if used"
            ),
        },
        description="base plus the contributions is the probability, to 1e-6",
    )
    limits = {"minItems": 2, "maxItems": 2}
    pooled = _object(
        {
            "rate": _PROBABILITY,
            "interval": _array(_PROBABILITY, **limits, description="95% interval of the mean"),
            "new_centre": _array(
                _PROBABILITY, **limits, description="95% prediction interval for a new centre"
            ),
            "outcome": {**_TEXT, "description": "what was counted: another outcome"},
            "source": _TEXT,
        }
    )
    published = _object(
        {
            "rate": _PROBABILITY,
            "interval": _array(_PROBABILITY, **limits, description="95% interval"),
            "source": _TEXT,
            "pooled": pooled,
        }
    )
    estimate = _object(
        {
            "horizon": {"enum": ["t1", "t2"]},
            "outcome": {**_TEXT, "description": "what is estimated, in plain words"},
            "probability": _PROBABILITY,
            "interval": _array(_PROBABILITY, minItems=2, maxItems=2, description="95% interval"),
            "base_rate": {**_PROBABILITY, "description": "share in the training cohort"},
            "published_base_rate": {"anyOf": [published, {"type": "null"}]},
            "explanation": explanation,
        }
    )
    notice = _object({"code": _TEXT, "variable": {"type": ["string", "null"]}, "text": _TEXT})
    model = _object(
        {
            "name": _TEXT,
            "version": _TEXT,
            "status": {"enum": ["demonstration", "research", "approved"]},
            "card_sha256": {"type": ["string", "null"]},
            "population": _TEXT,
            "treatment": _TEXT,
        }
    )
    return _object(
        {
            "request_id": _TEXT,
            "model": model,
            "submodel": {
                "enum": [CLINICAL, WITH_PANEL],
                "description": "which sub-model spoke; a notice says why a panel was not used",
            },
            "estimates": _array(
                estimate, description="one for each horizon; empty for a patient out of scope"
            ),
            "applicability": _object({"in_scope": {"type": "boolean"}, "notices": _array(notice)}),
        }
    )


def make_error_schema() -> Schema:
    """Return the JSON Schema of the answer to a request that cannot be read."""
    problem = _object({"variable": _TEXT, "expected": _TEXT, "got": _TEXT, "action": _TEXT})
    return _object({"error": _TEXT, "problems": _array(problem)})


def make_openapi(predictor: Predictor, *, version: str) -> Schema:
    """Return the OpenAPI document of the service for the loaded model.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    version : str
        Of the software.
    """
    facts = predictor.facts

    def answers(description: str, schema: Schema) -> Schema:
        return {"description": description, "content": {"application/json": {"schema": schema}}}

    def post(summary: str, request: Schema, response: Schema, operation: str) -> Schema:
        return {
            "post": {
                "summary": summary,
                "operationId": operation,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": request}},
                },
                "responses": {
                    "200": answers("The answer", response),
                    "400": answers("Every problem of the request", _ref("Problems")),
                },
            }
        }

    def get(summary: str, media_type: str = "text/plain") -> Schema:
        content: Schema = {media_type: {"schema": {}}}
        return {
            "get": {
                "summary": summary,
                "responses": {"200": {"description": "OK", "content": content}},
            }
        }

    entry = _object({"patient": _ref("Patient"), "panel": _ref("Panel")}, required=["patient"])
    either = {"anyOf": [_ref("Patient"), entry]}
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
            "/predict": post("Estimate for one patient", entry, _ref("Answer"), "predict"),
            "/predict_batch": post(
                "Estimates for several patients, each answered on its own",
                _object({"patients": _array(either, maxItems=MAX_BATCH)}),
                _array(answer_or_problems),
                "predict_batch",
            ),
            "/model": get("What the loaded model is, and what it asks", "application/json"),
            "/clinic": get("The clinician's page", "text/html"),
            "/livez": get("Whether the process lives"),
            "/readyz": get("Whether it answers"),
            "/healthz": get("The same as /livez"),
            "/metrics": get("Counts and times for Prometheus"),
        },
        "components": {
            "schemas": {
                "Patient": make_patient_schema(predictor),
                "Panel": make_panel_schema(predictor),
                "Answer": make_answer_schema(),
                "Problems": make_error_schema(),
            }
        },
    }


def describe_variable(variable: Variable, predictor: Predictor) -> dict[str, Any]:
    """Return one variable of the loaded model as `GET /model` shows it."""
    rule = (
        predictor.eligibility.describe(variable.name, dictionary=predictor.dictionary)
        if variable.name in predictor.eligibility_names
        else None
    )
    return {
        "name": variable.name,
        "label": variable.label,
        "kind": variable.kind,
        "unit": variable.unit,
        "low": variable.low,
        "high": variable.high,
        "categories": list(variable.categories),
        "hint": variable.hint,
        "source": variable.source,
        "predictor": variable.name in predictor.model.predictors,
        "eligibility": rule,
        "training_range": predictor.facts.training_ranges.get(variable.name),
    }


def _describe_assays(panel: PanelModel) -> dict[str, Any]:
    """Return what a panel must hold; its performance stands in the facts."""
    return {
        "selected": list(panel.selected),
        "references": list(panel.references),
        "plates": list(panel.plates),
        "ceiling": panel.ceiling,
        "min_coverage": panel.min_coverage,
    }


def describe_model(predictor: Predictor) -> dict[str, Any]:
    """Return what `GET /model` answers: facts, variables, standing statements, digest.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    """
    return {
        **predictor.facts.to_dict(),
        "digest": predictor.digest,
        "horizons": list(predictor.model.horizons),
        "predictors": list(predictor.model.predictors),
        "panel_assays": None if predictor.panel is None else _describe_assays(predictor.panel),
        "variables": [
            describe_variable(variable, predictor)
            for variable in predictor.dictionary
            if variable.known_at in ("always", "baseline")
        ],
        "statements": [predictor.stamp, *make_statements(predictor.facts)[1:]],
        "safety": describe_safety(predictor.facts.condition),
    }
