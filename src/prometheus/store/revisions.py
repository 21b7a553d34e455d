"""Corrections of rows that keep every version they replace, for any table with a key, values and metadata.

A corrected row takes the new values and metadata. Its former values go to the end of ``metadata.revisions``
with the members of ``metadata`` that belong to the version, ``until`` (the moment up to which it was
believed) and ``replaced_by`` (the batch that brought the new one).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg import sql

from prometheus.kernel.errors import ConfigError
from prometheus.store.copying import Connection, copy_frame

if TYPE_CHECKING:
    import polars as pl

UNTIL = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
"""How a moment in UTC stands in ``metadata``, so that texts sort as times do."""


def present_time(connection: Connection) -> datetime:
    """Return the present time, by the server's clock; not that of the transaction, which may have waited."""
    found = connection.execute("SELECT clock_timestamp()").fetchone()
    assert found is not None
    moment: datetime = found[0]
    return moment


def refuse_future(connection: Connection, known_at: datetime | None) -> None:
    """Refuse a delivery that is said to become known later than now, by the server's clock.

    Raises
    ------
    ConfigError
        A moment to come lets rows in that nobody can have yet, and stands before every correction until then.
    """
    if known_at is None:
        return
    now = present_time(connection)
    if known_at > now:
        raise ConfigError(
            f"known_at {known_at:%Y-%m-%dT%H:%M:%SZ} is still to come: it is {now:%Y-%m-%dT%H:%M:%SZ}.",
            remedy="Leave --known-at out for a delivery of now, or mend its date.",
        )


def correct_rows(
    connection: Connection,
    table: str,
    rows: pl.DataFrame,
    *,
    key: Sequence[str],
    values: Sequence[str],
    members: Sequence[str],
    batch: str,
    known_at: datetime,
) -> int:
    """Give rows new values, their former version appended to ``metadata.revisions``; return their number.

    Parameters
    ----------
    connection : Connection
        The transaction is the caller's, and so is the lock that keeps other writers out.
    table : str
        Has ``metadata``.
    rows : polars.DataFrame
        Key, values and ``metadata`` (JSON as text) of the new versions.
    key, values : sequence of str
        Columns.
    members : sequence of str
        Members of ``metadata`` that a version takes along; those that it hasn't are left out.
    batch : str
        Short id of the INGEST decision.
    known_at : datetime
        The moment until which the former versions were believed.
    """
    if rows.height == 0:
        return 0
    staging = f"corrected_{table}"
    names = {"table": sql.Identifier(table), "staging": sql.Identifier(staging)}
    connection.execute(
        sql.SQL("CREATE TEMP TABLE {staging} (LIKE {table} INCLUDING DEFAULTS) ON COMMIT DROP").format(
            **names
        )
    )
    copy_frame(connection, staging, rows, columns=[*key, *values, "metadata"])
    former = sql.SQL(", ").join(
        sql.SQL("{}, p.{}").format(sql.Literal(name), sql.Identifier(name)) for name in values
    )
    kept = sql.SQL(", ").join(sql.SQL("{0}, p.metadata -> {0}").format(sql.Literal(name)) for name in members)
    written = connection.execute(
        sql.SQL(
            "UPDATE {table} p SET {assigned}, metadata = n.metadata || jsonb_build_object('revisions',"
            " coalesce(p.metadata -> 'revisions', '[]') || jsonb_build_array("
            "  jsonb_build_object({former},"
            "   'until', to_char(%s::timestamptz AT TIME ZONE 'UTC', {shape}), 'replaced_by', %s::text)"
            "  || jsonb_strip_nulls(jsonb_build_object({kept}))))"
            " FROM {staging} n WHERE {is_same}"
        ).format(
            **names,
            assigned=sql.SQL(", ").join(sql.SQL("{0} = n.{0}").format(sql.Identifier(v)) for v in values),
            former=former,
            kept=kept,
            shape=sql.Literal(UNTIL),
            is_same=sql.SQL(" AND ").join(sql.SQL("p.{0} = n.{0}").format(sql.Identifier(k)) for k in key),
        ),
        [known_at, batch],
    ).rowcount
    connection.execute(sql.SQL("DROP TABLE {staging}").format(**names))
    return written
