"""Recomputed tables: what differs is written, what follows from nothing any more goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg import sql

from prometheus.flow.storage import About, Written
from prometheus.schema.tables import TABLES
from prometheus.store.copying import Connection, copy_frame

if TYPE_CHECKING:
    import polars as pl

_SPAN = "{column} = ANY(%(values)s) AND {date} BETWEEN %(first)s AND %(last)s"


@contextmanager
def one_derivation(connection: Connection, market_id: str) -> Iterator[None]:
    """Let one derivation of a market run at a time: what reads prices last writes last.

    Parameters
    ----------
    connection : Connection
        To the historical database, in autocommit: the lock is the session's, and goes with it at the latest.
    market_id : str
    """
    lock = "hashtextextended('derive ' || %s, 0)"
    connection.execute(f"SELECT pg_advisory_lock({lock})".encode(), [market_id])
    try:
        yield
    finally:
        connection.execute(f"SELECT pg_advisory_unlock({lock})".encode(), [market_id])


def upsert_derived(connection: Connection, table: str, frame: pl.DataFrame, about: About) -> Written:
    """Let a recomputed table hold these rows of all that they are about, and no others.

    Parameters
    ----------
    connection : Connection
        To the database that holds the table; the transaction is the caller's.
    table : str
        A table of mutability "recomputed".
    frame : polars.DataFrame
        The key and any other columns of the table, one row a key, all within ``about``. Columns that are
        left out take their defaults and are not compared.
    about : About
        Its column is one of the key's.

    Notes
    -----
    Where the table has nothing about these the rows are copied straight in. Otherwise they are copied into a
    temporary table and merged: a row that is the same stays untouched on its page.
    """
    spec = TABLES[table]
    date = spec.as_of or spec.key[-1]
    staging = f"new_{table}"
    values = [name for name in frame.columns if name not in spec.key]
    parts = {
        "target": sql.Identifier(table),
        "staging": sql.Identifier(staging),
        "column": sql.Identifier(about.column),
        "date": sql.Identifier(date),
        "columns": sql.SQL(", ").join(map(sql.Identifier, frame.columns)),
        "is_same_key": _all_equal(spec.key),
        "assigned": sql.SQL(", ").join(sql.SQL("{0} = n.{0}").format(sql.Identifier(v)) for v in values),
        "ours": sql.SQL(", ").join(sql.Identifier("t", v) for v in values),
        "theirs": sql.SQL(", ").join(sql.Identifier("n", v) for v in values),
    }
    span = {"values": list(about.values), "first": str(about.first), "last": str(about.last)}
    # SHARE ROW EXCLUSIVE lets readers on and makes a second writer wait.
    connection.execute(sql.SQL("LOCK TABLE {target} IN SHARE ROW EXCLUSIVE MODE").format(**parts))
    if not _holds_any(connection, parts, span):
        return Written(n_new=copy_frame(connection, table, frame))
    connection.execute(
        sql.SQL(
            "CREATE TEMP TABLE {staging} ON COMMIT DROP AS SELECT {columns} FROM {target} WITH NO DATA"
        ).format(**parts)
    )
    copy_frame(connection, staging, frame)
    connection.execute(sql.SQL("ANALYZE {staging}").format(**parts))
    n_removed = connection.execute(
        sql.SQL(
            f"DELETE FROM {{target}} t WHERE {_SPAN}"
            " AND NOT EXISTS (SELECT FROM {staging} n WHERE {is_same_key})"
        ).format(**parts),
        span,
    ).rowcount
    n_changed = connection.execute(
        sql.SQL(
            "UPDATE {target} t SET {assigned} FROM {staging} n"
            " WHERE {is_same_key} AND ({ours}) IS DISTINCT FROM ({theirs})"
        ).format(**parts)
    ).rowcount
    n_new = connection.execute(
        sql.SQL(
            "INSERT INTO {target} ({columns}) SELECT {columns} FROM {staging} n"
            " WHERE NOT EXISTS (SELECT FROM {target} t WHERE {is_same_key})"
        ).format(**parts)
    ).rowcount
    connection.execute(sql.SQL("DROP TABLE {staging}").format(**parts))
    return Written(n_new, n_changed, frame.height - n_new - n_changed, n_removed)


def _holds_any(
    connection: Connection, parts: Mapping[str, sql.Composable], span: Mapping[str, object]
) -> bool:
    """Return whether a table has a row about these: one look into its key for each of them."""
    found = connection.execute(
        sql.SQL(
            "SELECT 1 FROM unnest(%(values)s::text[]) v (value) CROSS JOIN LATERAL (SELECT FROM {target}"
            " WHERE {column} = v.value AND {date} BETWEEN %(first)s AND %(last)s LIMIT 1) t LIMIT 1"
        ).format(**parts),
        span,
    )
    return found.fetchone() is not None


def _all_equal(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL("t.{0} = n.{0}").format(sql.Identifier(name)) for name in names)
