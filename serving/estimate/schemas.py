"""What a request looks like, derived from the dictionary of the loaded model.

The schemas describe what to send; they do not check, and what people write is read too: numbers as
text, yes in other words, other words for not detected. A request is checked once, by the same
:func:`features.dictionary.variable.parse_value` that checks a training table, so that no second
validator can disagree with it or get in first with an answer of its own.
"""

from __future__ import annotations

from typing import Any

from features.dictionary.variable import Variable
from features.panel.cells import HIGHEST_CT, LOWEST_CT
from serving.estimate.centre import SITE
from serving.estimate.panel import PANEL_FIELDS
from serving.estimate.predictor import Predictor
from training.model.centres import NO_CENTRE
from training.model.example import make_example
from training.panel.model import PanelModel

__all__ = [
    "make_panel_example",
    "make_panel_schema",
    "make_patient_schema",
    "make_request_examples",
    "make_variable_schema",
]

Schema = dict[str, Any]

_ATC = "[ABCDGHJLMNPRSV][0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?"
_ASSAY = "^[A-Za-z0-9][A-Za-z0-9 ._:*/+-]{0,99}$"
_DAY = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_TIME = f"^[12][0-9]{{3}}-{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]$"


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
        if variable.kind == "codes":
            schema["pattern"] = f"^({_ATC}(;{_ATC})*|none|unknown)$"
    if variable.unit:
        schema["x-unit"] = variable.unit
    return schema


def make_patient_schema(predictor: Predictor) -> Schema:
    """Return the JSON Schema of a patient: every variable known before treatment."""
    properties = {
        variable.name: make_variable_schema(variable)
        for variable in predictor.dictionary
        if variable.known_at in ("always", "baseline")
    }
    if predictor.centres:
        told = f"one of {', '.join(predictor.centres)}, or {NO_CENTRE} for another"
        properties[SITE]["description"] = f"Treatment centre: {told}; absent: the service's own"
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
    """Return the JSON Schema of a patient's microRNA panel."""
    cell = {
        "description": (
            f"cycles, from {LOWEST_CT:g} to {HIGHEST_CT:g}; Undetermined: not detected; null: not "
            "measured"
        ),
        "anyOf": [
            {"type": ["number", "null"], "minimum": LOWEST_CT, "maximum": HIGHEST_CT},
            {"enum": ["Undetermined"]},
        ],
    }
    cells = {"anyOf": [cell, {"type": "array", "items": cell, "description": "replicate wells"}]}
    text = {"type": ["string", "null"]}
    date = {
        "description": "2026-01-31, or 2026-01-31T08:30",
        "anyOf": [
            {"type": ["string", "null"], "format": "date"},
            {"type": "string", "pattern": _TIME},
        ],
    }
    types: Schema = {
        "ct": {
            "type": "object",
            "description": "Ct by assay, in miRBase's spelling or as the instrument writes it",
            "additionalProperties": cells,
            "minProperties": 1,
            "propertyNames": {"pattern": _ASSAY},
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


def make_request_examples(predictor: Predictor) -> dict[str, Schema]:
    """Return bodies that the loaded model answers, of made-up patients.

    Returns
    -------
    dict
        By path, then by name: what it shows (`summary`) and the body (`value`). A panel is sent
        where the model can use one, and nowhere else.
    """
    patient = {"patient": make_example(predictor.model, predictor.eligibility)}
    examples = {"patient": {"summary": "A made-up patient", "value": patient}}
    several = [patient, patient]
    if predictor.panel is not None:
        both = {**patient, "panel": make_panel_example(predictor.panel)}
        examples["panel"] = {"summary": "With a made-up microRNA panel", "value": both}
        several = [patient, both]
    batch = {"summary": "Two made-up patients", "value": {"patients": several}}
    return {"/predict": examples, "/predict_batch": {"patients": batch}}
