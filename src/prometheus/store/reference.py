"""Upserts and reads of the reference tables. Registering twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from psycopg import sql

from prometheus.schema.tables import TABLES
from prometheus.schema.tables.reference import INSTRUMENTS, ISSUERS, MARKETS, PORTFOLIOS, STRATEGIES
from prometheus.schema.tables.spec import TableSpec
from prometheus.store.copying import Connection, frame_of

if TYPE_CHECKING:
    import polars as pl


class Entity(Protocol):
    """What can be registered: something that says itself as a row."""

    def row(self) -> Mapping[str, Any]:
        """Return the values by column."""
        ...


def register_markets(connection: Connection, markets: Sequence[Entity]) -> int:
    """Insert or update markets; return how many rows were written."""
    return _upsert(connection, MARKETS, markets)


def register_issuers(connection: Connection, issuers: Sequence[Entity]) -> int:
    """Insert or update issuers; return how many rows were written."""
    return _upsert(connection, ISSUERS, issuers)


def register_instruments(connection: Connection, instruments: Sequence[Entity]) -> int:
    """Insert or update instruments; return how many rows were written. Their issuers come first."""
    return _upsert(connection, INSTRUMENTS, instruments)


def register_portfolio(connection: Connection, portfolio: Entity) -> int:
    """Insert or update a portfolio; return 0 when nothing changed."""
    return _upsert(connection, PORTFOLIOS, [portfolio])


def register_strategy(connection: Connection, strategy: Entity) -> int:
    """Insert or update a strategy; return 0 when nothing changed."""
    return _upsert(connection, STRATEGIES, [strategy])


def market_row(connection: Connection, market_id: str) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return ``calendar_spec`` and ``metadata`` of a market; None when it is not registered."""
    found = connection.execute(
        "SELECT calendar_spec, metadata FROM markets WHERE market_id = %s", [market_id]
    ).fetchone()
    return None if found is None else (found[0], found[1])


def symbol_spans(connection: Connection, market_id: str) -> pl.DataFrame:
    """Return which instrument of a market had which symbol when.

    Returns
    -------
    polars.DataFrame
        ``symbol``, ``instrument_id``, ``currency``, ``first`` and ``last`` (days under the symbol, both
        included, null where unknown), ``listed``, ``delisted``, ``seen``, the first day on which a source
        saw it under the symbol, and ``former``, the last day before that on which it is known under another
        one. One row for each time that an instrument had a symbol; one without
        ``metadata.symbols`` has its own with open ends.
    """
    import polars as pl

    query = sql.SQL(
        "SELECT s.symbol, i.instrument_id, i.currency, s.first, s.last, (i.metadata ->> 'listed')::date,"
        " (i.metadata ->> 'delisted')::date, s.seen, s.former"
        " FROM instruments i CROSS JOIN LATERAL ("
        "  SELECT e ->> 'symbol' AS symbol, (e ->> 'first')::date AS first, (e ->> 'last')::date AS last,"
        "   (e ->> 'seen')::date AS seen,"
        "   (SELECT max(d)::date FROM jsonb_array_elements(i.metadata -> 'symbols') o,"
        "    unnest(ARRAY[o ->> 'first', o ->> 'last', o ->> 'seen', o ->> 'seen_until']) d"
        "    WHERE o ->> 'symbol' <> e ->> 'symbol' AND d < e ->> 'seen') AS former"
        "  FROM jsonb_array_elements(i.metadata -> 'symbols') e"
        "  UNION ALL SELECT i.symbol, NULL, NULL, NULL, NULL"
        "  WHERE NOT coalesce(i.metadata -> 'symbols', '[]') @> jsonb_build_array(jsonb_build_object("
        "   'symbol', i.symbol))) s"
        " WHERE i.market_id = %s ORDER BY s.symbol, i.instrument_id, s.first NULLS FIRST"
    )
    schema = {"symbol": pl.String, "instrument_id": pl.String, "currency": pl.String} | dict.fromkeys(
        ("first", "last", "listed", "delisted", "seen", "former"), pl.Date
    )
    return frame_of(connection, query, [market_id], schema)


def hold_reference(connection: Connection, market_id: str) -> datetime:
    """Let no other delivery of reference files to a market in until the transaction ends; return its time."""
    found = connection.execute(
        "SELECT now(), pg_advisory_xact_lock(hashtextextended('instruments ' || %s, 0))", [market_id]
    ).fetchone()
    assert found is not None
    moment: datetime = found[0]
    return moment


