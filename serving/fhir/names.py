"""The names that our own resources go by: canonical addresses, ids, and the kind of a body.

They name and lead nowhere: `.invalid` is nobody's and stays so.
"""

from __future__ import annotations

import re

__all__ = ["FHIR_JSON", "NAMESPACE", "QUESTIONNAIRE", "R4", "is_id", "name_questionnaire"]

NAMESPACE = "https://ketresponse.invalid/fhir"
FHIR_JSON = "application/fhir+json"
R4 = "4.0.1"
"""The version of FHIR that is read and written."""
QUESTIONNAIRE = "ketresponse"
"""Id of the one Questionnaire."""

_NO_ID = re.compile(r"[^A-Za-z0-9.-]+")
_LONGEST = 64
_ID = re.compile(rf"[A-Za-z0-9.-]{{1,{_LONGEST}}}")


def is_id(text: str) -> bool:
    """Return whether a text can be the id of a resource."""
    return _ID.fullmatch(text) is not None


def name_questionnaire(model: str) -> str:
    """Return the canonical address of a model's Questionnaire.

    Examples
    --------
    >>> name_questionnaire("crps at our_centre").rpartition("/")[2]
    'crps-at-our-centre'
    """
    return f"{NAMESPACE}/Questionnaire/{_NO_ID.sub('-', model)[:_LONGEST]}"
