"""What became of the patients: reports read and matched with the estimates they belong to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from features.cohort.cohort import parse_record
from features.dictionary.contract import CONTRACT
from features.errors import Problem
from features.texts import say, say_count
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
_WHICH = say(
    '"{number}", the number of the estimate, or "{pseudonym}", one of the two',
    number=_REQUEST,
    pseudonym=PSEUDONYM,
)
_NONE_FOUND = say("an estimate that was recorded here")
_ONE_COURSE = say("a patient who was asked about for one course")
_BY_NUMBER = say("report it under the number of the estimate for that course")
_ANY = say("at least one of {names}", names=", ".join(OUTCOMES))


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
        got = say("something else")
        if isinstance(raw, list):
            got = say_count("{count} report", "{count} reports", len(raw))
        expected = say("a list of 1 to {most} reports", most=most)
        raise RequestError(say("the report"), [Problem("outcomes", expected, got)])
    reports, problems = [], []
    find = _Finder(store)
    for place, one in enumerate(raw):
        row = lines[place] if lines else place + 1
        if not isinstance(one, Mapping):
            expected = say("an object of names and values")
            problems.append(Problem("outcomes", expected, say("something else"), row=row))
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
        raise RequestError(say("the report"), problems)
    store.write_outcomes(reports)
    return reports


def _read_values(one: Mapping[str, Any]) -> tuple[dict[str, float | str | None], list[Problem]]:
    """Return what is reported of a patient, and what cannot be read."""
    given = {name: value for name, value in one.items() if name not in (_REQUEST, PSEUDONYM)}
    expected = say("one of {words}", words=", ".join((_REQUEST, PSEUDONYM, *OUTCOMES)))
    problems = [
        Problem(name[:40], expected, say("another name")) for name in given if name not in OUTCOMES
    ]
    known = {name: value for name, value in given.items() if name in OUTCOMES}
    values, wrong = parse_record(known)
    problems += wrong
    problems += [  # a table's reader takes it for an empty cell
        CONTRACT[name].problem("NaN", action=say("leave a missing value out"))
        for name, value in known.items()
        if isinstance(value, float) and math.isnan(value)
    ]
    told: dict[str, float | str | None] = {n: v for n, v in values.items() if v is not None}
    if not told and not problems:
        problems.append(Problem("outcomes", _ANY, say("none of them")))
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
            return None, [
                Problem(_REQUEST, _WHICH, say("both of them") if number else say("neither"))
            ]
        if name:
            found = self._store.read(pseudonym=name)
            courses = {find_course(one) for one in found}
            if len(courses) > 1:
                got = say("a patient of {count} courses", count=len(courses))
                return None, [Problem(PSEUDONYM, _ONE_COURSE, got, action=_BY_NUMBER)]
            if found:
                return found[-1], ()
            action = say("the pseudonym has to be the one that was sent with the request")
            got = say("another pseudonym")
            return None, [Problem(PSEUDONYM, _NONE_FOUND, got, action=action)]
        if len(number) < _FEWEST_LETTERS:
            expected = say(
                "the number of an estimate, at least its first {count} letters",
                count=_FEWEST_LETTERS,
            )
            return None, [Problem(_REQUEST, expected, say("fewer"))]
        matching = self._store.find_requests(number)
        if len(matching) == 1:
            return self._store.read(request_ids=matching)[0], ()
        got = say("another number") if not matching else say("what several begin with")
        return None, [Problem(_REQUEST, _NONE_FOUND, got, action=say("copy the whole number"))]
