from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from serving.records.courses import join_courses
from serving.records.record import Outcome, RecordedEstimate
from tests.serving.records.conftest import ESTIMATE, START


def make(number: str, day: int, pseudonym: str | None, **patient: Any) -> RecordedEstimate:
    return replace(
        ESTIMATE,
        request_id=number * 32,
        at=START + timedelta(days=day),
        pseudonym=pseudonym,
        inputs={"patient": patient, "panel": None},
    )


def tell(number: str, day: int) -> Outcome:
    return Outcome(number * 32, START + timedelta(days=day), "nurse", {"nrs_t1": 5.0})


def test_requests_are_joined_by_pseudonym_and_course_however_its_number_is_written() -> None:
    asked = [
        make("a", 0, "h1"),
        make("b", 1, "h1", course_number="1"),
        make("c", 2, "h1", course_number=1.0),
        make("d", 3, "h1", course_number=" 2 "),
        make("e", 4, None),
        make("f", 5, None),
    ]
    courses = join_courses(asked, [])
    assert [[one.request_id[0] for one in course.asked] for course in courses] == [
        ["a", "b", "c"],
        ["d"],
        ["e"],
        ["f"],
    ]
    assert [course.number for course in courses] == [1, 2, 1, 1]
    assert [course.name for course in courses] == ["h1", "h1", "e" * 32, "f" * 32]


def test_the_estimate_that_counts_is_the_last_before_anything_was_reported() -> None:
    asked = [make("a", 0, "h1"), make("b", 2, "h1"), make("c", 20, "h1"), make("d", 4, "h2")]
    first, second = join_courses(asked, [tell("a", 9), tell("c", 30), tell("x", 1)])
    assert first.acted_on.request_id == "b" * 32
    assert [one.request_id[0] for one in first.reports] == ["a", "c"]
    assert (second.acted_on, second.reports) == (asked[3], ())


def test_without_outcomes_the_last_counts() -> None:
    (course,) = join_courses([make("a", 0, "h1"), make("b", 2, "h1")], [])
    assert course.acted_on.request_id == "b" * 32


def test_where_inputs_are_not_kept_all_of_a_patient_is_one_course() -> None:
    asked = [replace(make("a", day, "h1"), request_id=str(day) * 32, inputs=None) for day in (1, 2)]
    assert [course.number for course in join_courses(asked, [])] == [1]


def test_a_clock_that_was_set_back_does_not_lose_the_estimate() -> None:
    (course,) = join_courses([make("a", 5, "h1")], [tell("a", 1)])
    assert course.acted_on.request_id == "a" * 32
