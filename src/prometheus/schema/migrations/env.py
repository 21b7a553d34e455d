"""Run by Alembic for each migration; the connection and its transaction come from store/migrations.py."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="version",
    version_table_schema="alembic",
)
context.run_migrations()
