"""What the FHIR addresses can do, as a CapabilityStatement: it names no model and no patient."""

from __future__ import annotations

from typing import Any

from serving.fhir.names import FHIR_JSON, NAMESPACE, QUESTIONNAIRE, R4

__all__ = ["make_capability"]

_DATE = "2026-11-27"
"""When what is told here last changed."""


def make_capability(version: str) -> dict[str, Any]:
    """Return the CapabilityStatement.

    Parameters
    ----------
    version : str
        Of ketresponse.
    """
    return {
        "resourceType": "CapabilityStatement",
        "id": "ketresponse",
        "url": f"{NAMESPACE}/CapabilityStatement/ketresponse",
        "name": "Ketresponse",
        "title": "Estimates of response to low-dose S-ketamine",
        "status": "active",
        "date": _DATE,
        "kind": "instance",
        "software": {"name": "ketresponse", "version": version},
        "implementation": {"description": "Estimates before admission, each with its reasons"},
        "fhirVersion": R4,
        "format": [FHIR_JSON, "application/json"],
        "rest": [
            {
                "mode": "server",
                "documentation": (
                    "POST a Bundle about one patient to fhir/predict: Patient, Condition, "
                    "Observation, MedicationStatement, MedicationRequest, "
                    "MedicationAdministration, Medication, List, QuestionnaireResponse. The answer "
                    "is a Bundle with a RiskAssessment (probabilities in percent) and an "
                    "OperationOutcome, or where it cannot be read an OperationOutcome alone. "
                    "Nothing that is sent can be read back."
                ),
                "security": {"description": "A key or a token, as Authorization: Bearer"},
                "resource": [
                    {
                        "type": "Questionnaire",
                        "interaction": [{"code": "read"}],
                        "documentation": (
                            f"fhir/Questionnaire/{QUESTIONNAIRE}: what the model asks that a "
                            "record lacks; send the QuestionnaireResponse in the Bundle."
                        ),
                    }
                ],
            }
        ],
    }
