"""What became of cards that were shown, and the tokens that must not be shown again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "request_id",
            sa.String(64),
            sa.ForeignKey("estimates.request_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("caller", sa.String(200), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("feedback_of_estimate", "feedback", ["request_id"])
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("until", sa.DateTime, nullable=False),
    )
    op.create_index("tokens_by_end", "tokens", ["until"])


def downgrade() -> None:
    """Drop the tables, with all that is in them."""
    for name in ("tokens", "feedback"):
        op.drop_table(name)
