"""Record systems that call CDS services: what they send, and the tokens that they sign."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.serving.helpers.issuers import Issuer

PATIENT_ID = "1288992"
LOINC, ATC, SNOMED = "http://loinc.org", "http://www.whocc.no/atc", "http://snomed.info/sct"
CRPS = ("SNOMED", "128200000")


def concept(system: str, code: str, text: str = "") -> dict[str, Any]:
    """Return a CodeableConcept."""
    return {"coding": [{"system": system, "code": code}], **({"text": text} if text else {})}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a FHIR server to a search."""
    entries = [{"resource": resource} for resource in resources]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        **({"entry": entries} if entries else {}),
    }


def make_prefetch(
    *, crps: bool = True, nrs: int | None = 8, patient_id: str = PATIENT_ID
) -> dict[str, Any]:
    """Return what a record system sends of a patient's record."""
    of = {"subject": {"reference": f"Patient/{patient_id}"}}
    code = "128200000" if crps else "73211009"
    condition = {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": concept(
            "http://terminology.hl7.org/CodeSystem/condition-clinical", "active"
        ),
        "code": concept(SNOMED, code),
        "onsetDateTime": "2020-03-01",
        **of,
    }
    pain = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": concept(LOINC, "72514-3"),
        "effectiveDateTime": "2026-11-20T10:00:00Z",
        "valueInteger": nrs,
        **of,
    }
    return {
        "patient": {
            "resourceType": "Patient",
            "id": patient_id,
            "gender": "female",
            "birthDate": "1981-01-01",
        },
        "conditions": bundle(condition),
        "observations": bundle(*([] if nrs is None else [pain])),
        "statements": bundle(),
        "requests": None,
        "answers": None,
    }


def make_order(system: str = ATC, code: str = "N01AX14", *, text: str = "") -> dict[str, Any]:
    """Return an order that is being written."""
    return {
        "resourceType": "MedicationRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": concept(system, code, text),
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
    }


def make_call(hook: str = "patient-view", **changes: Any) -> dict[str, Any]:
    """Return a call; what is None is left out."""
    context: dict[str, Any] = {"userId": "Practitioner/example", "patientId": PATIENT_ID}
    if hook in ("order-select", "order-sign"):
        context["draftOrders"] = bundle(make_order())
    if hook == "order-select":
        context["selections"] = ["MedicationRequest/draft-1"]
    if hook == "appointment-book":
        context["appointments"] = bundle({"resourceType": "Appointment", "status": "proposed"})
    call = {
        "hook": hook,
        "hookInstance": str(uuid4()),
        "context": {**context, **changes.pop("context", {})},
        "prefetch": make_prefetch(),
        **changes,
    }
    return {name: value for name, value in call.items() if value is not None}


def encode(call: object) -> bytes:
    """Return a call as it is sent."""
    return json.dumps(call).encode()


def make_issuer(url: str) -> Issuer:
    """Return a record system that signs with both algorithms of CDS Hooks."""
    issuer = Issuer(url)
    issuer.add("rs", "RS384")
    return issuer


def sign(
    issuer: Issuer, url: str, kid: str = "ec384", algorithm: str = "ES384", **changes: Any
) -> str:
    """Return a token for an address, as a record system shows it."""
    claims = {"aud": url, "jti": uuid4().hex, "sub": None, "scope": None, **changes}
    return issuer.sign(kid, algorithm, **claims)
