"""What became of a card: whether who saw it went along with it, and why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from serving.records.store import RecordStore, fetch_rows
from serving.records.tables import feedback

__all__ = ["FEEDBACK", "Feedback", "read_feedback", "write_feedback"]

FEEDBACK = "feedback"
"""For what its values are sealed."""


@dataclass(frozen=True)
class Feedback:
    """What was reported of one card.

    Parameters
    ----------
    request_id : str
        Of the estimate that the card told.
    at : datetime
        When it was reported, in UTC.
    caller : str
        Who reported it.
    values : mapping
        As it was reported: `service`, `outcome` ("accepted" or "overridden") and what else came.
    """

    request_id: str
    at: datetime
    caller: str
    values: Mapping[str, Any]


def write_feedback(store: RecordStore, given: Sequence[Feedback]) -> None:
    """Record what was reported, all of it or none.

    Raises
    ------
    RecordsUnavailable
        If it cannot be written; then none is.
    """
    rows = [
        {
            "request_id": one.request_id,
            "at": one.at,
            "caller": one.caller,
            "sealed": store.keys.seal(dict(one.values), FEEDBACK, one.request_id),
        }
        for one in given
    ]
    if rows:
        with store.database.writing() as connection:
            connection.execute(insert(feedback), rows)


def read_feedback(store: RecordStore, request_ids: Collection[str] | None = None) -> list[Feedback]:
    """Return what was reported, in the order in which it came.

    Parameters
    ----------
    store : RecordStore
        The records.
    request_ids : collection of str or None
        Of these answers; None for all.

    Raises
    ------
    RecordsUnavailable
        If the store cannot be read.
    """
    with store.database.reading() as connection:
        rows = fetch_rows(connection, select(feedback), feedback.c.request_id, request_ids)
    return [
        Feedback(
            row.request_id,
            row.at,
            row.caller,
            store.keys.unseal(row.sealed, FEEDBACK, row.request_id),
        )
        for row in sorted(rows, key=lambda row: row.id)
    ]
