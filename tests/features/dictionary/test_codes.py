from __future__ import annotations

import pytest

from features.dictionary.codes import (
    COMBINATION_DRUGS,
    DIAGNOSES,
    DRUG_CLASSES,
    INFUSION_DRUGS,
    MEASURED,
    ROUTES,
    SYSTEMS,
    UNITS,
    find_codes,
    find_diagnosis,
    find_system,
)
from features.dictionary.contract import CONTRACT


def test_each_address_names_one_system():
    uris = [uri for uris in SYSTEMS.values() for uri in uris]
    assert len(uris) == len(set(uris))
    assert {find_system(uri) for uri in uris} == set(SYSTEMS)
    assert find_system("http://www.nlm.nih.gov/research/umls/rxnorm") == ""
    assert find_system(None) == find_system(["http://loinc.org"]) == ""


def test_what_the_table_names_is_in_the_contract():
    for name in (*DRUG_CLASSES, *MEASURED):
        assert name in CONTRACT
        assert CONTRACT[name].codes == find_codes(name)
    assert {d.crps_type for d in DIAGNOSES} == set(CONTRACT["crps_type"].categories)
    assert set(INFUSION_DRUGS.values()) <= set(CONTRACT["drug"].categories)
    assert set(ROUTES.values()) <= set(CONTRACT["route"].categories)
    assert set(COMBINATION_DRUGS) <= set(CONTRACT["concurrent_infusion_drug"].categories)


def test_every_code_of_the_contract_is_in_a_system_of_the_table():
    for variable in CONTRACT:
        assert {system for system, _ in variable.codes} <= set(SYSTEMS), variable.name


@pytest.mark.parametrize(
    ("system", "code", "crps_type"),
    [
        ("ICD-10", "G90.50", "1"),
        ("ICD-10", "G90511", "1"),
        ("ICD-10", "g90.522", "1"),
        ("ICD-10", "G90.6", "2"),
        ("ICD-10", "G57.71", "2"),
        ("ICD-10", "G90.7", "unspecified"),
        ("ICD-10", "M89.0", "unspecified"),
        ("ICD-11", "8D8A.1", "2"),
        ("SNOMED", "128200000", "unspecified"),
        ("SNOMED", "734947007", "1"),
        ("ICD-10", "G90", None),
        ("ICD-10", "G90.4", None),
        ("SNOMED", "1282000001", None),
        ("LOINC", "G90.5", None),
    ],
)
def test_a_code_means_its_type_of_crps_or_another_disease(system, code, crps_type):
    found = find_diagnosis(system, code)
    assert (found.crps_type if found else None) == crps_type


def test_units_are_brought_to_those_of_the_dictionary():
    # A pound is 0.45359237 kg and an inch 2.54 cm, by definition.
    assert MEASURED["weight_kg"].units["[lb_av]"] == 0.45359237
    assert MEASURED["height_cm"].units["[in_i]"] == 2.54
    assert MEASURED["age_years"].units["mo"] * 18 == pytest.approx(1.5)
    for name, measured in MEASURED.items():
        assert measured.units[UNITS[CONTRACT[name].short_unit]] == 1.0
