"""What the watch over a model asks of its reviewers, and models that are suspended meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select, update

from features.errors import KetresponseError
from serving.records.database import Database
from serving.records.tables import suspensions, tasks

__all__ = [
    "Task",
    "close_task",
    "find_suspension",
    "lift_suspension",
    "list_suspensions",
    "list_tasks",
    "open_task",
    "suspend",
]


@dataclass(frozen=True)
class Task:
    """Something that the reviewers of a model are to look at.

    Parameters
    ----------
    id : int
        Its number.
    model_digest : str
        Of the model.
    kind : str
        What was crossed, such as the name of a chart.
    opened_at : datetime
        When, in UTC.
    text : str
        What was found and what to do, in plain words; nothing of one patient.
    closed_at : datetime or None
        When it was dealt with.
    closed_by : str or None
        By whom.
    comment : str or None
        What they found.
    """

    id: int
    model_digest: str
    kind: str
    opened_at: datetime
    text: str
    closed_at: datetime | None = None
    closed_by: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Suspension:
    """A model that gives no estimates for the time being.

    Parameters
    ----------
    id : int
        Its number.
    model_digest : str
        Of the model.
    at : datetime
        Since when, in UTC.
    by : str
        Who suspended it.
    reason : str
        Why, in plain words.
    """

    id: int
    model_digest: str
    at: datetime
    by: str
    reason: str


def open_task(
    database: Database, model_digest: str, kind: str, text: str, *, at: datetime
) -> Task | None:
    """Open a task, unless one of that kind is open for the model; then None is returned.

    Raises
    ------
    RecordsUnavailable
        If it cannot be written.
    """
    row = {"model_digest": model_digest, "kind": kind, "opened_at": at, "text": text}
    alike = (
        select(tasks.c.id)
        .where(tasks.c.model_digest == model_digest, tasks.c.kind == kind)
        .where(tasks.c.closed_at.is_(None))
    )
    with database.writing() as connection:
        if connection.execute(alike).first() is not None:
            return None
        made = connection.execute(insert(tasks).returning(tasks.c.id), row).scalar_one()
    return Task(made, model_digest, kind, at, text)


def list_tasks(database: Database, model_digest: str | None = None) -> list[Task]:
    """Return tasks in the order in which they were opened; None takes those of every model."""
    query = select(tasks).order_by(tasks.c.id)
    if model_digest is not None:
        query = query.where(tasks.c.model_digest == model_digest)
    with database.reading() as connection:
        return [Task(**row._mapping) for row in connection.execute(query)]


def close_task(database: Database, number: int, *, by: str, comment: str, at: datetime) -> None:
    """Close a task with what was found.

    Raises
    ------
    KetresponseError
        If there is no open task of that number.
    """
    change = (
        update(tasks)
        .where(tasks.c.id == number, tasks.c.closed_at.is_(None))
        .values(closed_at=at, closed_by=by, comment=comment)
    )
    with database.writing() as connection:
        if connection.execute(change).rowcount != 1:
            raise KetresponseError(f"there is no open task {number}: list them first")


def suspend(
    database: Database, model_digest: str, *, by: str, reason: str, at: datetime
) -> Suspension:
    """Suspend a model; where it is suspended already, that is returned.

    A running service obeys at its next look, seconds later.

    Raises
    ------
    RecordsUnavailable
        If it cannot be written.
    """
    row = {"model_digest": model_digest, "at": at, "by": by, "reason": reason}
    with database.writing() as connection:
        found = connection.execute(_query_suspension(model_digest)).first()
        if found is not None:
            return _to_suspension(found)
        made = connection.execute(insert(suspensions).returning(suspensions.c.id), row).scalar_one()
    return Suspension(made, model_digest, at, by, reason)


def find_suspension(database: Database, model_digest: str) -> Suspension | None:
    """Return the suspension of a model; None where it is not suspended."""
    with database.reading() as connection:
        found = connection.execute(_query_suspension(model_digest)).first()
    return None if found is None else _to_suspension(found)


def list_suspensions(database: Database) -> list[Suspension]:
    """Return the suspensions that hold, of every model."""
    query = select(suspensions).where(suspensions.c.lifted_at.is_(None))
    with database.reading() as connection:
        return [_to_suspension(row) for row in connection.execute(query.order_by(suspensions.c.id))]


def lift_suspension(database: Database, model_digest: str, *, by: str, at: datetime) -> None:
    """Let a suspended model answer again.

    Raises
    ------
    KetresponseError
        If it is not suspended.
    """
    change = (
        update(suspensions)
        .where(suspensions.c.model_digest == model_digest, suspensions.c.lifted_at.is_(None))
        .values(lifted_at=at, lifted_by=by)
    )
    with database.writing() as connection:
        if not connection.execute(change).rowcount:
            raise KetresponseError("this model is not suspended")


def _query_suspension(model_digest: str) -> Select[Any]:
    return (
        select(suspensions)
        .where(suspensions.c.model_digest == model_digest, suspensions.c.lifted_at.is_(None))
        .order_by(suspensions.c.id)
        .limit(1)
    )


def _to_suspension(row: Row[Any]) -> Suspension:
    return Suspension(row.id, row.model_digest, row.at, row.by, row.reason)
