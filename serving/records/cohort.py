"""The next cohort file: recorded estimates with their outcomes, in the columns of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from features.dictionary.contract import CONTRACT
from features.errors import InputError
from serving.estimate.centre import SITE
from serving.records.courses import COURSE, AskedCourse, join_courses
from serving.records.record import PSEUDONYM, Outcome, RecordedEstimate

__all__ = ["make_cohort_table"]

_ORIGIN = "record_origin"
_LETTERS = 16


def make_cohort_table(
    estimates: Sequence[RecordedEstimate], outcomes: Sequence[Outcome]
) -> pd.DataFrame:
    """Return a cohort table for the next training.

    One row for each patient and course: the inputs of the last estimate before an outcome was
    reported, which is the one that was acted on, and of each outcome what was reported last. A
    patient is known by the beginning of the keyed hash of the pseudonym, or by the number of the
    estimate where none was sent. What an estimate of a demonstration has left says `record_origin`
    "synthetic".

    Parameters
    ----------
    estimates : sequence of RecordedEstimate
        In order of time, with their inputs.
    outcomes : sequence of Outcome
        In the order in which they were reported.

    Returns
    -------
    DataFrame of str
        "" where empty, a column for each variable of the contract that anything is known of.
        Patients without any outcome are left out.

    Raises
    ------
    InputError
        If inputs were not kept.
    """
    if estimates and all(one.inputs is None for one in estimates):
        raise InputError(
            "the records hold no inputs (KETRESPONSE_RECORDS_CONTENT=none), so that no cohort can "
            "be made of them: keep contents from now on, or collect the cohort elsewhere"
        )
    kept = [one for one in estimates if one.inputs is not None]
    rows = [_make_row(course) for course in join_courses(kept, outcomes) if course.reports]
    columns = [v.name for v in CONTRACT if any(v.name in row for row in rows)]
    return pd.DataFrame([{name: row.get(name, "") for name in columns} for row in rows], dtype=str)


def _make_row(course: AskedCourse) -> dict[str, str]:
    """Return what is known of one course: its inputs, and of each outcome the last report."""
    acted_on = course.acted_on
    patient: Mapping[str, Any] = (acted_on.inputs or {})["patient"]
    row = {name: _show(value) for name, value in patient.items() if name in CONTRACT}
    row.pop(SITE, None)
    if acted_on.site is not None:
        row[SITE] = _show(acted_on.site)
    # Numbers of one batch begin alike: only the whole of them tells its patients apart.
    name = course.name[:_LETTERS] if acted_on.pseudonym else course.name
    row |= {PSEUDONYM: name, COURSE: str(course.number)}
    for outcome in course.reports:
        row |= {name: _show_outcome(name, value) for name, value in outcome.values.items()}
    if acted_on.status == "demonstration":
        row[_ORIGIN] = "synthetic"
    return row


def _show(value: object) -> str:
    """Return a value as a cell has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _show_outcome(name: str, value: float | str | None) -> str:
    """Return an outcome as a cell has it: the record holds it as the dictionary has read it."""
    variable = CONTRACT[name]
    if variable.kind == "yes_no" and isinstance(value, int | float):
        return "yes" if value == 1 else "no"
    return _show(value)
