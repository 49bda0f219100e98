"""Exports of a record system as Synthea writes them: thousands of resources of no use here.

The shapes are those of Synthea's FHIR R4 transaction Bundles (entries named by UUIDs, what is taken
coded in RxNorm, a claim and an explanation of benefit for each visit); all of it is made up.
"""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

__all__ = ["make_export"]

Resource = dict[str, Any]

_LOINC, _SNOMED = "http://loinc.org", "http://snomed.info/sct"
_RXNORM, _UCUM = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://unitsofmeasure.org"
_TERMS = "http://terminology.hl7.org/CodeSystem"
_VITALS = (("8867-4", "Heart rate", "/min"), ("9279-1", "Respiratory rate", "/min"))
_LABS = (
    ("2339-0", "Glucose", "mg/dL"),
    ("6299-2", "Urea Nitrogen", "mg/dL"),
    ("38483-4", "Creatinine", "mg/dL"),
    ("49765-1", "Calcium", "mg/dL"),
    ("2947-0", "Sodium", "mmol/L"),
)
_FINDINGS = (
    ("160903007", "Full-time employment (finding)"),
    ("73595000", "Stress (finding)"),
    ("66383009", "Gingivitis (disorder)"),
    ("195662009", "Acute viral pharyngitis (disorder)"),
)
_XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
_TEXT = "Made up for a measurement of time; nobody's record, and without a meaning. "


def _concept(system: str, code: str, words: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": words}], "text": words}


class _Writer:
    """Writes the resources of one made-up patient."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.rng = random.Random(seed)
        self.now = now
        self.patient = self.name()

    def name(self) -> str:
        return f"urn:uuid:{UUID(int=self.rng.getrandbits(128), version=4)}"

    def when(self) -> str:
        moment = self.now - timedelta(minutes=self.rng.randint(200_000, 20_000_000))
        return moment.isoformat(timespec="seconds")

    def resource(self, kind: str, whose: str = "subject", **content: Any) -> Resource:
        return {"resourceType": kind, "id": self.name()[9:], whose: self.about(), **content}

    def about(self) -> Resource:
        return {"reference": self.patient}

    def observation(self, code: str, words: str, unit: str) -> Resource:
        value = round(self.rng.uniform(1, 150), 14)
        return self.resource(
            "Observation",
            status="final",
            category=[_concept(f"{_TERMS}/observation-category", "vital-signs", "vital-signs")],
            code=_concept(_LOINC, code, words),
            encounter={"reference": self.name()},
            effectiveDateTime=self.when(),
            issued=self.when(),
            valueQuantity={"value": value, "unit": unit, "system": _UCUM, "code": unit},
        )

    def pressure(self) -> Resource:
        one = self.observation("85354-9", "Blood pressure panel", "mm[Hg]")
        value = one.pop("valueQuantity")
        parts = (("8462-4", "Diastolic"), ("8480-6", "Systolic"))
        one["component"] = [
            {"code": _concept(_LOINC, code, words), "valueQuantity": value} for code, words in parts
        ]
        return one

    def pain(self) -> Resource:
        one = self.observation("72514-3", "Pain severity", "{score}")
        one["valueQuantity"]["value"] = self.rng.randint(0, 10)
        return one

    def condition(self) -> Resource:
        code, words = self.rng.choice(_FINDINGS)
        return self.resource(
            "Condition",
            clinicalStatus=_concept(f"{_TERMS}/condition-clinical", "resolved", "resolved"),
            verificationStatus=_concept(f"{_TERMS}/condition-ver-status", "confirmed", "confirmed"),
            code=_concept(_SNOMED, code, words),
            encounter={"reference": self.name()},
            onsetDateTime=self.when(),
            recordedDate=self.when(),
        )

    def prescription(self) -> Resource:
        return self.resource(
            "MedicationRequest",
            status="stopped",
            intent="order",
            medicationCodeableConcept=_concept(_RXNORM, "313782", "Acetaminophen 325 MG Oral"),
            encounter={"reference": self.name()},
            authoredOn=self.when(),
            requester={"reference": self.name(), "display": "Dr. A"},
            dosageInstruction=[{"sequence": 1, "text": "Take as needed.", "asNeededBoolean": True}],
        )

    def visit(self) -> Resource:
        more: Resource = {"class": {"system": f"{_TERMS}/v3-ActCode", "code": "AMB"}}
        return self.resource(
            "Encounter",
            status="finished",
            **more,
            type=[_concept(_SNOMED, "185345009", "Encounter for symptom")],
            period={"start": self.when(), "end": self.when()},
            text={"status": "generated", "div": f"<div {_XHTML}>{_TEXT}</div>"},
        )

    def bill(self) -> Resource:
        """Return an explanation of benefit: the longest that Synthea writes."""
        items = [
            {
                "sequence": number,
                "productOrService": _concept(_SNOMED, "185345009", "Encounter for symptom"),
                "servicedPeriod": {"start": self.when(), "end": self.when()},
                "adjudication": [
                    {
                        "category": _concept(f"{_TERMS}/adjudication", "submitted", "Submitted"),
                        "amount": {"value": round(self.rng.uniform(1, 900), 2), "currency": "USD"},
                    }
                    for _ in range(6)
                ],
            }
            for number in range(1, 4)
        ]
        more: Resource = {"status": "active", "use": "claim", "outcome": "complete", "item": items}
        more["type"] = _concept(f"{_TERMS}/claim-type", "professional", "Professional")
        more["created"] = self.when()
        more["insurer"] = more["provider"] = {"reference": self.name()}
        more["insurance"] = [{"focal": True, "coverage": {"display": "Cigna Health"}}]
        return self.resource("ExplanationOfBenefit", "patient", **more)

    def note(self) -> Resource:
        data = b64encode((_TEXT * 20).encode()).decode()
        content = [{"attachment": {"contentType": "text/plain", "data": data}}]
        return self.resource("DocumentReference", status="current", content=content)


def _list_kinds(writer: _Writer) -> Iterator[Callable[[], Resource]]:
    """Yield what is written, in about the shares that Synthea has them."""
    vitals = [lambda one=one: writer.observation(*one) for one in (*_VITALS, *_LABS)]
    while True:
        yield from vitals
        yield from (writer.pressure, writer.pain, writer.condition, writer.prescription)
        yield from (*vitals, writer.visit, writer.bill, writer.bill, writer.note)


def make_export(
    size: int, needed: list[Resource], *, seed: int = 1, now: datetime | None = None
) -> Resource:
    """Return a transaction Bundle of a made-up patient's whole record.

    Parameters
    ----------
    size : int
        Resources in it.
    needed : list of dict
        What an estimate rests on, the Patient first. They are strewn among the others, and what
        they say of their subject is changed to the Bundle's way of naming it.
    seed : int
        The same seed, size and time give the same Bundle.
    now : datetime or None
        No resource of no use is younger than four months then; None for today.
    """
    writer = _Writer(seed, now or datetime.now(UTC))
    kinds = _list_kinds(writer)
    written = [next(kinds)() for _ in range(size - len(needed))]
    patient, *others = needed
    for one in others:
        placed = {**one, "subject": writer.about()}
        written.insert(writer.rng.randrange(len(written) + 1), placed)
    entries: list[Resource] = [{"fullUrl": writer.patient, "resource": patient}]
    entries += [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in written]
    for entry in entries:
        entry["request"] = {"method": "POST", "url": entry["resource"]["resourceType"]}
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
