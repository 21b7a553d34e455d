"""Delivered factor values keep the versions that a correction replaces."""

from prometheus.schema.migrations.plain_sql import run_sql_beside

revision = "historical_0002"
down_revision = "historical_0001"


def upgrade() -> None:
    run_sql_beside(__file__)
