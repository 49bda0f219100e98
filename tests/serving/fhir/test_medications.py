from __future__ import annotations

import pytest

from tests.serving.helpers.fhir import (
    ATC,
    LOINC,
    SNOMED,
    SUBJECT,
    concept,
    given,
    read,
    request,
    statement,
    texts,
)

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
IPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"


def test_what_is_current_is_the_list(predictor):
    found = read(predictor, statement("N02AX02"), request("N06AA09"), statement("c09aa05"))
    assert set(found.patient["medication_atc"].split(";")) == {"N02AX02", "N06AA09", "C09AA05"}
    assert any("whole list" in text for text in texts(found, "information"))
    assert [used.variables for used in found.used[-3:]] == [("medication_atc",)] * 3


def test_no_list_is_not_an_empty_list(predictor):
    found = read(predictor)
    assert "medication_atc" not in found.patient and "opioid" not in found.patient


@pytest.mark.parametrize(
    "resource",
    [
        statement(status="stopped"),
        statement(status="entered-in-error"),
        statement(status="not-taken"),
        statement(status="intended"),
        statement(effectivePeriod={"start": "2020-01-01", "end": "2026-11-01"}),
        statement(effectivePeriod={"start": "2027-01-01"}),
        request(status="cancelled"),
        request(status="draft"),
        request(intent="plan"),
        request(intent="proposal"),
        request(doNotPerform=True),
        request(authoredOn="2027-01-01"),
        request(dispenseRequest={"validityPeriod": {"end": "2026-11-01"}}),
    ],
)
def test_what_is_not_taken_now_is_not_on_it(predictor, resource):
    found = read(predictor, resource)
    assert "medication_atc" not in found.patient
    both = read(predictor, resource, statement("N06AA09"))
    assert both.patient["medication_atc"] == "N06AA09"


@pytest.mark.parametrize(
    "resource",
    [
        statement(effectivePeriod={"start": "2020-01-01"}),
        statement(effectivePeriod={"start": "2020-01-01", "end": "2026-12-31"}),
        statement(effectiveDateTime="2020-01-01"),
        request(
            "N02AX02", authoredOn="2024-01-01", dispenseRequest={"validityPeriod": {"end": "2027"}}
        ),
        request("N02AX02", intent="instance-order"),
    ],
)
def test_what_is_taken_now_is_on_it(predictor, resource):
    assert read(predictor, resource).patient["medication_atc"] == "N02AX02"


def test_a_medicine_without_an_atc_code_leaves_the_others_open(predictor):
    unread = statement(medicationCodeableConcept=concept(RXNORM, "849574"))
    found = read(predictor, statement("N02AX02"), unread)
    assert "medication_atc" not in found.patient
    assert found.patient["opioid"] == found.patient["weak_opioid"] == "yes"
    assert "antidepressant" not in found.patient and "strong_opioid" not in found.patient
    (issue,) = [issue for issue in found.problems if issue.code == "incomplete"]
    assert issue.expressions == ("Bundle.entry[2].resource",)
    alone = read(predictor, unread)
    assert "opioid" not in alone.patient


def test_an_old_prescription_that_was_left_open_is_perhaps_still_meant(predictor):
    old = request("N02AX02", authoredOn="2025-11-01")
    found = read(predictor, old, statement("N06AA09"))
    assert "medication_atc" not in found.patient and "opioid" not in found.patient
    assert found.patient["antidepressant"] == "yes"
    assert any("no ATC code" in text for text in texts(found, "warning"))
    closed = request("N02AX02", authoredOn="2025-11-01", status="completed")
    assert read(predictor, closed, statement("N06AA09")).patient["medication_atc"] == "N06AA09"


@pytest.mark.parametrize("status", ["unknown", "on-hold"])
def test_a_medicine_that_is_perhaps_taken_leaves_the_others_open(predictor, status):
    found = read(predictor, statement("N02AX02", status=status), statement("N06AA09"))
    assert "opioid" not in found.patient and found.patient["antidepressant"] == "yes"


@pytest.mark.parametrize(
    "wrong", [{"subject": {"reference": "Patient/x"}}, {"modifierExtension": [{"url": "http://x"}]}]
)
def test_what_may_not_be_read_is_told(predictor, wrong):
    found = read(predictor, statement(**wrong))
    assert "medication_atc" not in found.patient
    assert any(text.startswith("Pain co-medication") for text in texts(found, "warning"))


