"""The answer as a RiskAssessment: probabilities in percent, what they rest on, how they were made.

A probability is a percentage here, from 0 to 100, as R4 has it: 0.48 would be half a percent, and
no validator would object.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from features.dictionary.codes import SYSTEMS
from serving.estimate.predictor import Predictor
from serving.fhir.issues import Issue
from serving.fhir.names import NAMESPACE
from serving.fhir.reading import FhirPatient, Used
from training.store.statements import make_statements
from training.store.statuses import APPROVED

__all__ = ["make_assessment", "tell_notices"]

_MODEL = "model"
_NO_NUMBER = "There is no estimate: "
_STOPS = ("out_of_scope", "cannot_be_met", "too_little_known", "recorded")
_OF_RECORD = (
    *_STOPS,
    "missing",
    "nothing_known",
    "eligibility_unknown",
    "outside_training",
    "rare",
    "unused",
    "panel_unused",
)


def make_assessment(
    predictor: Predictor, found: FhirPatient, answer: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Return the RiskAssessment of an answer.

    Parameters
    ----------
    predictor : Predictor
        That answered.
    found : FhirPatient
        Whom it was asked about.
    answer : mapping
        As it may leave: where it has no estimates, there is no prediction and a note says why.
    now : datetime
        When.
    """
    facts = predictor.facts
    predictions = [_make_prediction(estimate) for estimate in answer["estimates"]]
    notes = _make_notes(predictor, answer)
    assessment: dict[str, Any] = {
        "resourceType": "RiskAssessment",
        "id": answer["request_id"],
        "language": "en",
        "text": _make_narrative(predictor, answer, notes),
        "contained": [_make_device(predictor)],
        "identifier": [{"system": f"{NAMESPACE}/request", "value": answer["request_id"]}],
        "status": "final" if facts.status == APPROVED else "preliminary",
        "method": _make_method(answer),
        "code": {"text": f"Response to {facts.treatment}"},
        "subject": _refer(found.subject.reference, "Patient"),
        "occurrenceDateTime": now.isoformat(timespec="seconds"),
        "performer": {"reference": f"#{_MODEL}"},
        "note": [{"text": text} for text in notes],
    }
    if found.conditions:
        assessment["condition"] = _refer(found.conditions[0].reference, "Condition")
    basis = [_make_basis(predictor, used) for used in found.used]
    if basis:
        assessment["basis"] = basis
    if predictions:
        assessment["prediction"] = predictions
    return assessment


def tell_notices(answer: Mapping[str, Any], paths: Mapping[str, str]) -> list[Issue]:
    """Return the notices about the record as issues: what is missing, or out of scope or range."""
    issues = []
    for notice in answer["applicability"]["notices"]:
        if notice["code"] not in _OF_RECORD:
            continue
        stops = notice["code"] in _STOPS
        path = paths.get(notice["variable"] or "", "")
        issues.append(
            Issue(
                "warning" if stops else "information",
                "business-rule" if stops else "incomplete",
                notice["text"],
                (path,) if path else (),
                notice["code"],
            )
        )
    return issues


def _refer(reference: str, kind: str) -> dict[str, str]:
    """Return a Reference; without a name to refer to, what kind of thing it is."""
    return {"reference": reference} if reference else {"type": kind, "display": f"the {kind} sent"}


def _percent(share: float) -> float:
    return round(100 * share, 1)


def _make_prediction(estimate: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prediction at one horizon."""
    low, high = (_percent(limit) for limit in estimate["interval"])
    percent = {"unit": "%", "system": SYSTEMS["UCUM"][0], "code": "%"}
    interval = {"low": {"value": low, **percent}, "high": {"value": high, **percent}}
    usual = _percent(estimate["base_rate"])
    return {
        "extension": [
            {"url": f"{NAMESPACE}/StructureDefinition/interval", "valueRange": interval},
            {
                "url": f"{NAMESPACE}/StructureDefinition/base-rate",
                "valueQuantity": {"value": usual, **percent},
            },
        ],
        "outcome": {
            "coding": [{"system": f"{NAMESPACE}/horizon", "code": estimate["horizon"]}],
            "text": estimate["outcome"],
        },
        "probabilityDecimal": _percent(estimate["probability"]),
        "rationale": (
            f"95% interval {low:g}% to {high:g}%. Of the patients whom the model was made from, "
            f"{usual:g}% had this outcome."
        ),
    }


def _make_notes(predictor: Predictor, answer: Mapping[str, Any]) -> list[str]:
    """Return what must be read with the number: the words that stand everywhere, the notices."""
    notices = [notice["text"] for notice in answer["applicability"]["notices"]]
    reasons = _tell_why_not(answer)
    return list(dict.fromkeys([*reasons, *make_statements(predictor.facts), *notices]))


def _tell_why_not(answer: Mapping[str, Any]) -> list[str]:
    """Return why there is no estimate; nothing where there is one."""
    if answer["estimates"]:
        return []
    told = [
        notice["text"] for notice in answer["applicability"]["notices"] if notice["code"] in _STOPS
    ]
    return [_NO_NUMBER + " ".join(told or ["the notes say why."])]


def _make_method(answer: Mapping[str, Any]) -> dict[str, Any]:
    model = answer["model"]
    version = f"{model['name']}:{model['version']}"
    card = f"; model card sha256 {model['card_sha256']}" if model["card_sha256"] else ""
    return {
        "coding": [{"system": f"{NAMESPACE}/model", "code": version.replace(" ", "-")}],
        "text": (
            f"Model {model['name']}, version {model['version']}, status {model['status']}, "
            f"sub-model {answer['submodel']}{card}"
        ),
    }


def _make_device(predictor: Predictor) -> dict[str, Any]:
    facts = predictor.facts
    return {
        "resourceType": "Device",
        "id": _MODEL,
        "deviceName": [{"name": f"ketresponse: {facts.name}", "type": "model-name"}],
        "version": [{"value": facts.version}],
    }


def _make_basis(predictor: Predictor, used: Used) -> dict[str, str]:
    labels = [
        predictor.dictionary[name].label if name in predictor.dictionary else "microRNA panel"
        for name in used.variables
    ]
    reference = _refer(used.placed.reference, used.placed.kind)
    return {**reference, "type": used.placed.kind, "display": ", ".join(labels)}


def _make_narrative(
    predictor: Predictor, answer: Mapping[str, Any], notes: list[str]
) -> dict[str, str]:
    """Return the answer in words for a reader without our page."""
    facts = predictor.facts
    lines = [
        f"<p>{escape(e['outcome'])}: about {100 * e['probability']:.0f} of 100 patients like this "
        f"one (95% interval {100 * e['interval'][0]:.0f} to {100 * e['interval'][1]:.0f}); of all "
        f"patients of the model {100 * e['base_rate']:.0f} of 100.</p>"
        for e in answer["estimates"]
    ]
    told = "".join(f"<li>{escape(note)}</li>" for note in notes)
    title = f"<p>Model {escape(facts.name)}, version {escape(facts.version)}.</p>"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{title}{"".join(lines)}<ul>{told}</ul></div>'
    return {"status": "generated", "div": div}
