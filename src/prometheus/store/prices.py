"""Bulk writing of prices_daily: new rows are copied, corrections keep the version they replace.

1. Lock the market until the connection closes.
2. Ask for digests of what is stored, an instrument each: most of a second delivery ends here.
3. Read what is stored of the others in the range of the delivery; nothing, for a first delivery.
4. Compare: rows are new, unchanged or corrected.
5. Copy the new ones; update the corrected ones, their former version appended to ``metadata.revisions``.

Flags are what was thought of a version when it came: they take no part in the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from psycopg import sql

from prometheus.schema.tables.market import PRICES_DAILY
from prometheus.store.copying import Connection, copy_frame, frame_of
from prometheus.store.price_reads import VALUES, stored_prices

if TYPE_CHECKING:
    import polars as pl

KEY = ("instrument_id", "trade_date")
SAME_ADJUSTMENT = 1e-9
"""Relative difference below which an adjusted close that we computed ourselves has not changed."""


@dataclass(frozen=True, slots=True)
class PriceCounts:
    """What became of the rows of a delivery."""

    n_new: int = 0
    n_corrected: int = 0
    n_unchanged: int = 0

    def __add__(self, other: PriceCounts) -> PriceCounts:
        return PriceCounts(
            self.n_new + other.n_new,
            self.n_corrected + other.n_corrected,
            self.n_unchanged + other.n_unchanged,
        )

    @property
    def has_changed(self) -> bool:
        """Whether anything was written."""
        return self.n_new + self.n_corrected > 0


@dataclass(frozen=True, slots=True)
class PriceChanges:
    """Rows beside what is stored.

    Attributes
    ----------
    new, corrected : polars.DataFrame
        Rows that are not stored yet, and rows that are stored with other values.
    n_unchanged : int
    """

    new: pl.DataFrame
    corrected: pl.DataFrame
    n_unchanged: int

    @property
    def counts(self) -> PriceCounts:
        """How many rows are what."""
        return PriceCounts(self.new.height, self.corrected.height, self.n_unchanged)


@dataclass(frozen=True, slots=True)
class Replaced:
    """Versions of a batch that were replaced: how many, and the first of their keys as text."""

    n_rows: int
    first: str

    def __add__(self, other: Replaced) -> Replaced:
        return Replaced(self.n_rows + other.n_rows, min(self.first, other.first))


@dataclass(frozen=True, slots=True)
class BatchRows:
    """What a batch wrote, as far as nothing has replaced it.

    Attributes
    ----------
    counts : PriceCounts
    instrument_ids : tuple of str
        Ascending.
    first, last : datetime.date or None
    corrected_at : datetime or None
        The moment of its corrections, if it made any.
    """

    counts: PriceCounts
    instrument_ids: tuple[str, ...]
    first: date | None
    last: date | None
    corrected_at: datetime | None


def lock_market(connection: Connection, market_id: str) -> None:
    """Wait for other deliveries to a market; the lock is held until the connection closes."""
    connection.execute("SELECT pg_advisory_lock(hashtextextended('prices_daily ' || %s, 0))", [market_id])


def price_changes(connection: Connection, prices: pl.DataFrame) -> PriceChanges:
    """Return what of these prices is not stored yet, or with other values.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    prices : polars.DataFrame
        The columns of prices_daily but for metadata, ``split``, ``dividend`` and ``is_computed`` (whether
        the adjusted close is ours); one row a key, sorted by it.
    """
    if prices.is_empty():
        return PriceChanges(prices, prices, 0)
    stored = stored_prices(connection, *_range(prices))
    if stored.is_empty():
        return PriceChanges(prices, prices.clear(), 0)
    new, corrected = _compared(prices, stored)
    return PriceChanges(new, corrected, prices.height - new.height - corrected.height)


def known_later(
    connection: Connection, rows: pl.DataFrame, *, moment: datetime, late: Mapping[str, datetime]
) -> pl.DataFrame:
    """Return those of stored rows whose present version became known after a moment.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    rows : polars.DataFrame
        The key.
    moment : datetime
    late : mapping of str to datetime
        When batches became known that came after it, see `believed.batches_unknown`.

    Returns
    -------
    polars.DataFrame
        The key and ``known_at``, to the minute, as text.
    """
    import polars as pl

    query = sql.SQL(
        "SELECT p.instrument_id, p.trade_date, to_char({known_at} AT TIME ZONE 'UTC', {shape})"
        " FROM unnest(%s::text[], %s::date[]) k (id, day)"
        " JOIN prices_daily p ON (p.instrument_id, p.trade_date) = (k.id, k.day)"
        " WHERE {known_at} > %s::timestamptz"
    ).format(known_at=_since(late), shape=sql.Literal('YYYY-MM-DD"T"HH24:MI"Z"'))
    schema = {"instrument_id": pl.String, "trade_date": pl.Date, "known_at": pl.String}
    keys = [rows["instrument_id"].to_list(), rows["trade_date"].to_list()]
    return frame_of(connection, query, [*keys, moment], schema)


def write_changes(
    connection: Connection,
    changes: PriceChanges,
    *,
    batch: str,
    known_at: datetime,
    late: Mapping[str, datetime],
) -> Mapping[str, Replaced]:
    """Write changes in the transaction of the caller.

    Parameters
    ----------
    connection : Connection
        To the historical database; the market is locked.
    changes : PriceChanges
        Rows may have ``flags``, a JSON array as text.
    batch : str
        Short id of the INGEST decision.
    known_at : datetime
        When the delivery became known: the moment until which replaced versions were believed.
    late : mapping of str to datetime
        When batches became known that came after it: a version of theirs was believed to its own beginning,
        for what replaces it follows from both.

    Returns
    -------
    mapping of str to Replaced
        What was replaced, by the batch that it came from.
    """
    _copy(connection, "prices_daily", changes.new, batch)
    if changes.corrected.is_empty():
        return {}
    return _correct(connection, changes.corrected, batch, known_at, late)


def rows_of_batch(
    connection: Connection, ids: Sequence[str], *, first: date, last: date, batch: str, only_corrections: bool
) -> BatchRows:
    """Return what a batch wrote of instruments.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    ids : sequence of str
        The instruments of its delivery.
    first, last : datetime.date
        The dates of its delivery, both included; corrections may lie outside.
    batch : str
        Short id of the INGEST decision.
    only_corrections : bool
        Whether it can have written nothing else: those are found by their index.
    """
    rows = (
        "SELECT instrument_id, trade_date, metadata FROM prices_daily"
        " WHERE instrument_id = ANY(%(ids)s) AND metadata ->> 'batch' = %(batch)s"
    )
    query = f"{rows} AND metadata ? 'revisions'"
    if not only_corrections:
        query += (
            f" UNION ALL {rows} AND NOT metadata ? 'revisions' AND trade_date BETWEEN %(first)s AND %(last)s"
        )
    query = (
        "SELECT count(*), count(*) FILTER (WHERE metadata ? 'revisions'),"
        " array_agg(DISTINCT instrument_id ORDER BY instrument_id), min(trade_date), max(trade_date),"
        f" max((metadata -> 'revisions' -> -1 ->> 'until')::timestamptz) FROM ({query}) p"
    )
    found = connection.execute(
        query.encode(), {"ids": list(ids), "batch": batch, "first": first, "last": last}
    ).fetchone()
    assert found is not None
    n_rows, n_corrected, changed, *others = found
    return BatchRows(PriceCounts(n_rows - n_corrected, n_corrected), tuple(changed or ()), *others)


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
    if "flags" in prices.columns and prices["flags"].null_count() < prices.height:
        members.append(pl.concat_str(pl.lit(', "flags": '), pl.col("flags")).fill_null(""))
    metadata = pl.concat_str(*members, pl.lit("}")).alias("metadata")
    return copy_frame(connection, table, prices.with_columns(metadata), columns=PRICES_DAILY.column_names)


def _since(late: Mapping[str, datetime]) -> sql.Composed:
    """Return the moment since which the present version of a row ``p`` was known, as far as it came late."""
    return sql.SQL(
        "greatest((p.metadata -> 'revisions' -> -1 ->> 'until')::timestamptz,"
        " (SELECT at FROM unnest({batches}::text[], {moments}::timestamptz[]) l (batch, at)"
        "  WHERE l.batch = p.metadata ->> 'batch'))"
    ).format(batches=sql.Literal(list(late)), moments=sql.Literal(list(late.values())))


def _correct(
    connection: Connection, prices: pl.DataFrame, batch: str, known_at: datetime, late: Mapping[str, datetime]
) -> Mapping[str, Replaced]:
    connection.execute(
        "CREATE TEMP TABLE prices_corrected (LIKE prices_daily INCLUDING DEFAULTS) ON COMMIT DROP"
    )
    _copy(connection, "prices_corrected", prices, batch)
    until = (
        sql.SQL("greatest(%s::timestamptz, {})").format(_since(late)) if late else sql.SQL("%s::timestamptz")
    )
    statement = sql.SQL(
        "WITH done AS (UPDATE prices_daily p SET open = n.open, high = n.high, low = n.low, close = n.close,"
        " adjusted_close = n.adjusted_close, volume = n.volume, currency = n.currency,"
        " metadata = n.metadata || jsonb_build_object('revisions',"
        "  coalesce(p.metadata -> 'revisions', '[]') || jsonb_build_array("
        "   jsonb_build_object('open', p.open, 'high', p.high, 'low', p.low, 'close', p.close,"
        "    'adjusted_close', p.adjusted_close, 'volume', p.volume,"
        "    'until', to_char({until} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
        "    'replaced_by', %s::text)"
        "   || jsonb_strip_nulls(jsonb_build_object('batch', p.metadata -> 'batch',"
        "    'split', p.metadata -> 'split', 'dividend', p.metadata -> 'dividend',"
        "    'flags', p.metadata -> 'flags'))))"
        " FROM prices_corrected n WHERE (p.instrument_id, p.trade_date) = (n.instrument_id, n.trade_date)"
        " RETURNING p.instrument_id || ' ' || p.trade_date AS key,"
        "  coalesce(p.metadata -> 'revisions' -> -1 ->> 'batch', '') AS was)"
        " SELECT was, count(*), min(key) FROM done GROUP BY 1 ORDER BY 1"
    ).format(until=until)
    replaced = connection.execute(statement, [known_at, batch]).fetchall()
    connection.execute("DROP TABLE prices_corrected")
    return {was: Replaced(n_rows, first) for was, n_rows, first in replaced}


def _range(prices: pl.DataFrame) -> tuple[list[str], date, date]:
    first, last = prices["trade_date"].min(), prices["trade_date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    return prices["instrument_id"].unique().to_list(), first, last