def test_a_medication_elsewhere_is_looked_up(predictor):
    medicine = {"resourceType": "Medication", "id": "m1", "code": concept(ATC, "N02AX02")}
    near = statement(medicationReference={"reference": "Medication/m1"})
    del near["medicationCodeableConcept"]
    assert read(predictor, near, medicine).patient["medication_atc"] == "N02AX02"
    inside = {**near, "medicationReference": {"reference": "#m1"}, "contained": [medicine]}
    assert read(predictor, inside).patient["medication_atc"] == "N02AX02"
    far = {**near, "medicationReference": {"reference": "https://records.example/Medication/m1"}}
    assert read(predictor, far, medicine).patient["medication_atc"] == "N02AX02"
    assert "opioid" not in read(predictor, near).patient


EMPTY = {
    "resourceType": "List",
    "status": "current",
    "mode": "snapshot",
    "code": concept(LOINC, "10160-0"),
    "subject": SUBJECT,
    "emptyReason": concept("http://terminology.hl7.org/CodeSystem/list-empty-reason", "nilknown"),
}


@pytest.mark.parametrize(
    "resource",
    [
        EMPTY,
        statement(medicationCodeableConcept=concept(IPS, "no-known-medications")),
        statement(medicationCodeableConcept=concept(SNOMED, "787481004")),
    ],
)
def test_that_nothing_is_taken_can_be_said(predictor, resource):
    assert read(predictor, resource).patient["medication_atc"] == "none"
    both = read(predictor, resource, statement("N02AX02"))
    assert "medication_atc" not in both.patient
    assert any("nothing is taken, and something is" in text for text in texts(both, "warning"))


def test_that_nothing_is_known_of_medicines_is_not_that_none_is_taken(predictor):
    nothing = statement(medicationCodeableConcept=concept(IPS, "no-medication-info"))
    assert "medication_atc" not in read(predictor, nothing).patient
    reason = concept("http://terminology.hl7.org/CodeSystem/list-empty-reason", "notasked")
    assert "medication_atc" not in read(predictor, {**EMPTY, "emptyReason": reason}).patient


def test_combination_drugs_are_told_and_not_concluded_from(predictor):
    found = read(predictor, statement("G04BE08"))
    assert any("tadalafil" in text for text in texts(found))
    assert "concurrent_infusion_drug" not in found.patient


ROUTE = [{"route": concept(SNOMED, "47625008")}]


def test_the_infusion_that_is_prescribed_is_the_treatment_and_no_comedication(predictor):
    found = read(predictor, request("N01AX14", status="draft", dosageInstruction=ROUTE))
    assert (found.patient["drug"], found.patient["route"]) == ("s_ketamine", "intravenous")
    assert "medication_atc" not in found.patient
    assert read(predictor, request("N01AX03")).patient["drug"] == "racemic_ketamine"
    assert "drug" not in read(predictor, request("N06AX27")).patient
    assert "drug" not in read(predictor, request("N01AX14", status="cancelled")).patient


def test_both_drugs_prescribed_are_a_conflict(predictor):
    found = read(predictor, request("N01AX14"), request("N01AX03"))
    assert "drug" not in found.patient
    assert any("both prescribed" in text for text in texts(found, "warning"))


def test_a_course_that_is_over_makes_the_next_not_the_first(predictor):
    old = [given(f"2024-03-0{day}T08:00:00Z") for day in (4, 5, 6)]
    found = read(predictor, *old, given("2025-06-02T08:00:00Z"))
    assert found.patient["course_number"] == 3
    assert "course_number" not in read(predictor).patient


def test_a_medicine_that_ended_after_the_infusion_was_taken_before_it(predictor):
    ended = statement(status="stopped", effectivePeriod={"start": "2026", "end": "2026-11-24"})
    found = read(predictor, given("2026-11-20T08:00:00Z"), ended)
    assert found.patient["medication_atc"] == "N02AX02"
    when = request("N06AA09", status="completed", authoredOn="2026-10-01")
    found = read(predictor, given("2026-11-20T08:00:00Z"), ended, when)
    # When it was completed nobody tells: it may have been after the infusion.
    assert found.patient["opioid"] == "yes" and "antidepressant" not in found.patient
    started = statement(effectivePeriod={"start": "2026-11-22"})
    assert "medication_atc" not in read(predictor, given("2026-11-20T08:00:00Z"), started).patient
