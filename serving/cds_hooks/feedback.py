"""What a record system reports of the cards that it showed, read and matched with the estimates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from features.errors import Problem
from serving.cds_hooks.services import CdsService
from serving.estimate.request import RequestError, parse_json
from serving.records.feedback import Feedback, write_feedback
from serving.records.store import RecordStore

__all__ = ["MAX_FEEDBACK", "OUTCOMES", "take_feedback"]

MAX_FEEDBACK = 100
"""Most cards in one report."""

OUTCOMES = ("accepted", "overridden")
"""What may become of a card."""
_KEPT = ("outcome", "acceptedSuggestions", "overrideReason", "outcomeTimestamp")
_LONGEST = 4000


def take_feedback(
    store: RecordStore, service: CdsService, body: bytes, *, caller: str, at: datetime
) -> dict[str, int]:
    """Record what is reported of cards, all of it or none where something cannot be taken.

    Parameters
    ----------
    store : RecordStore
        The records.
    service : CdsService
        Whose cards they are.
    body : bytes
        As it was sent.
    caller : str
        Who reports.
    at : datetime
        Now, in UTC.

    Returns
    -------
    dict
        `recorded`: of how many cards.

    Raises
    ------
    RequestError
        Listing everything that is wrong with it.
    RecordsUnavailable
        If the store cannot be read or written.
    """
    sent = parse_json(body, expected="the feedback of CDS Hooks 2.0")
    reports = sent.get("feedback") if isinstance(sent, dict) else None
    if not isinstance(reports, list) or not 0 < len(reports) <= MAX_FEEDBACK:
        expected = f"a list of 1 to {MAX_FEEDBACK} reports"
        raise RequestError("the feedback", [Problem("feedback", expected, "something else")])
    names = [_read_card(one) for one in reports]
    known = {one.request_id for one in store.read(request_ids=[name for name in names if name])}
    problems, taken = [], []
    for row, (one, name) in enumerate(zip(reports, names, strict=True), 1):
        wrong = _check(one, row)
        if name not in known:
            expected = "the uuid of a card that was given here"
            wrong.append(Problem("card", expected, "another", row=row))
        problems += wrong
        if not wrong:
            values = {key: one[key] for key in _KEPT if one.get(key) is not None}
            taken.append(Feedback(name, at, caller, {"service": service.id, **values}))
    if problems:
        raise RequestError("the feedback", problems)
    write_feedback(store, taken)
    return {"recorded": len(taken)}


def _read_card(one: object) -> str:
    """Return the number of the answer that a card told; empty where it names none."""
    card = one.get("card") if isinstance(one, Mapping) else None
    try:
        return UUID(card).hex if isinstance(card, str) else ""
    except ValueError:
        return ""


def _check(one: Any, row: int) -> list[Problem]:
    if not isinstance(one, Mapping):
        return [Problem("feedback", "an object", "something else", row=row)]
    problems = []
    if one.get("outcome") not in OUTCOMES:
        problems.append(Problem("outcome", " or ".join(OUTCOMES), "another", row=row))
    if not _is_moment(one.get("outcomeTimestamp")):
        expected = "a moment such as 2026-01-31T09:30:00Z"
        problems.append(Problem("outcomeTimestamp", expected, "something else", row=row))
    if sum(len(str(one.get(key, ""))) for key in _KEPT) > _LONGEST:
        problems.append(Problem("feedback", f"at most {_LONGEST} letters a card", "more", row=row))
    return problems


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
