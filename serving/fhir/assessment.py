"""The answer as a RiskAssessment: probabilities in percent, what they rest on, how they were made.

A probability is a percentage here, from 0 to 100, as R4 has it: 0.48 would be half a percent, and
no validator would object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from features.dictionary.codes import SYSTEMS
from features.texts import say, say_list
from serving.estimate.notices import NO_ESTIMATE, RECORDED
from serving.estimate.predictor import Predictor
from serving.fhir.issues import Issue
from serving.fhir.names import NAMESPACE
from serving.fhir.reading import FhirPatient, Used
from serving.language.language import ENGLISH, Language
from training.store.statements import make_statements
from training.store.statuses import APPROVED

__all__ = ["make_assessment", "tell_notices"]

_MODEL = "model"
_PANEL = say("The microRNA panel")
_NO_NUMBER = say("There is no estimate.")
_STOPS = (*NO_ESTIMATE, RECORDED)
_OF_RECORD = (
    *_STOPS,
    "missing",
    "eligibility_unknown",
    "outside_training",
    "rare",
    "unused",
    "panel_unused",
)


def make_assessment(
    predictor: Predictor,
    found: FhirPatient,
    answer: Mapping[str, Any],
    *,
    now: datetime,
    language: Language = ENGLISH,
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
    language : Language
        In which its texts are told.
    """
    facts = predictor.facts
    notes = _make_notes(predictor, answer)
    assessment: dict[str, Any] = {
        "resourceType": "RiskAssessment",
        "id": answer["request_id"],
        "language": language.code,
        "text": _make_narrative(predictor, answer, notes, language),
        "contained": [_make_device(predictor)],
        "identifier": [{"system": f"{NAMESPACE}/request", "value": answer["request_id"]}],
        "status": "final" if facts.status == APPROVED else "preliminary",
        "method": _make_method(answer),
        "code": {"text": say("Response to {treatment}", treatment=facts.say(facts.treatment))},
        "subject": _refer(found.subject.reference, "Patient"),
        "occurrenceDateTime": now.isoformat(timespec="seconds"),
        "performer": {"reference": f"#{_MODEL}"},
        "note": [{"text": text} for text in notes],
    }
    if found.conditions:
        assessment["condition"] = _refer(found.conditions[0].reference, "Condition")
    # R4 knows no empty lists.
    for name, parts in (
        ("basis", [_make_basis(predictor, used) for used in found.used]),
        ("prediction", [_make_prediction(estimate) for estimate in answer["estimates"]]),
    ):
        if parts:
            assessment[name] = parts
    told: dict[str, Any] = language.tell(assessment)
    return told


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


def _refer(reference: str, kind: str) -> dict[str, Any]:
    """Return a Reference; without a name to refer to, what kind of thing it is."""
    if reference:
        return {"reference": reference}
    return {"type": kind, "display": say("The {kind} that was sent", kind=kind)}


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
        "rationale": say(
            "95% interval: {low:g} to {high:g} per cent. Of the patients whom the model was made "
            "from {usual:g} per cent had this outcome.",
            low=low,
            high=high,
            usual=usual,
        ),
    }


def _make_notes(predictor: Predictor, answer: Mapping[str, Any]) -> list[str]:
    """Return what must be read with the number: the words that stand everywhere, the notices."""
    notices = answer["applicability"]["notices"]
    why = [notice["text"] for notice in notices if notice["code"] in _STOPS]
    absent = [] if answer["estimates"] else [_NO_NUMBER, *why]
    told = [notice["text"] for notice in notices]
    centre = answer["model"]["centre"]
    if centre is not None and answer["estimates"]:
        told.insert(0, centre["text"])
    return list(dict.fromkeys([*absent, *make_statements(predictor.facts), *told]))


def _make_method(answer: Mapping[str, Any]) -> dict[str, Any]:
    model = answer["model"]
    version = f"{model['name']}:{model['version']}"
    return {
        "coding": [{"system": f"{NAMESPACE}/model", "code": version.replace(" ", "-")}],
        "text": say(
            "Model {name}, version {version}, status {status}, sub-model {submodel}",
            name=model["name"],
            version=model["version"],
            status=model["status"],
            submodel=answer["submodel"],
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


def _make_basis(predictor: Predictor, used: Used) -> dict[str, Any]:
    labels = [
        predictor.dictionary[name].label if name in predictor.dictionary else _PANEL
        for name in used.variables
    ]
    reference = _refer(used.placed.reference, used.placed.kind)
    return {**reference, "type": used.placed.kind, "display": say_list(labels)}


def _make_narrative(
    predictor: Predictor, answer: Mapping[str, Any], notes: Sequence[str], language: Language
) -> dict[str, str]:
    """Return the answer in words for a reader without our page."""
    facts = predictor.facts
    title = say("Model {name}, version {version}", name=facts.name, version=facts.version)
    lines = [
        say(
            "{outcome}: about {share:.0f} of 100 patients like this one (95% interval {low:.0f} to "
            "{high:.0f}); of all patients of the model {usual:.0f} of 100.",
            outcome=estimate["outcome"],
            share=100 * estimate["probability"],
            low=100 * estimate["interval"][0],
            high=100 * estimate["interval"][1],
            usual=100 * estimate["base_rate"],
        )
        for estimate in answer["estimates"]
    ]
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in language.tell([title, *lines]))
    told = "".join(f"<li>{escape(note)}</li>" for note in language.tell([*notes]))
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}<ul>{told}</ul></div>'
    return {"status": "generated", "div": div}
