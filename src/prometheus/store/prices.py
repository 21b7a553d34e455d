"""Bulk writing of prices_daily: new rows are copied, corrections keep the version they replace.

1. Lock the market for the length of the transaction.
2. Read what is stored in the range of the delivery; nothing, for a first delivery.
3. Compare: rows are new, unchanged or corrected.
4. Copy the new ones; update the corrected ones, their former version appended to ``metadata.revisions``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
from psycopg import sql

from prometheus.schema.tables.market import PRICES_DAILY
from prometheus.store.copying import Connection, copy_frame, frame_of

if TYPE_CHECKING:
    import polars as pl

VALUES = ("open", "high", "low", "close", "adjusted_close", "volume", "split", "dividend")
ACTIONS = ("split", "dividend")
KEY = ("instrument_id", "trade_date")
NAN = r"\x7ff8000000000000"
POSTGRES_EPOCH = np.datetime64("2000-01-01", "D")
SAME_ADJUSTMENT = 1e-9
"""Relative difference below which an adjusted close that we computed ourselves has not changed."""


@dataclass(frozen=True, slots=True)
class PriceCounts:
    """What became of the rows of a delivery."""

    n_new: int
    n_corrected: int
    n_unchanged: int

    @property
    def has_changed(self) -> bool:
        """Whether anything was written."""
        return self.n_new + self.n_corrected > 0


def server_time(connection: Connection) -> datetime:
    """Return the time of the transaction, by the server's clock."""
    found = connection.execute("SELECT now()").fetchone()
    assert found is not None
    moment: datetime = found[0]
    return moment


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
        ``instrument_id``, ``factor``; instruments without such a row are left out. That of a row after
        is without its own split and dividend: it is the factor that these prices must end with.
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
        "SELECT g.id, p.factor FROM unnest(%s::text[], %s::date[]) AS g (id, day) CROSS JOIN LATERAL ("
        "SELECT adjusted_close / close / ({}) AS factor FROM prices_daily"
        " WHERE instrument_id = g.id AND trade_date {} g.day ORDER BY trade_date {} LIMIT 1) p"
    ).format(sql.SQL(own), sql.SQL(operator), sql.SQL(order))
    parameters = [ends["instrument_id"].to_list(), ends["trade_date"].to_list()]
    return frame_of(connection, query, parameters, {"instrument_id": pl.String, "factor": pl.Float64})


def write_prices(
    connection: Connection, prices: pl.DataFrame, *, market_id: str, batch: str, known_at: datetime
) -> PriceCounts:
    """Write prices in the transaction of the caller; return how many rows were new, corrected, unchanged.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    prices : polars.DataFrame
        The columns of prices_daily but for metadata, ``split``, ``dividend`` and ``is_computed`` (whether
        the adjusted close is ours); one row a key, sorted by it.
    market_id : str
        Locked meanwhile.
    batch : str
        Short id of the INGEST decision.
    known_at : datetime
        When the delivery became known: the moment until which replaced versions were believed.
    """
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('prices_daily ' || %s, 0))", [market_id]
    )
    stored = _stored(connection, prices)
    if stored.is_empty():
        return PriceCounts(_copy(connection, "prices_daily", prices, batch), 0, 0)
    new, corrected = _compared(prices, stored)
    _copy(connection, "prices_daily", new, batch)
    if corrected.height:
        _correct(connection, corrected, batch, known_at)
    return PriceCounts(new.height, corrected.height, prices.height - new.height - corrected.height)


def rows_of_batch(
    connection: Connection, prices: pl.DataFrame, *, batch: str
) -> tuple[PriceCounts, datetime | None]:
    """Return what a batch wrote of a delivery, and the moment of its corrections if it made any."""
    found = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE metadata ? 'revisions'),"
        " max((metadata -> 'revisions' -> -1 ->> 'until')::timestamptz) FROM prices_daily"
        " WHERE instrument_id = ANY(%s) AND trade_date BETWEEN %s AND %s AND metadata ->> 'batch' = %s",
        [*_range(prices), batch],
    ).fetchone()
    assert found is not None
    n_rows, n_corrected = int(found[0]), int(found[1])
    return PriceCounts(n_rows - n_corrected, n_corrected, prices.height - n_rows), found[2]


