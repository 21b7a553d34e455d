"""Reads of rows of the runtime tables in the form in which they travel between steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from psycopg import sql

from prometheus.flow.batch import Assets, Context
from prometheus.flow.rows import Coded, Column, Rows
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.errors import FlowError
from prometheus.kernel.ids import positions_of
from prometheus.kernel.sessions import Sessions
from prometheus.schema.tables import TABLES, ColumnSpec, TableSpec

_CONTEXT = ("strategy_id", "market_id", "portfolio_id", "mode")


def read_rows(
    connection: psycopg.Connection[Any],
    table: str,
    *,
    context: Context,
    assets: Assets,
    sessions: Sessions,
    first: int,
    last: int,
    decisions: Sequence[bytes],
) -> Rows:
    """Return the rows of a table that are about the sessions from first to last.

    Of an engine output, and of orders, the rows of these decisions are read, whatever other versions stand
    beside them. A row with a moment instead of a date belongs to the first session that closes
    at that moment or after it.
    """
    spec = TABLES[table]
    wanted = [c for c in spec.columns if c.default != "identity" and c.name not in ("created_at", spec.as_of)]
    if spec.as_of == "timestamp":
        wanted.append(spec.column("timestamp"))
    about, where, values = _filters(spec, context, sessions, first, last)
    if spec.natural or spec.name == "orders":
        decision = "(metadata ->> 'decision_id')::uuid" if spec.natural else "decision_id"
        where.append(sql.SQL(f"{decision} = ANY(%s)"))
        values.append([UUID(bytes=one) for one in decisions])
    statement = sql.SQL("SELECT {}, {} FROM {} WHERE {} ORDER BY 1").format(
        sql.Identifier(about),
        sql.SQL(", ").join(_selected(column) for column in wanted),
        sql.Identifier(table),
        sql.SQL(" AND ").join(where),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchall()
    if not found:
        return Rows(table, np.zeros(0, dtype=np.int64), {})
    day = _days([row[0] for row in found], about, sessions)
    columns = {
        column.name: _column(column, [row[i] for row in found], assets)
        for i, column in enumerate(wanted, start=1)
    }
    return Rows(table, day, columns)


def _filters(
    spec: TableSpec, context: Context, sessions: Sessions, first: int, last: int
) -> tuple[str, list[sql.Composable], list[Any]]:
    if spec.as_of is None:
        raise FlowError(f"{spec.name} has no date to read by.", remedy="Read another table.")
    values: list[Any]
    where: list[sql.Composable] = [sql.SQL("{0} > %s AND {0} <= %s").format(sql.Identifier(spec.as_of))]
    if spec.as_of == "timestamp":
        values = [_utc(sessions.closes[first - 1]), _utc(sessions.closes[last])]
    else:
        values = [str(sessions.dates[first - 1]), str(sessions.dates[last])]
    for name in _CONTEXT:
        if name in spec.column_names:
            where.append(sql.SQL("{} = %s").format(sql.Identifier(name)))
            values.append(getattr(context, name))
    return spec.as_of, where, values


def _utc(moment: np.datetime64) -> datetime:
    return datetime.fromtimestamp(int(moment.astype("datetime64[s]").astype(np.int64)), tz=UTC)


def _selected(column: ColumnSpec) -> sql.Composable:
    name = sql.Identifier(column.name)
    return sql.SQL("{}::text").format(name) if column.type == "json" else name


def _days(moments: list[Any], about: str, sessions: Sessions) -> IntArray:
    if about == "timestamp":
        at = np.array([m.astimezone(UTC).replace(tzinfo=None) for m in moments], dtype="datetime64[s]")
        return np.searchsorted(sessions.closes, at).astype(np.int64)
    return np.searchsorted(sessions.dates, np.array(moments, dtype="datetime64[D]")).astype(np.int64)


def _column(spec: ColumnSpec, values: list[Any], assets: Assets) -> Column:
    if spec.name == "instrument_id":
        return Coded(positions_of(values, assets.ids), assets.ids)
    if spec.type in ("real8", "unit"):
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    if spec.type in ("integer", "bigint"):
        return np.array(values, dtype=np.int64)
    if spec.type == "uuid":
        return np.frombuffer(b"".join(v.bytes for v in values), dtype=np.uint8).reshape(-1, 16)
    if spec.type == "timestamptz":
        return np.array([v.astimezone(UTC).replace(tzinfo=None) for v in values], dtype="datetime64[s]")
    if spec.type in ("text", "text[]"):
        place: dict[Any, int] = {}
        keys = [tuple(v) if isinstance(v, list) else v for v in values]
        codes = [-1 if key is None else place.setdefault(key, len(place)) for key in keys]
        return Coded(np.array(codes, dtype=np.int64), list(place))
    return values
