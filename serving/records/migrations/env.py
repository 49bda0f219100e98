"""What Alembic runs for each step: with the connection that it is handed."""

from __future__ import annotations

from alembic import context

from serving.records.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
