from __future__ import annotations

import pytest

from serving.estimate.panel import parse_sample
from tests.serving.helpers.fhir import SNOMED, concept, given, observation, quantity, read, texts

MIRBASE = "https://www.mirbase.org"
ND = concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "ND")


def well(assay="hsa-miR-16-5p", ct=22.1, unit="{Ct}", **changes):
    return observation(code=concept(MIRBASE, assay), valueQuantity=quantity(ct, unit), **changes)


def test_the_wells_of_one_day_are_a_panel(predictor):
    found = read(predictor, well(), well(ct=22.5), well("hsa-miR-155-5p", 31))
    assert found.panel == {
        "ct": {"hsa-miR-16-5p": [22.1, 22.5], "hsa-miR-155-5p": [31]},
        "sample_date": "2026-11-20T08:00",
    }
    assert parse_sample(found.panel).values["hsa-miR-16-5p"] == pytest.approx(22.3)
    assert [used.variables for used in found.used[-3:]] == [("panel",)] * 3


def test_no_well_is_no_panel(predictor):
    assert read(predictor, observation()).panel is None


def test_a_panel_may_be_one_observation(predictor):
    parts = [{"code": concept(MIRBASE, "hsa-miR-16-5p"), "valueQuantity": quantity(22, "1")}]
    found = read(predictor, observation(code=concept(SNOMED, "1"), component=parts))
    assert found.panel["ct"] == {"hsa-miR-16-5p": [22]}


@pytest.mark.parametrize(
    "seen",
    [
        {"interpretation": [ND]},
        {"valueQuantity": None, "valueCodeableConcept": concept(SNOMED, "260415000")},
        {"valueQuantity": None, "valueString": "Undetermined"},
        {"interpretation": [ND], "dataAbsentReason": concept("http://x", "not-performed")},
    ],
)
def test_not_detected_is_said_in_several_ways(predictor, seen):
    assert read(predictor, {**well(), **seen}).panel["ct"] == {"hsa-miR-16-5p": ["Undetermined"]}


def test_what_was_not_measured_is_not_there(predictor):
    absent = well("hsa-miR-21-5p", dataAbsentReason=concept("http://x", "not-performed"))
    assert list(read(predictor, well(), absent).panel["ct"]) == ["hsa-miR-16-5p"]


def test_the_newest_sample_counts_alone(predictor):
    older = well("hsa-miR-21-5p", effectiveDateTime="2026-11-10")
    assert list(read(predictor, well(), older).panel["ct"]) == ["hsa-miR-16-5p"]


def test_a_sample_from_after_the_infusion_is_never_used(predictor):
    infusion = given("2026-11-20T09:00:00Z")
    found = read(predictor, infusion, well())
    assert found.panel["infusion_start"] == "2026-11-20T09:00"
    assert parse_sample(found.panel).timing == "before"
    for late in ("2026-11-20T09:30:00Z", "2026-11-21", "2026-11-20"):
        found = read(predictor, infusion, well(effectiveDateTime=late))
        assert found.panel is None
        assert any("after the infusion" in text for text in texts(found))


def test_an_old_sample_is_not_used(predictor):
    found = read(predictor, well(effectiveDateTime="2026-06-01"))
    assert found.panel is None and any("90 days" in text for text in texts(found))


@pytest.mark.parametrize(
    "wrong",
    [
        {"valueQuantity": quantity(22, "s")},
        {"valueQuantity": {**quantity(22, "1"), "comparator": ">"}},
        {"valueQuantity": None, "valueString": "high"},
        {"effectiveDateTime": "2026-11"},
        {"subject": None},
    ],
)
def test_a_well_in_doubt_is_told(predictor, wrong):
    found = read(predictor, {**well("hsa-miR-21-5p"), **wrong}, well())
    assert list(found.panel["ct"]) == ["hsa-miR-16-5p"]
    assert any("is not used" in text for text in texts(found, "warning"))


def test_wells_that_are_not_final_are_not_used(predictor):
    assert read(predictor, well(status="preliminary")).panel is None
