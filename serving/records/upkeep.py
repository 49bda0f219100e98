"""What happens to records later: a patient's right to see and to be deleted, age, new keys."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from features.errors import KetresponseError
from features.files.locking import locked
from serving.records.feedback import FEEDBACK, read_feedback
from serving.records.keys import write_keys
from serving.records.store import RecordStore
from serving.records.tables import deletions, estimates, feedback, outcomes

__all__ = [
    "delete_old",
    "delete_patient",
    "export_patient",
    "has_deleted_old",
    "list_deletions",
    "rotate_keys",
]

_BATCH = 500
_OLD = "older than"


def export_patient(store: RecordStore, pseudonym: str) -> dict[str, Any]:
    """Return all that is kept of a patient, as plain JSON values.

    Parameters
    ----------
    store : RecordStore
        The records.
    pseudonym : str
        As it was sent with the requests.

    Returns
    -------
    dict
        `estimates`, each with its inputs and the answer, `outcomes`, and `feedback` on cards.
    """
    found = store.read(pseudonym=pseudonym)
    names = [one.request_id for one in found]
    reported = store.read_outcomes(names)
    return {
        "estimates": [{**asdict(one), "at": one.at.isoformat()} for one in found],
        "outcomes": [
            {**asdict(one), "reported_at": one.reported_at.isoformat()} for one in reported
        ],
        "feedback": [
            {**asdict(one), "at": one.at.isoformat()} for one in read_feedback(store, names)
        ],
    }


def delete_patient(
    store: RecordStore, pseudonym: str, *, by: str, reason: str, at: datetime
) -> tuple[int, int]:
    """Delete all that is kept of a patient, and note that something was deleted, not whose.

    Returns
    -------
    tuple of int
        How many estimates and how many outcomes were deleted.

    Raises
    ------
    KetresponseError
        If nothing is kept of such a patient.
    RecordsUnavailable
        If the store cannot be written; then nothing is deleted.
    """
    whose = estimates.c.pseudonym == store.keys.hash_pseudonym(pseudonym)
    with store.database.writing() as connection:
        counts = _delete(connection, whose, by=by, reason=reason, at=at)
        if not counts[0]:
            raise KetresponseError(
                "nothing is kept of a patient of that pseudonym: it has to be the one that was "
                "sent with the requests, letter for letter"
            )
    return counts


def delete_old(store: RecordStore, days: int, *, by: str, at: datetime) -> tuple[int, int]:
    """Delete what is older than the setting allows, with its outcomes.

    Parameters
    ----------
    store : RecordStore
        The records.
    days : int
        How long an estimate is kept.
    by : str
        Who asked.
    at : datetime
        Now, in UTC.

    Returns
    -------
    tuple of int
        How many estimates and how many outcomes were deleted.
    """
    old = estimates.c.at < at - timedelta(days=days)
    with store.database.writing() as connection:
        return _delete(connection, old, by=by, reason=f"{_OLD} {days} days", at=at)


def has_deleted_old(store: RecordStore) -> bool:
    """Return whether records were ever deleted for their age."""
    query = select(deletions.c.id).where(deletions.c.reason.startswith(f"{_OLD} ")).limit(1)
    with store.database.reading() as connection:
        return connection.execute(query).first() is not None


def list_deletions(store: RecordStore) -> list[dict[str, Any]]:
    """Return what was deleted: `at`, `by`, `reason`, and how many `estimates` and `outcomes`."""
    query = select(deletions).order_by(deletions.c.id)
    with store.database.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def _delete(
    connection: Connection, which: ColumnElement[bool], *, by: str, reason: str, at: datetime
) -> tuple[int, int]:
    names = select(estimates.c.request_id).where(which).scalar_subquery()
    connection.execute(delete(feedback).where(feedback.c.request_id.in_(names)))
    theirs = outcomes.c.request_id.in_(names)
    n_outcomes = connection.execute(delete(outcomes).where(theirs)).rowcount
    n_estimates = connection.execute(delete(estimates).where(which)).rowcount
    if n_estimates:
        counts = {"estimates": n_estimates, "outcomes": n_outcomes}
        connection.execute(
            insert(deletions), {"at": at, "by": by, "reason": reason.strip(), **counts}
        )
    return n_estimates, n_outcomes


def rotate_keys(store: RecordStore) -> int:
    """Seal every record with a new key, and drop the keys that are two rotations old.

    The new key is in its file before anything is sealed with it, and a running service takes it
    from there at its next record; wherever this is broken off, every record can be opened, and it
    can be done again. Whoever asks for the same meanwhile waits: of two new keys of one number
    one would be lost.

    Parameters
    ----------
    store : RecordStore
        The records.

    Returns
    -------
    int
        How many values were sealed anew.

    Raises
    ------
    RecordsUnavailable
        If the store cannot be written.
    KetresponseError
        If the key file cannot be written.
    """
    try:
        with locked(store.key_file):
            return _rotate(store)
    except OSError as err:
        raise KetresponseError(f"{store.key_file} cannot be changed: {err.strerror}") from err


def _rotate(store: RecordStore) -> int:
    write_keys(store.keys.with_new_key(), store.key_file)
    done = sum(
        _reseal(store, column, what)
        for column, what in (
            (estimates.c.sealed, "estimates"),
            (outcomes.c.sealed, "outcomes"),
            (feedback.c.sealed, FEEDBACK),
        )
    )
    write_keys(store.keys.without_older(), store.key_file)
    return done


def _reseal(store: RecordStore, column: Any, what: str) -> int:
    """Seal the values of a column anew, some at a time, so that a service can write in between."""
    table = column.table
    (key,) = table.primary_key.columns
    with store.database.reading() as connection:
        names = list(connection.execute(select(key).where(column.is_not(None))).scalars())
    done = 0
    for start in range(0, len(names), _BATCH):
        some = key.in_(names[start : start + _BATCH])
        with store.database.writing() as connection:
            rows = connection.execute(select(key, table.c.request_id, column).where(some)).all()
            for name, request_id, sealed in rows:
                if not store.keys.is_current(sealed):
                    value = store.keys.unseal(sealed, what, request_id)
                    fresh = store.keys.seal(value, what, request_id)
                    connection.execute(update(table).where(key == name).values({column: fresh}))
                    done += 1
    return done
