"""Recomputed tables: only what is new or differs is written."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from psycopg import sql

from prometheus.schema.tables import TABLES
from prometheus.store.copying import Connection, copy_frame

if TYPE_CHECKING:
    import polars as pl


def upsert_derived(connection: Connection, table: str, frame: pl.DataFrame) -> tuple[int, int, int]:
    """Write rows of a recomputed table; return how many were new, changed and the same.

    Parameters
    ----------
    connection : Connection
        To the database that holds the table; the transaction is the caller's.
    table : str
        A table of mutability "recomputed".
    frame : polars.DataFrame
        The key and any other columns of the table, one row a key. Columns that are left out take their
        defaults and are not compared.

    Notes
    -----
    Where the table has no row in the range of dates the rows are copied straight in. Otherwise they are
    copied into a temporary table and merged: a row that is the same stays untouched on its page.
    """
    if frame.height == 0:
        return 0, 0, 0
    spec = TABLES[table]
    target = sql.Identifier(table)
    # SHARE ROW EXCLUSIVE lets readers on and makes a second writer wait.
    connection.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(target))
    date = spec.as_of or spec.key[-1]
    found = connection.execute(
        sql.SQL("SELECT 1 FROM {} WHERE {} BETWEEN %s AND %s LIMIT 1").format(target, sql.Identifier(date)),
        [frame[date].min(), frame[date].max()],
    ).fetchone()
    if found is None:
        return copy_frame(connection, table, frame), 0, 0
    staging = f"new_{table}"
    values = [name for name in frame.columns if name not in spec.key]
    parts = {
        "target": target,
        "staging": sql.Identifier(staging),
        "columns": sql.SQL(", ").join(map(sql.Identifier, frame.columns)),
        "key": sql.SQL(", ").join(map(sql.Identifier, spec.key)),
        "is_same_key": _all_equal(spec.key),
        "assigned": sql.SQL(", ").join(sql.SQL("{0} = n.{0}").format(sql.Identifier(v)) for v in values),
        "ours": sql.SQL(", ").join(sql.Identifier("t", v) for v in values),
        "theirs": sql.SQL(", ").join(sql.Identifier("n", v) for v in values),
    }
    connection.execute(
        sql.SQL(
            "CREATE TEMP TABLE {staging} ON COMMIT DROP AS SELECT {columns} FROM {target} WITH NO DATA"
        ).format(**parts)
    )
    copy_frame(connection, staging, frame)
    connection.execute(sql.SQL("ANALYZE {staging}").format(**parts))
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
    return n_new, n_changed, frame.height - n_new - n_changed


def append_panels(connection: Connection, frame: pl.DataFrame) -> tuple[int, int, int]:
    """Append correlation panels that differ from the latest of their market, settings and last session.

    Parameters
    ----------
    connection : Connection
        To the historical database; the transaction is the caller's.
    frame : polars.DataFrame
        The columns of correlation_panels but for ``created_at``; ``panel_id`` says what is in the row.

    Returns
    -------
    tuple of int
        How many were new, 0 and how many were there.

    Notes
    -----
    Of two panels for one session the later one counts. A panel that comes back after another one took its
    place, because a correction was undone, is a new version: its id ends with its number then.
    """
    import polars as pl

    if frame.height == 0:
        return 0, 0, 0
    connection.execute("LOCK TABLE correlation_panels IN SHARE ROW EXCLUSIVE MODE")
    stored = connection.execute(
        "SELECT split_part(panel_id, '/', 1), universe_spec ->> 'market_id',"
        " universe_spec ->> 'config_id', end_date FROM correlation_panels"
        " WHERE end_date BETWEEN %s AND %s ORDER BY created_at, panel_id",
        [frame["end_date"].min(), frame["end_date"].max()],
    ).fetchall()
    latest = {tuple(about): content for content, *about in stored}
    n_versions = Counter(content for content, *_ in stored)
    ids: list[str | None] = []
    for panel_id, spec, date in frame.select("panel_id", "universe_spec", "end_date").iter_rows():
        about = json.loads(spec)
        if latest.get((about["market_id"], about["config_id"], date)) == panel_id:
            ids.append(None)
        else:
            ids.append(f"{panel_id}/{n_versions[panel_id] + 1}" if n_versions[panel_id] else panel_id)
    new = frame.with_columns(pl.Series("panel_id", ids, dtype=pl.String)).drop_nulls("panel_id")
    copy_frame(connection, "correlation_panels", new)
    return new.height, 0, frame.height - new.height


def _all_equal(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL("t.{0} = n.{0}").format(sql.Identifier(name)) for name in names)
