from __future__ import annotations

import pytest

from features.dictionary.codes import MEASURED
from serving.fhir.observations import find_factor, read_quantity
from tests.serving.helpers.fhir import LOINC, SNOMED, concept, observation, quantity, read, texts

KG = concept(LOINC, "29463-7")


def weigh(value, unit, **changes):
    return observation(code=KG, valueQuantity=quantity(value, unit), **changes)


@pytest.mark.parametrize("code", ["72514-3", "38208-5"])
@pytest.mark.parametrize("unit", ["{score}", "1", "{points}", ""])
def test_pain_is_read_by_either_code_in_any_unit_of_a_score(predictor, code, unit):
    found = read(predictor, observation(code=concept(LOINC, code), valueQuantity=quantity(7, unit)))
    assert found.patient["nrs_t0"] == 7


def test_pain_may_be_a_whole_number(predictor):
    whole = {**observation(), "valueInteger": 6}
    del whole["valueQuantity"]
    assert read(predictor, whole).patient["nrs_t0"] == 6


ZIB = "urn:oid:2.16.840.1.113883.2.4.3.11.60.40.4.9.1"
FRENCH = "https://smt.esante.gouv.fr/terminologie-ncit"


@pytest.mark.parametrize(
    ("system", "method", "is_taken"),
    [
        (ZIB, "NRS", True),
        (ZIB, "VAS10", False),
        (ZIB, "VAS100", False),
        (FRENCH, "C21082", True),
        (FRENCH, "C121547", False),
        ("http://x", "VAS10", True),  # a way that nobody here knows says nothing
    ],
)
def test_the_method_tells_whether_it_is_the_numeric_rating_scale(
    predictor, system, method, is_taken
):
    found = read(predictor, observation(6, method=concept(system, method)))
    assert ("nrs_t0" in found.patient) is is_taken
    assert any("(method)" in text for text in texts(found, "warning")) is not is_taken


def test_the_dutch_pain_score_is_taken_where_its_method_is_the_nrs(predictor):
    score = {**observation(), "code": concept(SNOMED, "225908003"), "valueInteger": 6}
    del score["valueQuantity"]
    assert read(predictor, {**score, "method": concept(ZIB, "NRS")}).patient["nrs_t0"] == 6
    for other in ({}, {"method": concept(ZIB, "VAS100")}, {"method": concept("http://x", "NRS")}):
        assert "nrs_t0" not in read(predictor, {**score, **other}).patient


@pytest.mark.parametrize("code", ["38214-3", "38221-8"])
def test_another_scale_of_pain_is_not_the_nrs(predictor, code):
    found = read(predictor, observation(code=concept(LOINC, code)))
    assert "nrs_t0" not in found.patient
    assert any(f"LOINC {code} is" in text for text in texts(found))
    both = read(predictor, observation(5, code=concept(LOINC, code)), observation(8))
    assert both.patient["nrs_t0"] == 8
    assert not any(code in text for text in texts(both))


@pytest.mark.parametrize(
    ("value", "unit", "kg"), [(80, "kg", 80), (80_000, "g", 80), (176, "[lb_av]", 79.832257)]
)
def test_units_are_brought_to_the_dictionarys(predictor, value, unit, kg):
    # 176 lb times 0.45359237 kg is 79.83225712 kg.
    assert read(predictor, weigh(value, unit)).patient["weight_kg"] == pytest.approx(kg)


@pytest.mark.parametrize(
    "part",
    [
        {"valueQuantity": quantity(12, "[stone_av]")},
        {"valueQuantity": quantity(80, "")},
        {"valueQuantity": {"value": 80, "unit": "kilos"}},
        {"valueQuantity": {"value": 80, "unit": "kg", "system": "http://x", "code": "kg"}},
        {"valueQuantity": {**quantity(80, "kg"), "comparator": "<"}},
        {"valueQuantity": {**quantity(80, "kg"), "value": "80"}},
        {"valueQuantity": {**quantity(80, "kg"), "value": True}},
        {"valueQuantity": quantity(float("nan"), "kg")},
        {"valueQuantity": quantity(10**400, "kg")},
        {"valueQuantity": None, "valueString": "80 kg"},
        {"valueQuantity": quantity(800, "kg")},
    ],
)
def test_a_value_in_doubt_is_told_and_not_used(predictor, part):
    found = read(predictor, observation(code=KG, **part))
    assert "weight_kg" not in found.patient
    (issue,) = [issue for issue in found.problems if "eight" in issue.text]
    assert issue.severity == "warning"
    assert issue.expressions == ("Bundle.entry[1].resource.value",)


def test_a_unit_in_words_is_taken_where_it_is_ucums():
    units = MEASURED["weight_kg"].units
    assert find_factor({"unit": "kg"}, units) == 1
    assert find_factor({"unit": "kg", "code": "g"}, units) == 0.001
    assert find_factor({}, units) is None
    assert read_quantity({"valueInteger": 80}, MEASURED["weight_kg"])[0] is None


@pytest.mark.parametrize("status", ["preliminary", "registered", "unknown", "", "x"])
def test_a_result_that_is_not_final_is_not_relied_on(predictor, status):
    found = read(
        predictor, observation(3, status=status), observation(8, effectiveDateTime="2026-11-01")
    )
    assert found.patient["nrs_t0"] == 8
    assert any("status" in text for text in texts(found, "warning"))


@pytest.mark.parametrize(
    "changes",
    [{"status": "entered-in-error"}, {"dataAbsentReason": concept("http://x", "unknown")}],
)
def test_what_is_none_any_more_is_passed_over_in_silence(predictor, changes):
    found = read(
        predictor, observation(3, **changes), observation(8, effectiveDateTime="2026-11-01")
    )
    assert found.patient["nrs_t0"] == 8
    assert not any("ain before" in text or "nrs" in text for text in texts(found))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"subject": {"reference": "Patient/other"}}, "somebody else"),
        ({"subject": None}, "subject"),
        ({"modifierExtension": [{"url": "http://x"}]}, "modifierExtension"),
        ({"effectiveDateTime": "yesterday"}, "effectiveDateTime"),
        ({"effectiveDateTime": None}, "effectiveDateTime"),
    ],
)
def test_what_may_not_be_read_is_told(predictor, changes, why):
    found = read(predictor, observation(**changes))
    assert "nrs_t0" not in found.patient
    (issue,) = [issue for issue in found.problems if why in issue.text]
    assert issue.expressions == ("Bundle.entry[1].resource",)


def test_components_are_read_as_observations_are(predictor):
    part = {"code": concept(LOINC, "72514-3"), "valueQuantity": quantity(4, "{score}")}
    whole = observation(code=concept(SNOMED, "1"), component=[part])
    found = read(predictor, whole)
    assert found.patient["nrs_t0"] == 4
    assert found.paths["nrs_t0"] == "Bundle.entry[1].resource.component[0].value"
