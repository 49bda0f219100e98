from __future__ import annotations

import pytest

from serving.estimate.predictor import Predictor
from tests.serving.helpers.fhir import SNOMED, concept, condition, person, quantity, read, texts
from tests.serving.helpers.models import make_loaded

STATUS = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def test_age_is_in_completed_years_at_the_day(predictor):
    # Born on 1 May 1980; the day is 27 November 2026.
    assert read(predictor, person()).patient["age_years"] == 46
    assert read(predictor, person(birthDate="1980-11-28")).patient["age_years"] == 45
    for year in range(1950, 2008):  # on each birthday one year more, whatever leap years there were
        found = read(predictor, person(birthDate=f"{year}-11-27"))
        assert found.patient["age_years"] == 2026 - year


def test_a_year_of_birth_is_taken_by_its_middle_and_told(predictor):
    found = read(predictor, person(birthDate="1980"))
    assert found.patient["age_years"] == 46
    assert any("middle" in text for text in texts(found, "information"))


@pytest.mark.parametrize("birth", ["01/05/1980", 1980, "2030-01-01"])
def test_a_birth_that_cannot_be_is_told(predictor, birth):
    found = read(predictor, person(birthDate=birth))
    assert "age_years" not in found.patient
    assert texts(found, "warning")


@pytest.mark.parametrize(("gender", "sex"), [("female", "female"), ("male", "male")])
def test_sex_is_the_records(predictor, gender, sex):
    assert read(predictor, person(gender=gender)).patient["sex"] == sex


@pytest.mark.parametrize("gender", ["other", "unknown", "x", 1])
def test_another_gender_is_not_known_to_the_model(predictor, gender):
    found = read(predictor, person(gender=gender))
    assert "sex" not in found.patient
    assert any(text.startswith("Sex is not used") for text in texts(found, "information"))


def test_the_disease_has_a_type_and_a_duration(predictor):
    found = read(predictor, condition())
    assert found.patient["crps_type"] == "1"
    # 28 May 2023 to 27 November 2026, at noon: 1279.5 days.
    assert found.patient["disease_duration_years"] == pytest.approx(1279 / 365.25, abs=0.01)
    assert [placed.path for placed in found.conditions] == ["Bundle.entry[1].resource"]


def test_the_earliest_onset_counts(predictor):
    found = read(predictor, condition(), condition(id="c2", onsetDateTime="2016-11-27"))
    assert found.patient["disease_duration_years"] == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize(
    ("onset", "years"),
    [
        ({"onsetPeriod": {"start": "2016-11-27"}}, 10),
        # From 36.5 years of age, counted from 1 May 1980, to 46.57.
        ({"onsetAge": quantity(36, "a")}, 10.07),
        ({"onsetDateTime": "2016"}, 10.41),
    ],
)
def test_an_onset_is_read_as_it_is_told(predictor, onset, years):
    whole = {**condition(), "onsetDateTime": None, **onset}
    found = read(predictor, {key: value for key, value in whole.items() if value is not None})
    assert found.patient["disease_duration_years"] == pytest.approx(years, abs=0.02)


@pytest.mark.parametrize(
    "onset",
    [
        {"onsetString": "as a child"},
        {"onsetDateTime": "2027-01-01"},
        {"onsetAge": quantity(36, "kg")},
        {"onsetAge": quantity(1e300, "a")},
    ],
)
def test_an_onset_that_cannot_be_is_told(predictor, onset):
    whole = condition()
    del whole["onsetDateTime"]
    found = read(predictor, {**whole, **onset})
    assert "disease_duration_years" not in found.patient
    assert any(
        "Duration of the pain disease is not used: onset" in t for t in texts(found, "warning")
    )
    assert found.patient["crps_type"] == "1"


def test_without_an_onset_nothing_is_said(predictor):
    whole = condition(recordedDate="2020-01-01")
    del whole["onsetDateTime"]
    found = read(predictor, whole)
    assert "disease_duration_years" not in found.patient
    assert texts(found, "warning") == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"clinicalStatus": concept(STATUS, "resolved")}, True),
        ({"subject": {"reference": "Patient/other"}}, True),
        ({"verificationStatus": concept("http://x", "refuted")}, False),
        ({"code": concept(SNOMED, "37796009")}, False),
    ],
)
def test_a_disease_that_the_patient_has_not_is_none(predictor, changes, told):
    found = read(predictor, condition(**changes))
    assert found.conditions == () and "crps_type" not in found.patient
    assert any("No Condition" in text for text in texts(found, "warning"))
    assert any("CRPS type is not used" in text for text in texts(found)) is told


@pytest.mark.parametrize("state", ["provisional", "differential", "unconfirmed"])
def test_a_diagnosis_that_is_not_confirmed_is_told(predictor, state):
    found = read(predictor, condition(verificationStatus=concept("http://x", state)))
    assert found.patient["crps_type"] == "1"
    assert any("not confirmed" in text for text in texts(found, "warning"))


def test_a_death_is_told(predictor):
    assert any("deceased" in t for t in texts(read(predictor, person(deceasedBoolean=True))))
    assert any("deceased" in t for t in texts(read(predictor, person(deceasedDateTime="2026"))))
    assert not any("deceased" in t for t in texts(read(predictor, person(deceasedBoolean=False))))


def test_a_code_that_names_no_type_leaves_it_to_the_others(predictor):
    general = condition("128200000", SNOMED, id="c2")
    assert read(predictor, general).patient["crps_type"] == "unspecified"
    assert read(predictor, general, condition("G90.6")).patient["crps_type"] == "2"


def test_two_types_are_a_conflict(predictor):
    found = read(predictor, condition("G90.6", id="c2"), condition())
    assert "crps_type" not in found.patient
    assert any("both types" in text for text in texts(found, "warning"))


def test_a_model_of_another_disease_does_not_read_this_one():
    other = Predictor(make_loaded(facts={"condition": "fibromyalgia"}))
    found = read(other, condition())
    assert "crps_type" not in found.patient and "disease_duration_years" not in found.patient
    assert texts(found, "warning") == []
