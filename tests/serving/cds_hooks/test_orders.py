from __future__ import annotations

import pytest

from serving.cds_hooks.orders import find_ordered_drug
from tests.serving.helpers.record_systems import make_order

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


@pytest.mark.parametrize(
    ("system", "code", "text", "drug"),
    [
        ("http://www.whocc.no/atc", "N01AX14", "", "s_ketamine"),
        ("urn:oid:2.16.840.1.113883.6.73", "N01AX03", "", "racemic_ketamine"),
        ("http://www.whocc.no/atc", "N06AX27", "Esketamine", None),
        ("http://www.whocc.no/atc", "N02BE01", "with ketamine in mind", None),
        (RXNORM, "1", "Esketamin 5 mg/ml Injektionslösung", "s_ketamine"),
        (RXNORM, "1", "S(+)-ketamine infusion", "s_ketamine"),
        (RXNORM, "1", "S-ketamine", "s_ketamine"),
        (RXNORM, "1", "Ketamine 50 MG/ML Injectable Solution", "racemic_ketamine"),
        (RXNORM, "1", "Esketamine 28 MG Nasal Spray [Spravato]", None),
        (RXNORM, "1", "esketamine neusspray", None),
        (RXNORM, "1", "Acetaminophen", None),
        (RXNORM, "1", "", None),
    ],
)
def test_a_drug_is_known_by_its_code_else_by_its_name(system, code, text, drug):
    assert find_ordered_drug([make_order(system, code, text=text)]) == drug


def test_a_drug_may_be_named_elsewhere():
    order = make_order()
    medicine = {"resourceType": "Medication", "id": "m", "code": order["medicationCodeableConcept"]}
    del order["medicationCodeableConcept"]
    inside = {**order, "medicationReference": {"reference": "#m"}, "contained": [medicine]}
    beside = {**order, "medicationReference": {"reference": "Medication/m"}}
    called = {**order, "medicationReference": {"reference": "x/1", "display": "Ketanest S-ketamin"}}
    assert find_ordered_drug([inside]) == "s_ketamine"
    assert find_ordered_drug([beside], [medicine]) == "s_ketamine"
    assert find_ordered_drug([beside]) is None
    assert find_ordered_drug([called]) == "s_ketamine"


def test_of_several_orders_one_is_enough_and_what_is_none_is_passed_over():
    racemic = make_order(code="N01AX03")
    other = {**racemic, "resourceType": "MedicationStatement"}
    assert find_ordered_drug([other, {"resourceType": "ServiceRequest"}]) is None
    assert find_ordered_drug([other, racemic]) == "racemic_ketamine"
    assert find_ordered_drug([racemic, make_order()]) == "s_ketamine"
    odd = {"resourceType": "MedicationRequest", "medicationCodeableConcept": "x", "contained": 5}
    assert find_ordered_drug([odd]) is None
