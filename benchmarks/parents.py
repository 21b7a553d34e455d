"""Rows that others refer to, brought into another database before a plain COPY is measured."""

from __future__ import annotations

from psycopg import sql

from prometheus.store.connections import connect

PARENTS = ("markets", "issuers", "instruments", "portfolios", "strategies", "engine_configs")


def copy_parents(source: str, target: str) -> None:
    """Insert the parents that the target lacks."""
    with connect(source) as here, connect(target) as there:
        for table in PARENTS:
            name, staging = sql.Identifier(table), sql.Identifier(f"new_{table}")
            there.execute(
                sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT * FROM {} WITH NO DATA").format(
                    staging, name
                )
            )
            with (
                here.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(name)) as rows,
                there.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(staging)) as copy,
            ):
                for row in rows:
                    copy.write(row)
            there.execute(
                sql.SQL("INSERT INTO {} SELECT * FROM {} ON CONFLICT DO NOTHING").format(name, staging)
            )
