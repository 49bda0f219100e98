"""Estimates, the outcomes reported for them, and what was deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "estimates",
        sa.Column("request_id", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("caller", sa.String(200), nullable=False),
        sa.Column("pseudonym", sa.String(64)),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("model_digest", sa.String(64), nullable=False),
        sa.Column("card_sha256", sa.String(64)),
        sa.Column("status", sa.String(60), nullable=False),
        sa.Column("submodel", sa.String(20), nullable=False),
        sa.Column("in_scope", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("estimates_of_patient", "estimates", ["pseudonym"])
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "request_id",
            sa.String(64),
            sa.ForeignKey("estimates.request_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("reported_at", sa.DateTime, nullable=False),
        sa.Column("caller", sa.String(200), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("outcomes_of_estimate", "outcomes", ["request_id"])
    op.create_table(
        "deletions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("estimates", sa.Integer, nullable=False),
        sa.Column("outcomes", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables, with all that is in them."""
    for name in ("deletions", "outcomes", "estimates"):
        op.drop_table(name)
