"""Whether ketamine or esketamine is being ordered.

An order is known by its ATC code. Where it has none, by the name that it gives the drug: systems of
codes for products are many, and a name is what the physician reads. Nasal esketamine is another
treatment, with a code of its own, and is not meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from features.dictionary.codes import INFUSION_DRUGS
from serving.fhir.elements import find_codes_of, list_of, mapping_of, name_reference, text_of

__all__ = ["find_ordered_drug"]

Resource = Mapping[str, Any]

_NAME = re.compile(r"ketamin", re.IGNORECASE)
_S_NAME = re.compile(r"(es|\bs\W{0,4})ketamin", re.IGNORECASE)
_NASAL = re.compile(r"\bnas[ae]|neus|nose|nostril|spray|spravato", re.IGNORECASE)


def find_ordered_drug(
    orders: Sequence[Resource], medications: Sequence[Resource] = ()
) -> str | None:
    """Return which of the contract's drugs is ordered.

    Parameters
    ----------
    orders : sequence of mapping
        FHIR resources; those that are no medication orders are passed over.
    medications : sequence of mapping
        Medication resources that they may refer to.

    Returns
    -------
    str or None
        "s_ketamine", also where both are ordered, "racemic_ketamine", or None for neither.
    """
    found = {
        _name_drug(order, medications)
        for order in orders
        if order.get("resourceType") == "MedicationRequest"
    }
    return next((drug for drug in INFUSION_DRUGS.values() if drug in found), None)


def _name_drug(order: Resource, medications: Sequence[Resource]) -> str | None:
    concepts = list(_list_concepts(order, medications))
    found = [code for one in concepts for system, code in find_codes_of(one) if system == "ATC"]
    if found:
        return next((INFUSION_DRUGS[code] for code in found if code in INFUSION_DRUGS), None)
    names = [text_of(one.get("text")) for one in concepts]
    names += [text_of(c.get("display")) for one in concepts for c in list_of(one.get("coding"))]
    told = " ".join(names)
    if not _NAME.search(told) or _NASAL.search(told):
        return None
    return "s_ketamine" if _S_NAME.search(told) else "racemic_ketamine"


def _list_concepts(order: Resource, medications: Sequence[Resource]) -> Iterator[Resource]:
    """Yield how the ordered drug is called, in the order and in what it refers to."""
    yield mapping_of(order.get("medicationCodeableConcept"))
    reference = mapping_of(order.get("medicationReference"))
    yield {"text": reference.get("display")}
    name = name_reference(reference)
    for one in list_of(order.get("contained")):
        if name == f"#{one.get('id')}":
            yield mapping_of(one.get("code"))
    for one in medications:
        if name.endswith(f"Medication/{one.get('id')}"):
            yield mapping_of(one.get("code"))
