"""The first version of the runtime database."""

from prometheus.schema.migrations.plain_sql import run_sql_beside

revision = "runtime_0001"
down_revision = None


def upgrade() -> None:
    run_sql_beside(__file__)
