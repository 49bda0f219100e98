"""Which estimates were asked for only to be compared, and are nobody's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; what was recorded before was a patient's."""
    op.add_column(
        "estimates", sa.Column("comparison", sa.Boolean, nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("estimates", "comparison")
