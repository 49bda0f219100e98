"""A made-up patient as a record system would send one: for the document, and to be tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from features.dictionary.codes import DIAGNOSES, MEASURED, SYSTEMS, UNITS
from serving.estimate.predictor import Predictor
from serving.fhir.names import name_questionnaire
from training.model.example import make_example

__all__ = ["make_example_bundle"]

_SUBJECT = {"reference": "Patient/example"}


def make_example_bundle(predictor: Predictor, *, now: datetime | None = None) -> dict[str, Any]:
    """Return a Bundle that the loaded model answers: what can be measured, and the rest answered.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    now : datetime or None
        When it was so; None for today.
    """
    now = now or datetime.now(UTC)
    at = now.isoformat(timespec="seconds")
    example = make_example(predictor.model, predictor.eligibility)
    measured = [name for name in example if name in MEASURED]
    resources: list[dict[str, Any]] = [{"resourceType": "Patient", "id": "example"}]
    if "sex" in example:
        resources[0]["gender"] = example.pop("sex")
    resources += [_make_observation(predictor, name, example.pop(name), at) for name in measured]
    if predictor.facts.condition == "CRPS":
        resources.append(_make_condition(now, example.pop("disease_duration_years", None)))
    resources.append(_make_response(predictor, example, at))
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in resources],
    }


def _make_observation(predictor: Predictor, name: str, value: object, at: str) -> dict[str, Any]:
    unit = predictor.dictionary[name].short_unit
    quantity = {"value": value, "unit": unit, "system": SYSTEMS["UCUM"][0], "code": UNITS[unit]}
    code = {"system": SYSTEMS["LOINC"][0], "code": MEASURED[name].codes[0]}
    return {
        "resourceType": "Observation",
        "id": name.replace("_", "-"),
        "status": "final",
        "code": {"coding": [code]},
        "subject": _SUBJECT,
        "effectiveDateTime": at,
        "valueQuantity": quantity,
    }


def _make_condition(now: datetime, years: float | None) -> dict[str, Any]:
    system, code = DIAGNOSES[0].system, DIAGNOSES[0].code
    condition: dict[str, Any] = {
        "resourceType": "Condition",
        "id": "crps",
        "code": {"coding": [{"system": SYSTEMS[system][0], "code": code}]},
        "subject": _SUBJECT,
    }
    if years is not None:
        condition["onsetDateTime"] = (now - timedelta(days=365.25 * years)).date().isoformat()
    return condition


def _make_response(predictor: Predictor, answers: dict[str, Any], at: str) -> dict[str, Any]:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "answers",
        "questionnaire": name_questionnaire(predictor.facts.name),
        "status": "completed",
        "subject": _SUBJECT,
        "authored": at,
        "item": [
            {"linkId": name, "answer": [_make_answer(predictor, name, value)]}
            for name, value in answers.items()
        ],
    }


def _make_answer(predictor: Predictor, name: str, value: object) -> dict[str, Any]:
    kind = predictor.dictionary[name].kind
    if kind == "yes_no":
        return {"valueBoolean": value == "yes"}
    if kind == "category":
        return {"valueCoding": {"code": value}}
    return {{"integer": "valueInteger", "number": "valueDecimal"}.get(kind, "valueString"): value}
