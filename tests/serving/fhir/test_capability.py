from __future__ import annotations

from serving.fhir.capability import make_capability
from tests.serving.helpers.fhir import find_invalid


def test_the_statement_is_valid_and_of_r4():
    told = make_capability("0.1.0")
    assert find_invalid(told) == []
    assert told["fhirVersion"] == "4.0.1"
    assert told["software"]["version"] == "0.1.0"
