"""What is stored of prices, as the price door asks for it: packed, digested, or next to a delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
from psycopg import sql

from prometheus.store.copying import Connection, frame_of

if TYPE_CHECKING:
    import polars as pl

BAR = ("open", "high", "low", "close", "volume")
VALUES = ("open", "high", "low", "close", "adjusted_close", "volume", "split", "dividend")
ACTIONS = ("split", "dividend")
NAN = r"\x7ff8000000000000"
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
    SHA-256 of dates as int32, and of open, high, low, close and volume and, apart, adjusted close as float64,
    all big endian, null as the usual NaN, in the order of the dates.
    """
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
    import polars as pl

    packed = [f"coalesce(float8send({name}), '{NAN}'::bytea)" for name in VALUES if name not in ACTIONS]
    packed += [
        f"CASE WHEN metadata ? '{name}' THEN float8send((metadata ->> '{name}')::double precision)"
        f" ELSE '{NAN}'::bytea END"
        for name in ACTIONS
    ]
    statement = sql.SQL(
        "SELECT instrument_id, string_agg(date_send(trade_date) || {}, ''::bytea) FROM prices_daily"
        " WHERE instrument_id = ANY(%s) AND trade_date BETWEEN %s AND %s GROUP BY instrument_id"
    ).format(sql.SQL(" || ".join(packed)))
    layout = np.dtype([("date", ">i4"), *((name, ">f8") for name in VALUES)])
    with connection.cursor(binary=True) as cursor:
        blobs = cursor.execute(statement, [list(ids), first, last]).fetchall()
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