def reference_rows(
    connection: Connection, market_id: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return all issuers, and the instruments of a market, as rows by column."""
    issuers = ("issuer_id", "issuer_type", "name", "country", "sector", "industry", "metadata")
    instruments = (
        "instrument_id", "issuer_id", "market_id", "asset_class", "symbol", "exchange", "currency", "status",
        "metadata",
    )  # fmt: skip
    return (
        _rows(connection, ISSUERS, issuers, sql.SQL("ORDER BY issuer_id")),
        _rows(
            connection,
            INSTRUMENTS,
            instruments,
            sql.SQL("WHERE market_id = {} ORDER BY instrument_id").format(market_id),
        ),
    )


def share_reference(connection: Connection, market_id: str) -> None:
    """Let no delivery of reference files to a market in until the transaction ends; prices may come."""
    connection.execute(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('instruments ' || %s, 0))", [market_id]
    )


def named_elsewhere(
    connection: Connection, database: str, instrument_ids: Sequence[str], issuer_ids: Sequence[str]
) -> tuple[set[str], set[str]]:
    """Return which instruments and which issuers tables of a database name, those of reference aside."""
    found: dict[str, set[str]] = {}
    for column, ids in (("instrument_id", list(instrument_ids)), ("issuer_id", list(issuer_ids))):
        named = found.setdefault(column, set())
        for spec in TABLES.values():
            if spec.database != database or column not in spec.column_names or spec in (INSTRUMENTS, ISSUERS):
                continue
            query = sql.SQL(
                "SELECT i FROM unnest(%s::text[]) i WHERE EXISTS (SELECT FROM {} t WHERE t.{} = i)"
            ).format(sql.Identifier(spec.name), sql.Identifier(column))
            named.update(row[0] for row in connection.execute(query, [ids]))
    return found["instrument_id"], found["issuer_id"]


def forget(connection: Connection, instrument_ids: Sequence[str], issuer_ids: Sequence[str]) -> None:
    """Delete instruments, then issuers, that turned out to be others; no other table may name them."""
    connection.execute("DELETE FROM instruments WHERE instrument_id = ANY(%s)", [list(instrument_ids)])
    connection.execute("DELETE FROM issuers WHERE issuer_id = ANY(%s)", [list(issuer_ids)])


def release_symbols(connection: Connection, instrument_ids: Sequence[str]) -> None:
    """Take instruments out of the active ones until they are registered anew, in the same transaction.

    One symbol may go from one to the other among them, in whatever order they are written.
    """
    connection.execute(
        "UPDATE instruments SET status = 'SUSPENDED' WHERE instrument_id = ANY(%s) AND status = 'ACTIVE'",
        [list(instrument_ids)],
    )


def _rows(
    connection: Connection, spec: TableSpec, columns: Sequence[str], tail: sql.SQL | sql.Composed
) -> list[dict[str, Any]]:
    query = sql.SQL("SELECT {} FROM {} {}").format(_names(columns), sql.Identifier(spec.name), tail)
    return [dict(zip(columns, row, strict=True)) for row in connection.execute(query)]


def _upsert(connection: Connection, spec: TableSpec, entities: Sequence[Entity]) -> int:
    """Write what is new or differs.

    A null in the new row does not erase what is known, and members of ``metadata`` are added to those
    already there: two sources may each know a part.
    """
    rows = [entity.row() for entity in entities]
    if not rows:
        return 0
    columns = [name for name in spec.column_names if name in rows[0]]
    values = [name for name in columns if name not in spec.key]
    merged = [_merged(spec, name) for name in values]
    statement = sql.SQL(
        "INSERT INTO {table} AS t ({columns}) VALUES ({places}) ON CONFLICT ({key}) DO UPDATE"
        " SET ({values}) = ROW ({merged}) WHERE ({current}) IS DISTINCT FROM ({merged})"
    ).format(
        table=sql.Identifier(spec.name),
        columns=_names(columns),
        places=sql.SQL(", ").join(sql.Placeholder() for _ in columns),
        key=_names(spec.key),
        values=_names(values),
        merged=sql.SQL(", ").join(merged),
        current=sql.SQL(", ").join(sql.Identifier("t", name) for name in values),
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[_sent(row[name]) for name in columns] for row in rows])
        return max(cursor.rowcount, 0)


def _merged(spec: TableSpec, name: str) -> sql.Composed:
    ours, theirs = sql.Identifier("t", name), sql.Identifier("excluded", name)
    if name == "metadata":
        return sql.SQL("{} || {}").format(ours, theirs)
    if spec.column(name).nullable:
        return sql.SQL("coalesce({}, {})").format(theirs, ours)
    return sql.SQL("{}").format(theirs)


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _sent(value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else value
