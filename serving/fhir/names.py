"""The names that our own resources go by: canonical addresses, ids, and the kind of a body.

They name and lead nowhere: `.invalid` is nobody's and stays so.
"""

from __future__ import annotations

import re

__all__ = ["FHIR_JSON", "NAMESPACE", "QUESTIONNAIRE", "R4", "name_questionnaire"]

NAMESPACE = "https://ketresponse.invalid/fhir"
FHIR_JSON = "application/fhir+json"
R4 = "4.0.1"
"""The version of FHIR that is read and written."""
QUESTIONNAIRE = "ketresponse"
"""Id of the one Questionnaire."""

_NO_ID = re.compile(r"[^A-Za-z0-9.-]+")
_LONGEST = 64


def name_questionnaire(model: str) -> str:
    """Return the canonical address of a model's Questionnaire.

    Examples
    --------
    >>> name_questionnaire("crps at our_centre").rpartition("/")[2]
    'crps-at-our-centre'
    """
    return f"{NAMESPACE}/Questionnaire/{_NO_ID.sub('-', model)[:_LONGEST]}"
