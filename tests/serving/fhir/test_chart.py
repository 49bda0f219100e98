from __future__ import annotations

from datetime import UTC, datetime

import pytest

from serving.estimate.request import RequestError
from serving.fhir.chart import find_planned, make_chart
from serving.fhir.elements import place
from tests.serving.helpers.fhir import NOW, bundle, given, observation, person, request


def chart(*resources, **entry):
    return make_chart(place(bundle(person(), *resources)), now=NOW)


@pytest.mark.parametrize(
    ("patients", "got"),
    [([], "0 of the kind Patient"), ([person(), person(id="p2")], "2 of the kind Patient")],
)
def test_a_bundle_is_about_one_patient(patients, got):
    with pytest.raises(RequestError) as caught:
        make_chart(place(bundle(*patients)), now=NOW)
    assert {problem.got for problem in caught.value.problems} == {got}
    assert all(problem.column.startswith("Bundle.entry") for problem in caught.value.problems)


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/p1"},
        {"reference": "Patient/p1/_history/2"},
        {"reference": "https://records.example/fhir/Patient/p1"},
        {"identifier": {"system": "urn:x", "value": "7"}},
    ],
)
def test_a_patient_is_referred_to_in_several_ways(subject):
    found = make_chart(
        place(
            bundle(
                person(identifier=[{"system": "urn:x", "value": "7"}]), observation(subject=subject)
            )
        ),
        now=NOW,
    )
    assert found.find_obstacle(found.find_all("Observation")[0]) is None


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/p2"},
        {"reference": "Group/p1"},
        {"identifier": {"system": "urn:x", "value": "8"}},
        {"identifier": {"value": None}},
        {},
        "Patient/p1",
    ],
)
def test_nobody_elses_values_are_read(subject):
    found = make_chart(
        place(
            bundle(
                person(identifier=[{"system": "urn:x", "value": "7"}]), observation(subject=subject)
            )
        ),
        now=NOW,
    )
    assert found.find_obstacle(found.find_all("Observation")[0])


def test_entries_may_go_by_uuids():
    content = bundle({"resourceType": "Patient"}, observation(subject={"reference": "urn:uuid:1"}))
    content["entry"][0]["fullUrl"] = "urn:uuid:1"
    found = make_chart(place(content), now=NOW)
    assert found.find_obstacle(found.find_all("Observation")[0]) is None


def test_without_an_infusion_the_day_is_today():
    assert (chart().index.at, chart().index.has_begun, chart().n_courses) == (NOW, False, 0)


def test_an_infusion_under_way_ends_what_may_be_known():
    found = chart(*(given(f"2026-11-2{day}T08:00:00Z") for day in (4, 3, 5)))
    assert found.index.at == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert found.index.has_begun and found.n_courses == 0


def test_a_course_long_over_is_another_one():
    # 28 days without an infusion: the next is another course.
    found = chart(given("2026-10-01"), given("2026-10-20"), given("2026-11-26T08:00:00Z"))
    assert found.index.at == datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert found.n_courses == 1
    over = chart(given("2026-10-01"))
    assert (over.index.at, over.index.has_begun, over.n_courses) == (NOW, False, 1)


@pytest.mark.parametrize(
    "resource",
    [
        given("2026-11-20", "N02AX02"),
        given("2026-11-20", status="entered-in-error"),
        given("2026-11-20", status="not-done"),
        given("2026-12-20"),
        given("2026-11-20", subject={"reference": "Patient/p2"}),
        given("last week"),
    ],
)
def test_what_is_no_infusion_of_this_patient_ends_nothing(resource):
    assert not chart(resource).index.has_begun


def test_an_infusion_prescribed_for_a_day_begins_on_it():
    dosage = [{"timing": {"event": ["2026-11-25T08:00:00Z", 3]}}]
    assert chart(request("N01AX14", dosageInstruction=dosage)).index.at.day == 25
    bounds = {"repeat": {"boundsPeriod": {"start": "2026-11-24"}}}
    planned = chart(request("N01AX14", dosageInstruction=[{"timing": bounds}]))
    assert planned.index.has_begun and planned.index.at.day == 24
    draft = request("N01AX14", status="draft", dosageInstruction=dosage)
    assert not chart(draft).index.has_begun
    later = [{"timing": {"event": ["2026-12-01"]}}]
    assert not chart(request("N01AX14", dosageInstruction=later)).index.has_begun


def test_a_prescription_that_stands_is_a_plan():
    assert [drug for _, drug in find_planned(chart(request("n01ax14")))] == ["s_ketamine"]
    assert find_planned(chart(request("N01AX14", doNotPerform=True))) == []
