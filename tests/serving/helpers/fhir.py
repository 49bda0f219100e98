"""Resources of FHIR R4, as a record system writes them, and validators that others wrote."""

from __future__ import annotations

import gzip
import importlib
import json
import warnings
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft6Validator

from serving.fhir.elements import place
from serving.fhir.reading import FhirPatient, read_bundle

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"
ATC, ICD = "http://www.whocc.no/atc", "http://hl7.org/fhir/sid/icd-10-cm"
SUBJECT = {"reference": "Patient/p1"}
SCHEMA = Path(__file__).parents[1] / "fhir" / "data" / "fhir.schema.json.gz"
"""HL7's own JSON Schema of R4 (public domain, CC0), as it was published with 4.0.0."""


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: object, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def person(**changes: Any) -> dict[str, Any]:
    whole = {"id": "p1", "gender": "female", "birthDate": "1980-05-01"}
    return {"resourceType": "Patient", **whole, **changes}


def observation(value: object = 8, **changes: Any) -> dict[str, Any]:
    whole = {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(LOINC, "72514-3"),
        "subject": SUBJECT,
        "effectiveDateTime": "2026-11-20T09:00:00+01:00",
        "valueQuantity": quantity(value, "{score}"),
    }
    return {**whole, **changes}


def condition(code: str = "G90.511", system: str = ICD, **changes: Any) -> dict[str, Any]:
    whole = {
        "resourceType": "Condition",
        "id": "crps",
        "code": concept(system, code),
        "subject": SUBJECT,
        "onsetDateTime": "2023-05-28",
    }
    return {**whole, **changes}


def statement(code: str = "N02AX02", **changes: Any) -> dict[str, Any]:
    whole = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": concept(ATC, code),
        "subject": SUBJECT,
    }
    return {**whole, **changes}


def request(code: str = "N06AA09", **changes: Any) -> dict[str, Any]:
    whole = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(ATC, code),
        "subject": SUBJECT,
        "authoredOn": "2026-10-01",
    }
    return {**whole, **changes}


def given(at: str, code: str = "N01AX14", **changes: Any) -> dict[str, Any]:
    """Return an infusion that was given."""
    whole = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": concept(ATC, code),
        "subject": SUBJECT,
        "effectiveDateTime": at,
    }
    return {**whole, **changes}


def response(url: str, answers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the answers to a Questionnaire, each written with its type: `{"valueString": x}`."""
    whole = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": url,
        "status": "completed",
        "subject": SUBJECT,
        "authored": "2026-11-26T10:00:00Z",
        "item": [{"linkId": name, "answer": [answer]} for name, answer in answers.items()],
    }
    return {**whole, **changes}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def read(predictor: Any, *resources: dict[str, Any], now: datetime = NOW) -> FhirPatient:
    """Return what is read of a Bundle, a Patient put before it where there is none."""
    whole = resources
    if not any(resource.get("resourceType") == "Patient" for resource in resources):
        whole = (person(), *resources)
    return read_bundle(place(bundle(*whole)), predictor, now=now)


def texts(found: FhirPatient, severity: str = "") -> list[str]:
    return [issue.text for issue in found.problems if severity in ("", issue.severity)]


@cache
def _schema(kind: str) -> Draft6Validator:
    whole = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    return Draft6Validator({"definitions": whole["definitions"], "$ref": f"#/definitions/{kind}"})


def find_invalid(resource: dict[str, Any], *, by_schema: bool = True) -> list[str]:
    """Return what is wrong with a resource of R4: by HL7's schema, and by two libraries' models.

    The models are of R4B and of R4; each refuses what it does not know.
    """
    resource = json.loads(json.dumps(resource))  # as it is sent: plain values
    kind = resource["resourceType"]
    found = []
    if by_schema:
        # What came after the schema: the number of the version itself.
        known = {"fhirVersion": "4.0.0"} if "fhirVersion" in resource else {}
        found += [error.message for error in _schema(kind).iter_errors({**resource, **known})]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
        client = importlib.import_module(f"fhirclient.models.{kind.lower()}")
        for model in (getattr(models, kind).model_validate, getattr(client, kind)):
            try:
                model(resource)
            except Exception as err:
                found.append(str(err))
    return found
