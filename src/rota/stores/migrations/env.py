"""Runs the migrations on the connection that `rota.stores.schema.migrate` hands over."""

from alembic import context

from rota.stores import schedule_tables, tables  # noqa: F401 - they are in the metadata once they are imported
from rota.stores.metadata import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=False)
context.run_migrations()
