"""Alembic's entry: run migrations on the connection that the store hands over."""

from alembic import context
from sqlmodel import SQLModel

import relayer.rows  # noqa: F401  # the import registers the tables

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
