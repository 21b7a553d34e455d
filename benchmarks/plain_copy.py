"""Plain COPY, the raw limit: rows out of a table as bytes, and the same bytes into an empty one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from psycopg import sql

from prometheus.store.connections import connect

FORMATS = ("text", "binary")


def copied_out(
    url: str, tables: Sequence[str], *, layout: str, where: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return the rows of tables in the order in which they lie there."""
    out = {}
    with connect(url) as connection, connection.cursor() as cursor:
        for table in tables:
            condition = (where or {}).get(table)
            rows = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            if condition:
                rows += sql.SQL(" WHERE " + condition)
            with cursor.copy(_to_stdout(rows, layout)) as copy:
                out[table] = b"".join(copy)
    return out


def seconds_in(url: str, rows: Mapping[str, bytes], *, layout: str) -> float:
    """Copy rows in, table by table, each in a transaction of its own, and return how long it took."""
    with connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        start = time.perf_counter()
        for table, raw in rows.items():
            statement = sql.SQL("COPY {} FROM STDIN (FORMAT {})").format(
                sql.Identifier(table),
                sql.SQL(layout),
            )
            with cursor.copy(statement) as copy:
                copy.write(raw)
        return time.perf_counter() - start


def n_rows(url: str, tables: Sequence[str], *, where: Mapping[str, str] | None = None) -> dict[str, int]:
    """Return how many rows tables have."""
    out = {}
    with connect(url) as connection:
        for table in tables:
            condition = (where or {}).get(table, "true")
            statement = sql.SQL("SELECT count(*) FROM {} WHERE " + condition)
            found = connection.execute(statement.format(sql.Identifier(table))).fetchone()
            assert found is not None
            out[table] = int(found[0])
    return out


def _to_stdout(rows: sql.Composed, layout: str) -> sql.Composed:
    return sql.SQL("COPY ({}) TO STDOUT (FORMAT {})").format(rows, sql.SQL(layout))