def _range(prices: pl.DataFrame) -> Sequence[object]:
    return [
        prices["instrument_id"].unique().to_list(),
        prices["trade_date"].min(),
        prices["trade_date"].max(),
    ]


def _stored(connection: Connection, prices: pl.DataFrame) -> pl.DataFrame:
    """Return what is stored in the range of a delivery.

    One value an instrument crosses the wire, its rows packed in PostgreSQL's binary format: a row each
    would cost ten times as long.
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
        blobs = cursor.execute(statement, _range(prices)).fetchall()
    rows = [np.frombuffer(blob, dtype=layout) for _, blob in blobs]
    if not rows:
        return pl.DataFrame()
    together = np.concatenate(rows)
    ids = pl.Series([instrument for instrument, _ in blobs], dtype=pl.String)
    owner = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
    numbers = {name: together[name].astype("<f8") for name in VALUES}
    dates = POSTGRES_EPOCH + together["date"].astype(np.int64)
    return pl.DataFrame(
        {"instrument_id": ids.gather(owner), "trade_date": pl.Series(dates).cast(pl.Date)} | numbers
    ).with_columns(pl.col(VALUES).fill_nan(None))


def _compared(prices: pl.DataFrame, stored: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    import polars as pl

    joined = prices.join(
        stored.with_columns(pl.lit(True).alias("is_stored")), on=KEY, how="left", suffix="_was"
    )
    ours, was = pl.col("adjusted_close"), pl.col("adjusted_close_was")
    is_same_adjustment = pl.col("is_computed") & ((ours - was).abs() <= SAME_ADJUSTMENT * was)
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_was")) for name in VALUES if name != "adjusted_close"]
    is_changed = pl.any_horizontal(*differs, (ours != was) & ~is_same_adjustment)
    is_stored = pl.col("is_stored").fill_null(False)
    new = joined.filter(~is_stored).select(prices.columns)
    corrected = joined.filter(is_stored & is_changed).select(prices.columns)
    return new, corrected


def _copy(connection: Connection, table: str, prices: pl.DataFrame, batch: str) -> int:
    import polars as pl

    members = [pl.lit(f'{{"batch": "{batch}"')]
    for name in ("split", "dividend"):
        if prices[name].null_count() < prices.height:
            member = pl.concat_str(pl.lit(f', "{name}": '), pl.col(name).cast(pl.String))
            members.append(member.fill_null(""))
    metadata = pl.concat_str(*members, pl.lit("}")).alias("metadata")
    return copy_frame(connection, table, prices.with_columns(metadata), columns=PRICES_DAILY.column_names)


def _correct(connection: Connection, prices: pl.DataFrame, batch: str, known_at: datetime) -> None:
    connection.execute(
        "CREATE TEMP TABLE prices_corrected (LIKE prices_daily INCLUDING DEFAULTS) ON COMMIT DROP"
    )
    _copy(connection, "prices_corrected", prices, batch)
    connection.execute(
        "UPDATE prices_daily p SET open = n.open, high = n.high, low = n.low, close = n.close,"
        " adjusted_close = n.adjusted_close, volume = n.volume, currency = n.currency,"
        " metadata = n.metadata || jsonb_build_object('revisions',"
        "  coalesce(p.metadata -> 'revisions', '[]') || jsonb_build_array("
        "   jsonb_build_object('open', p.open, 'high', p.high, 'low', p.low, 'close', p.close,"
        "    'adjusted_close', p.adjusted_close, 'volume', p.volume,"
        "    'until', to_char(%s::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
        "    'replaced_by', %s::text)"
        "   || jsonb_strip_nulls(jsonb_build_object('batch', p.metadata -> 'batch',"
        "    'split', p.metadata -> 'split', 'dividend', p.metadata -> 'dividend'))))"
        " FROM prices_corrected n WHERE (p.instrument_id, p.trade_date) = (n.instrument_id, n.trade_date)",
        [known_at, batch],
    )
