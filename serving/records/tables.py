"""The tables of the store, as SQLAlchemy has them; the migrations make them.

What is about a patient lies sealed (:mod:`serving.records.keys`) in the columns
`sealed`; the other columns tell who asked what model when, and nothing of the patient.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
)

__all__ = [
    "METADATA",
    "Utc",
    "deletions",
    "estimates",
    "feedback",
    "outcomes",
    "suspensions",
    "tasks",
    "tokens",
]

METADATA = MetaData()


class Utc(TypeDecorator[datetime]):
    """A moment: in UTC in the store, wherever the service stands."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return it without its zone, as UTC."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        """Return it with its zone."""
        return None if value is None else value.replace(tzinfo=UTC)


estimates = Table(
    "estimates",
    METADATA,
    Column("request_id", String(64), primary_key=True),
    Column("at", Utc, nullable=False),
    Column("caller", String(200), nullable=False),
    Column("pseudonym", String(64)),
    Column("model", String(200), nullable=False),
    Column("model_digest", String(64), nullable=False),
    Column("card_sha256", String(64)),
    Column("status", String(60), nullable=False),
    Column("submodel", String(20), nullable=False),
    Column("in_scope", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("comparison", Boolean, nullable=False, server_default=false()),
    Index("estimates_of_patient", "pseudonym"),
)


def _make_reference() -> Column[str]:
    """Return the column that names the estimate of a row, which is deleted with it."""
    estimate = ForeignKey("estimates.request_id", ondelete="CASCADE")
    return Column("request_id", String(64), estimate, nullable=False)


outcomes = Table(
    "outcomes",
    METADATA,
    Column("id", Integer, primary_key=True),
    _make_reference(),
    Column("reported_at", Utc, nullable=False),
    Column("caller", String(200), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("outcomes_of_estimate", "request_id"),
)

feedback = Table(
    "feedback",
    METADATA,
    Column("id", Integer, primary_key=True),
    _make_reference(),
    Column("at", Utc, nullable=False),
    Column("caller", String(200), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("feedback_of_estimate", "request_id"),
)

deletions = Table(
    "deletions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("estimates", Integer, nullable=False),
    Column("outcomes", Integer, nullable=False),
)

tasks = Table(
    "tasks",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("model_digest", String(64), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("text", Text, nullable=False),
    Column("closed_at", Utc),
    Column("closed_by", String(200)),
    Column("comment", Text),
    Index("tasks_of_model", "model_digest"),
)

suspensions = Table(
    "suspensions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("model_digest", String(64), nullable=False),
    Column("at", Utc, nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("lifted_at", Utc),
    Column("lifted_by", String(200)),
    Index("suspensions_of_model", "model_digest"),
)

tokens = Table(
    "tokens",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("until", Utc, nullable=False),
    Index("tokens_by_end", "until"),
)
