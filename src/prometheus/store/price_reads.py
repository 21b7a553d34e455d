"""What is stored of prices, as the price door asks for it: packed, digested, or next to a delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import psycopg
from psycopg import sql

from prometheus.store.connections import sibling
from prometheus.store.copying import Connection, frame_of

if TYPE_CHECKING:
    import polars as pl

BAR = ("open", "high", "low", "close", "volume")
VALUES = ("open", "high", "low", "close", "adjusted_close", "volume", "split", "dividend")
ACTIONS = ("split", "dividend")
NAN = r"\x7ff8000000000000"
IDS_FOR_TWO = 50
"""Instruments in either half from which on a second connection is worth its opening."""
POSTGRES_EPOCH = np.datetime64("2000-01-01", "D")


def adjustment_factors(
    connection: Connection, prices: pl.DataFrame, *, side: Literal["before", "after"]
) -> pl.DataFrame:
    """Return adjusted close over close of each instrument's nearest row before, or after, these prices.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    prices : polars.DataFrame
        ``instrument_id`` and ``trade_date``.
    side : {"before", "after"}
        Where to look.

    Returns
    -------
    polars.DataFrame
        ``instrument_id``, ``factor``, the row's ``close`` and its date ``day``; instruments without such
        a row are left out. The factor of a row after is without its own split and dividend: it is the one
        that these prices must end with.
    """
    import polars as pl

    date = pl.col("trade_date")
    ends = prices.group_by("instrument_id").agg(date.min() if side == "before" else date.max())
    # What the row after adjusts by itself is taken out of its factor again.
    event = (
        "coalesce((metadata ->> 'split')::double precision, 1)"
        " + coalesce((metadata ->> 'dividend')::double precision, 0) / close"
    )
    operator, order, own = ("<", "DESC", "1") if side == "before" else (">", "ASC", event)
    query = sql.SQL(
        "SELECT g.id, p.factor, p.close, p.trade_date"
        " FROM unnest(%s::text[], %s::date[]) AS g (id, day) CROSS JOIN LATERAL ("
        "SELECT adjusted_close / close / ({}) AS factor, close, trade_date FROM prices_daily"
        " WHERE instrument_id = g.id AND trade_date {} g.day ORDER BY trade_date {} LIMIT 1) p"
    ).format(sql.SQL(own), sql.SQL(operator), sql.SQL(order))
    parameters = [ends["instrument_id"].to_list(), ends["trade_date"].to_list()]
    schema = {"instrument_id": pl.String, "factor": pl.Float64, "close": pl.Float64, "day": pl.Date}
    return frame_of(connection, query, parameters, schema)


def instruments_with_rows_between(connection: Connection, holes: pl.DataFrame) -> list[str]:
    """Return the instruments of which a row is stored inside a hole, ascending.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    holes : polars.DataFrame
        ``instrument_id``, ``former`` and ``trade_date``: the days on both sides, themselves not inside.
    """
    if holes.is_empty():
        return []
    query = sql.SQL(
        "SELECT DISTINCT g.id FROM unnest(%s::text[], %s::date[], %s::date[]) AS g (id, former, day)"
        " CROSS JOIN LATERAL (SELECT FROM prices_daily WHERE instrument_id = g.id"
        "  AND trade_date > g.former AND trade_date < g.day LIMIT 1) p ORDER BY 1"
    )
    parameters = [holes[name].to_list() for name in ("instrument_id", "former", "trade_date")]
    return [row[0] for row in connection.execute(query, parameters).fetchall()]


def stored_around(connection: Connection, ends: pl.DataFrame) -> pl.DataFrame:
    """Return what is stored on the first and the last day of deliveries, and next to these.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    ends : polars.DataFrame
        ``instrument_id``, ``first`` and ``last``.

    Returns
    -------
    polars.DataFrame
        ``instrument_id``, ``before``, ``on_first``, ``on_last`` and ``after`` (closes), and the splits
        ``first_split`` and ``after_split``, 1 for none; instruments of which no end is stored together with
        the row next to it are left out.
    """
    import polars as pl

    query = sql.SQL(
        "SELECT g.id, b.close, f.close, l.close, a.close,"
        " coalesce((f.metadata ->> 'split')::double precision, 1),"
        " coalesce((a.metadata ->> 'split')::double precision, 1)"
        " FROM unnest(%s::text[], %s::date[], %s::date[]) AS g (id, first, last)"
        " LEFT JOIN LATERAL (SELECT close FROM prices_daily WHERE instrument_id = g.id"
        "  AND trade_date < g.first ORDER BY trade_date DESC LIMIT 1) b ON true"
        " LEFT JOIN prices_daily f ON f.instrument_id = g.id AND f.trade_date = g.first"
        " LEFT JOIN prices_daily l ON l.instrument_id = g.id AND l.trade_date = g.last"
        " LEFT JOIN LATERAL (SELECT close, metadata FROM prices_daily WHERE instrument_id = g.id"
        "  AND trade_date > g.last ORDER BY trade_date LIMIT 1) a ON true"
        " WHERE (b.close IS NOT NULL AND f.close IS NOT NULL)"
        " OR (a.close IS NOT NULL AND l.close IS NOT NULL)"
    )
    names = ("before", "on_first", "on_last", "after", "first_split", "after_split")
    schema = {"instrument_id": pl.String} | dict.fromkeys(names, pl.Float64)
    return frame_of(connection, query, [ends[name].to_list() for name in ends.columns], schema)


def stored_digests(
    connection: Connection, ids: Sequence[str], *, first: date, last: date
) -> Mapping[str, tuple[int, bytes, bytes]]:
    """Return the number of rows, the digest of the bars and that of the adjusted closes of instruments.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    ids : sequence of str
        The instruments; those without rows are left out.
    first, last : datetime.date
        The dates, both included.

    Notes
    -----
    A server computes one statement on one core, so many instruments are asked for in two halves, the other of
    them by a connection of its own: it doesn't see what the caller's transaction has written of them. Where
    there is none to be had, or it would have to wait for a lock, the caller's answers for both.

    SHA-256 of dates as int32, and of open, high, low, close and volume and, apart, adjusted close as float64,
    all big endian, null as the usual NaN, in the order of the dates.
    """
    middle = len(ids) // 2
    if middle < IDS_FOR_TWO:
        return _digests(connection, ids, first, last)
    with ThreadPoolExecutor(1) as aside:
        half = aside.submit(_digests_aside, connection, ids[middle:], first, last)
        found = _digests(connection, ids[:middle], first, last)
        others = half.result()
    return {**found, **(_digests(connection, ids[middle:], first, last) if others is None else others)}


def _digests_aside(
    connection: Connection, ids: Sequence[str], first: date, last: date
) -> dict[str, tuple[int, bytes, bytes]] | None:
    """Return the digests as another connection sees them; None where it can't be had at once.

    Whoever waits for a lock on the table waits for the caller's transaction: this one must not wait for them.
    """
    try:
        with sibling(connection) as other:
            other.execute("LOCK TABLE prices_daily IN ACCESS SHARE MODE NOWAIT")
            return _digests(other, ids, first, last)
    except psycopg.OperationalError:
        return None


def _digests(
    connection: Connection, ids: Sequence[str], first: date, last: date
) -> dict[str, tuple[int, bytes, bytes]]:
    packed = ["date_send(trade_date)", *(f"coalesce(float8send({name}), '{NAN}'::bytea)" for name in BAR)]
    statement = sql.SQL(
        "SELECT instrument_id, count(*), sha256(string_agg({}, ''::bytea ORDER BY trade_date)),"
        " sha256(string_agg(float8send(adjusted_close), ''::bytea ORDER BY trade_date)) FROM prices_daily"
        " WHERE instrument_id = ANY(%s) AND trade_date BETWEEN %s AND %s GROUP BY instrument_id"
    ).format(sql.SQL(" || ".join(packed)))
    with connection.cursor(binary=True) as cursor:
        found = cursor.execute(statement, [list(ids), first, last]).fetchall()
    return {instrument: (n, bytes(bars), bytes(adjusted)) for instrument, n, bars, adjusted in found}


def stored_actions(connection: Connection, ids: Sequence[str], *, first: date, last: date) -> pl.DataFrame:
    """Return the rows with splits and dividends: the key, ``split`` and ``dividend``, sorted by the key."""
    import polars as pl

    query = sql.SQL(
        "SELECT instrument_id, trade_date, (metadata ->> 'split')::double precision,"
        " (metadata ->> 'dividend')::double precision FROM prices_daily"
        " WHERE instrument_id = ANY(%s) AND trade_date BETWEEN %s AND %s"
        " AND (metadata ? 'split' OR metadata ? 'dividend') ORDER BY 1, 2"
    )
    schema = {"instrument_id": pl.String, "trade_date": pl.Date, "split": pl.Float64, "dividend": pl.Float64}
    return frame_of(connection, query, [list(ids), first, last], schema)


def stored_prices(connection: Connection, ids: Sequence[str], first: date, last: date) -> pl.DataFrame:
    """Return the key and the values of what is stored of instruments between two dates, both included.

    One value an instrument crosses the wire, its rows packed in PostgreSQL's binary format: a row each
    would cost ten times as long. Instruments come in any order, so do their rows.
    """
    where = "prices_daily WHERE instrument_id = ANY(%s) AND trade_date BETWEEN %s AND %s"
    return _unpacked(connection, where, [list(ids), first, last])


def stored_spans(connection: Connection, spans: pl.DataFrame) -> pl.DataFrame:
    """Return the same as `stored_prices`, of each instrument between dates of its own.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    spans : polars.DataFrame
        ``instrument_id``, ``first`` and ``last``, both included; one row an instrument.
    """
    where = (
        "unnest(%s::text[], %s::date[], %s::date[]) AS g (id, first, last)"
        " JOIN prices_daily ON instrument_id = g.id AND trade_date BETWEEN g.first AND g.last"
    )
    return _unpacked(
        connection, where, [spans[name].to_list() for name in ("instrument_id", "first", "last")]
    )


def _unpacked(connection: Connection, where: str, parameters: Sequence[object]) -> pl.DataFrame:
    """Return the rows of a FROM and WHERE clause; they come packed."""
    import polars as pl

    packed = [f"coalesce(float8send({name}), '{NAN}'::bytea)" for name in VALUES if name not in ACTIONS]
    packed += [
        f"CASE WHEN metadata ? '{name}' THEN float8send((metadata ->> '{name}')::double precision)"
        f" ELSE '{NAN}'::bytea END"
        for name in ACTIONS
    ]
    statement = sql.SQL(
        "SELECT instrument_id, string_agg(date_send(trade_date) || {}, ''::bytea) FROM {}"
        " GROUP BY instrument_id"
    ).format(sql.SQL(" || ".join(packed)), sql.SQL(where))
    layout = np.dtype([("date", ">i4"), *((name, ">f8") for name in VALUES)])
    with connection.cursor(binary=True) as cursor:
        blobs = cursor.execute(statement, parameters).fetchall()
    rows = [np.frombuffer(blob, dtype=layout) for _, blob in blobs]
    if not rows:
        schema = {"instrument_id": pl.String, "trade_date": pl.Date} | dict.fromkeys(VALUES, pl.Float64)
        return pl.DataFrame(schema=schema)
    together = np.concatenate(rows)
    names = pl.Series([instrument for instrument, _ in blobs], dtype=pl.String)
    owner = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
    numbers = {name: together[name].astype("<f8") for name in VALUES}
    dates = POSTGRES_EPOCH + together["date"].astype(np.int64)
    return pl.DataFrame(
        {"instrument_id": names.gather(owner), "trade_date": pl.Series(dates).cast(pl.Date)} | numbers
    ).with_columns(pl.col(VALUES).fill_nan(None))
