"""The comment on markets says that deliveries wait there while their prices are written."""

from prometheus.schema.migrations.plain_sql import run_sql_beside

revision = "runtime_0002"
down_revision = "runtime_0001"


def upgrade() -> None:
    run_sql_beside(__file__)
