"""The services that a record system can call, each for a moment of its work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from features.dictionary.codes import INFUSION_DRUGS, MEASURED, SYSTEMS
from features.texts import Text, say
from serving.estimate.predictor import Predictor
from serving.fhir.names import name_questionnaire
from serving.language.language import Language

__all__ = [
    "CDS_SERVICES",
    "NEEDED",
    "PATIENT_ID",
    "SERVICES",
    "CdsService",
    "describe_services",
    "make_prefetch",
]

CDS_SERVICES = "/cds-services"
"""The address at which they are found."""
PATIENT_ID = "{{context.patientId}}"
"""Where the patient's id goes in a template."""

NEEDED = ("patient", "conditions", "observations")
"""What has to be had; the rest is used where it is there."""


@dataclass(frozen=True)
class CdsService:
    """One service.

    Parameters
    ----------
    id : str
        In its address.
    hook : str
        The moment at which it is called.
    title, description : Text
        For whoever sets a record system up.
    orders : str
        The field of the context that holds orders being written; empty where there are none.
    """

    id: str
    hook: str
    title: Text
    description: Text
    orders: str = ""


_ON_CRPS = say(
    "For a patient with Complex Regional Pain Syndrome: of patients like this one, how many "
    "responded to the treatment? A card for information; for other patients nothing."
)
_ON_ORDERS = say(
    "Where ketamine or esketamine is ordered for a patient with Complex Regional Pain Syndrome: of "
    "patients like this one, how many responded to the treatment? A card for information; for "
    "other orders nothing."
)

SERVICES: Mapping[str, CdsService] = MappingProxyType(
    {
        service.id: service
        for service in (
            CdsService(
                "ketresponse-patient-view",
                "patient-view",
                say("Response estimate when a record is opened"),
                _ON_CRPS,
            ),
            CdsService(
                "ketresponse-order-select",
                "order-select",
                say("Response estimate when an order is chosen"),
                _ON_ORDERS,
                "draftOrders",
            ),
            CdsService(
                "ketresponse-order-sign",
                "order-sign",
                say("Response estimate when an order is signed"),
                _ON_ORDERS,
                "draftOrders",
            ),
            CdsService(
                "ketresponse-appointment-book",
                "appointment-book",
                say("Response estimate when an appointment is made"),
                _ON_CRPS,
            ),
        )
    }
)
"""By their ids."""


def make_prefetch(predictor: Predictor) -> dict[str, str]:
    """Return by key what a record system is asked to send with each call.

    Of observations only those that the loaded model can read: what it has no use for stays where
    it is.
    """
    of = f"patient={PATIENT_ID}"
    asked = name_questionnaire(predictor.facts.name)
    loinc = SYSTEMS["LOINC"][0]
    drugs = ",".join(f"{SYSTEMS['ATC'][0]}|{code}" for code in INFUSION_DRUGS)
    readable = [told.codes for name, told in MEASURED.items() if name in predictor.dictionary]
    codes = ",".join(f"{loinc}|{code}" for several in readable for code in several)
    return {
        "patient": f"Patient/{PATIENT_ID}",
        "conditions": f"Condition?{of}",
        "observations": f"Observation?{of}&code={codes}",
        "statements": f"MedicationStatement?{of}&status=active",
        "requests": f"MedicationRequest?{of}&status=active",
        "administrations": f"MedicationAdministration?{of}&code={drugs}",
        "answers": f"QuestionnaireResponse?{of}&questionnaire={asked}",
    }


def describe_services(predictor: Predictor, language: Language) -> dict[str, Any]:
    """Return what is answered to a record system that asks which services there are."""
    prefetch = make_prefetch(predictor)
    return {
        "services": [
            {
                "hook": service.hook,
                "id": service.id,
                "title": language.tell(service.title),
                "description": language.tell(service.description),
                "prefetch": prefetch,
            }
            for service in SERVICES.values()
        ]
    }
