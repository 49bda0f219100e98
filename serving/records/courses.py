"""Which estimate counts: a patient's course, what was asked of it and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.cohort.cohort import parse_record
from serving.records.record import Outcome, RecordedEstimate

__all__ = ["COURSE", "AskedCourse", "find_course", "join_courses"]

COURSE = "course_number"
"""The variable of the contract that counts a patient's courses of treatment."""

_FIRST = 1


@dataclass(frozen=True)
class AskedCourse:
    """One course of one patient.

    Parameters
    ----------
    asked : tuple of RecordedEstimate
        All that was asked of it, in order of time; at least one.
    reports : tuple of Outcome
        What was reported of it, in the order of the reports; a later value of a variable stands
        in place of an earlier one.
    """

    asked: tuple[RecordedEstimate, ...]
    reports: tuple[Outcome, ...]

    @property
    def name(self) -> str:
        """The keyed hash of the patient's pseudonym, or the estimate's number without one."""
        return self.asked[0].pseudonym or self.asked[0].request_id

    @property
    def number(self) -> int:
        """Which of the patient's courses: 1 where it was not told."""
        return find_course(self.asked[0])

    @property
    def acted_on(self) -> RecordedEstimate:
        """The estimate that counts: the last one before an outcome was reported."""
        if not self.reports:
            return self.asked[-1]
        before = [one for one in self.asked if one.at <= self.reports[0].reported_at]
        return (before or self.asked)[-1]


def join_courses(
    estimates: Sequence[RecordedEstimate], outcomes: Sequence[Outcome]
) -> list[AskedCourse]:
    """Join what was asked with what was reported, by patient and course.

    Requests with one pseudonym and one number of the course are one course, and what was reported
    of any of them was reported of all. A request without a pseudonym is a patient of its own.
    What was asked only to be compared is nobody's, and left out.

    Parameters
    ----------
    estimates : sequence of RecordedEstimate
        In order of time.
    outcomes : sequence of Outcome
        In the order in which they were reported; those of other estimates are left out.

    Returns
    -------
    list of AskedCourse
        In order of their first request.
    """
    asked: dict[tuple[str, int], list[RecordedEstimate]] = {}
    belongs: dict[str, tuple[str, int]] = {}
    for one in estimates:
        if one.comparison:  # of a patient who differs in one value, and is nobody
            continue
        key = (one.pseudonym or f"request {one.request_id}", find_course(one))
        asked.setdefault(key, []).append(one)
        belongs[one.request_id] = key
    told: dict[tuple[str, int], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.request_id in belongs:
            told.setdefault(belongs[outcome.request_id], []).append(outcome)
    return [AskedCourse(tuple(of), tuple(told.get(key, ()))) for key, of in asked.items()]


def find_course(one: RecordedEstimate) -> int:
    """Return which of a patient's courses an estimate is for: the first where it was not told."""
    patient: Mapping[str, Any] = (one.inputs or {}).get("patient") or {}
    sent = patient.get(COURSE)
    if sent is None:
        return _FIRST
    read, _ = parse_record({COURSE: sent})
    return int(read[COURSE] or _FIRST)
