"""Runs migrations on the connection that `Registry.open` hands over."""

from alembic import context

from cloud.registry.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
