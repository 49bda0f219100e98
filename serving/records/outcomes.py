"""What became of the patients: reports read and matched with the estimates they belong to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from features.cohort.cohort import parse_record
from features.dictionary.contract import CONTRACT
from features.errors import Problem
from serving.estimate.request import RequestError
from serving.records.courses import find_course
from serving.records.record import PSEUDONYM, Outcome, RecordedEstimate, read_pseudonym
from serving.records.store import RecordStore

__all__ = ["MAX_REPORTS", "OUTCOMES", "report_outcomes"]

MAX_REPORTS = 500
"""Most patients in one report."""
OUTCOMES = tuple(v.name for v in CONTRACT if "outcome" in v.roles)
"""Variables of the contract that can be reported."""

_REQUEST = "request_id"
_FEWEST_LETTERS = 12
_WHICH = f'"{_REQUEST}", the number of the estimate, or "{PSEUDONYM}", one of the two'
_NONE_FOUND = "an estimate that was recorded here"
_ONE_COURSE = "a patient who was asked about for one course"
_BY_NUMBER = "report it under the number of the estimate for that course"
_ANY = "at least one of " + ", ".join(OUTCOMES)


def report_outcomes(
    store: RecordStore,
    raw: object,
    *,
    caller: str,
    at: datetime,
    lines: Sequence[int] = (),
    most: int = MAX_REPORTS,
) -> list[Outcome]:
    """Record what became of patients: all reports, or none where one cannot be taken.

    Parameters
    ----------
    store : RecordStore
        The records.
    raw : object
        A list of mappings, each with ``request_id`` (the number of an estimate, or its first 12
        letters) or ``patient_id`` (the pseudonym that was sent; its last estimate is meant, where
        all are for one course), and with outcome variables of the contract: :data:`OUTCOMES`.
        What is empty is not reported.
    caller : str
        Who reports.
    at : datetime
        Now, in UTC.
    lines : sequence of int
        Of a file, the line of each report; else they are counted from 1.
    most : int
        How many reports there may be.

    Returns
    -------
    list of Outcome
        As they were recorded. What was reported before of the same estimate is kept; of two values
        for one variable the later counts.

    Raises
    ------
    RequestError
        Listing everything that is wrong with any of them.
    RecordsUnavailable
        If the store cannot be read or written.
    """
    if not isinstance(raw, list) or not raw or len(raw) > most:
        got = f"{len(raw)} reports" if isinstance(raw, list) else "something else"
        expected = f"a list of 1 to {most} reports"
        raise RequestError("the report", [Problem("outcomes", expected, got)])
    reports, problems = [], []
    find = _Finder(store)
    for place, one in enumerate(raw):
        row = lines[place] if lines else place + 1
        if not isinstance(one, Mapping):
            expected = "an object of names and values"
            problems.append(Problem("outcomes", expected, "something else", row=row))
            continue
        names = {str(name): value for name, value in one.items()}
        values, wrong = _read_values(names)
        estimate, lost = find(names)
        problems += [
            Problem(p.column, p.expected, p.got, row=row, action=p.action) for p in (*wrong, *lost)
        ]
        if estimate is not None:
            reports.append(Outcome(estimate.request_id, at, caller, values))
    if problems:
        raise RequestError("the report", problems)
    store.write_outcomes(reports)
    return reports


def _read_values(one: Mapping[str, Any]) -> tuple[dict[str, float | str | None], list[Problem]]:
    """Return what is reported of a patient, and what cannot be read."""
    given = {name: value for name, value in one.items() if name not in (_REQUEST, PSEUDONYM)}
    expected = f"one of {_REQUEST}, {PSEUDONYM}, {', '.join(OUTCOMES)}"
    problems = [
        Problem(name[:40], expected, "another name") for name in given if name not in OUTCOMES
    ]
    known = {name: value for name, value in given.items() if name in OUTCOMES}
    values, wrong = parse_record(known)
    problems += wrong
    problems += [  # a table's reader takes it for an empty cell
        CONTRACT[name].problem("NaN", action="leave a missing value out")
        for name, value in known.items()
        if isinstance(value, float) and math.isnan(value)
    ]
    told: dict[str, float | str | None] = {n: v for n, v in values.items() if v is not None}
    if not told and not problems:
        problems.append(Problem("outcomes", _ANY, "none of them"))
    return told, problems


class _Finder:
    """Finds the estimate that a report belongs to."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store

    def __call__(self, one: Mapping[str, Any]) -> tuple[RecordedEstimate | None, Sequence[Problem]]:
        """Return the estimate, or why there is none."""
        number = str(one.get(_REQUEST) or "").strip()
        name = read_pseudonym(one.get(PSEUDONYM))
        if bool(number) == bool(name):
            return None, [Problem(_REQUEST, _WHICH, "both" if number else "neither")]
        if name:
            found = self._store.read(pseudonym=name)
            courses = {find_course(one) for one in found}
            if len(courses) > 1:
                got = f"a patient of {len(courses)} courses"
                return None, [Problem(PSEUDONYM, _ONE_COURSE, got, action=_BY_NUMBER)]
            if found:
                return found[-1], ()
            action = "the pseudonym has to be the one that was sent with the request"
            return None, [Problem(PSEUDONYM, _NONE_FOUND, "another pseudonym", action=action)]
        if len(number) < _FEWEST_LETTERS:
            expected = f"the number of an estimate, at least its first {_FEWEST_LETTERS} letters"
            return None, [Problem(_REQUEST, expected, "fewer")]
        matching = self._store.find_requests(number)
        if len(matching) == 1:
            return self._store.read(request_ids=matching)[0], ()
        got = "another number" if not matching else "what several begin with"
        return None, [Problem(_REQUEST, _NONE_FOUND, got, action="copy the whole number")]
