"""Factors and macro series of vendors in factors_daily: written in bulk, corrected with every version kept.

``metadata`` of a row: ``batch``, ``known_at`` (when its value became known, UTC), ``known_basis`` (how that
is known), ``unit`` and, once it was corrected, ``revisions``; for ``decision`` see `unrecorded`. The first
statement on when a value became known stands: the same value delivered again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from psycopg import sql

from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import short_id
from prometheus.schema.tables.market import FACTORS_DAILY
from prometheus.store.copying import Connection, copy_frame, frame_of
from prometheus.store.revisions import correct_rows
from prometheus.store.unrecorded import recorded_batches, with_decision

if TYPE_CHECKING:
    import polars as pl

KEY = ("factor_id", "trade_date")
MEMBERS = ("batch", "known_at", "known_basis", "unit")


@dataclass(frozen=True, slots=True)
class FactorChanges:
    """Values beside what is stored.

    Attributes
    ----------
    new, corrected : polars.DataFrame
        Values that are not stored yet, and values where others are stored.
    n_unchanged : int
    older : polars.DataFrame
        Values that contradict stored ones which became known later: they replace nothing.
    """

    new: pl.DataFrame
    corrected: pl.DataFrame
    n_unchanged: int
    older: pl.DataFrame


def lock_factors(connection: Connection, *, is_session: bool = False) -> None:
    """Keep other deliveries of factors out until the transaction ends, or the session."""
    until = "" if is_session else "xact_"
    connection.execute(f"SELECT pg_advisory_{until}lock(hashtextextended('factors_daily', 0))".encode())


def registered_markets(connection: Connection) -> list[str]:
    """Return the ids of the markets in the runtime database: the namespaces of derived factors."""
    return [row[0] for row in connection.execute("SELECT market_id FROM markets ORDER BY 1")]


def factor_changes(connection: Connection, rows: pl.DataFrame, *, moment: datetime) -> FactorChanges:
    """Return what of these values is new, and what corrects a stored one.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    rows : polars.DataFrame
        ``factor_id``, ``trade_date``, ``value``, ``unit``, ``known_at``, ``known_basis``; one row a key.
    moment : datetime
        When the delivery became known. A correction, and a value in a gap of what is stored, became known
        with their delivery, whatever was said about releases: until then another value, or none, was
        believed.
    """
    import polars as pl

    if rows.is_empty():
        return FactorChanges(rows, rows, 0, rows)
    query = sql.SQL(
        "SELECT factor_id, trade_date, value, (metadata ->> 'known_at')::timestamptz > %s FROM factors_daily"
        " WHERE factor_id = ANY(%s) AND trade_date BETWEEN %s AND %s"
    )
    dates, names = rows["trade_date"], rows["factor_id"].unique().to_list()
    parameters = [moment, names, dates.min(), dates.max()]
    schema = {"factor_id": pl.String, "trade_date": pl.Date, "was": pl.Float64, "later": pl.String}
    stored = frame_of(connection, query, parameters, schema)
    joined = rows.join(stored, on=list(KEY), how="left", maintain_order="left")
    corrected = joined.filter(pl.col("was").is_not_null() & (pl.col("was") != pl.col("value")))
    is_older = (pl.col("later") == "t").fill_null(False)
    older = corrected.filter(is_older).select(rows.columns)
    corrected = corrected.filter(~is_older)
    with_delivery = (
        pl.lit(moment).cast(rows.schema["known_at"]).alias("known_at"),
        pl.lit("delivered").alias("known_basis"),
    )
    spans = stored_spans(connection, names)
    new = joined.filter(pl.col("was").is_null()).join(
        spans, on="factor_id", how="left", maintain_order="left"
    )
    is_inside = pl.col("trade_date").is_between(pl.col("first"), pl.col("last")).fill_null(False)
    filled = new.filter(is_inside).with_columns(with_delivery).select(rows.columns)
    new = pl.concat([new.filter(~is_inside).select(rows.columns), filled]).sort(*KEY)
    restated = corrected.select(rows.columns).with_columns(with_delivery)
    n_unchanged = rows.height - new.height - restated.height - older.height
    return FactorChanges(new, restated, n_unchanged, older)


def stored_spans(connection: Connection, factor_ids: Sequence[str]) -> pl.DataFrame:
    """Return the first and the last date of factors with values: ``factor_id``, ``first``, ``last``."""
    import polars as pl

    query = sql.SQL(
        "SELECT factor_id, min(trade_date), max(trade_date) FROM factors_daily"
        " WHERE factor_id = ANY(%s) GROUP BY 1"
    )
    schema = {"factor_id": pl.String, "first": pl.Date, "last": pl.Date}
    return frame_of(connection, query, [list(factor_ids)], schema)


def write_factors(
    connection: Connection, changes: FactorChanges, decision: Decision, config: EngineConfig, moment: datetime
) -> None:
    """Write changes in the transaction of the caller; the first row carries the INGEST decision."""
    batch = short_id(decision.decision_id)
    new, corrected = _with_metadata(changes.new, batch), _with_metadata(changes.corrected, batch)
    if new.is_empty():
        corrected = with_decision(corrected, decision, config)
    copy_frame(
        connection,
        "factors_daily",
        with_decision(new, decision, config),
        columns=FACTORS_DAILY.column_names,
    )
    correct_rows(
        connection,
        "factors_daily",
        corrected,
        key=KEY,
        values=("value",),
        members=MEMBERS,
        batch=batch,
        known_at=moment,
    )


def read_factors(
    runtime: Connection,
    historical: Connection,
    factor_ids: Sequence[str],
    *,
    first: date,
    last: date,
    known_at: datetime | None = None,
    recorded: Collection[str] | None = None,
) -> pl.DataFrame:
    """Return values of factors between two dates, as they were known at a moment.

    Parameters
    ----------
    runtime, historical : Connection
    factor_ids : sequence of str
        Such as ``MACRO:DGS10``, ``FF:SMB``.
    first, last : datetime.date
        Of what the values are about, both included.
    known_at : datetime, optional
        Values that became known later are left out, and corrected ones are read as they were believed then;
        the latest of all by default. Rows that don't say when they became known, those derived from
        prices, are then left out too: their inputs may have been corrected since. So are values of a
        delivery whose decision is not on record.
    recorded : collection of str, optional
        See `unrecorded.recorded_batches`, which is asked by default.

    Returns
    -------
    polars.DataFrame
        ``factor_id``, ``trade_date``, ``value``, sorted by the first two.
    """
    import polars as pl

    schema = {"factor_id": pl.String, "trade_date": pl.Date, "value": pl.Float64}
    parameters = [list(factor_ids), first, last]
    if known_at is None:
        query = sql.SQL(
            "SELECT factor_id, trade_date, value FROM factors_daily"
            " WHERE factor_id = ANY(%s) AND trade_date BETWEEN %s AND %s ORDER BY 1, 2"
        )
        return frame_of(historical, query, parameters, schema)
    query = sql.SQL(
        "SELECT DISTINCT ON (1, 2) f.factor_id, f.trade_date, v.value FROM factors_daily f"
        " CROSS JOIN LATERAL (SELECT f.value, (f.metadata ->> 'known_at')::timestamptz AS since,"
        "  f.metadata ->> 'batch' AS batch, 'infinity'::float8 AS place"
        " UNION ALL SELECT (r ->> 'value')::float8, (r ->> 'known_at')::timestamptz, r ->> 'batch', n::float8"
        "  FROM jsonb_array_elements(f.metadata -> 'revisions') WITH ORDINALITY AS e (r, n)) v"
        " WHERE f.factor_id = ANY(%s) AND f.trade_date BETWEEN %s AND %s AND v.since <= %s"
        " AND (v.batch IS NULL OR v.batch = ANY(%s)) ORDER BY 1, 2, v.since DESC, v.place DESC"
    )
    batches = recorded_batches(runtime) if recorded is None else recorded
    return frame_of(historical, query, [*parameters, known_at, list(batches)], schema)


def _with_metadata(rows: pl.DataFrame, batch: str) -> pl.DataFrame:
    import polars as pl

    return rows.with_columns(
        pl.format(
            '{{"batch": "{}", "known_at": "{}", "known_basis": "{}", "unit": "{}"}}',
            pl.lit(batch),
            pl.col("known_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"),
            pl.col("known_basis"),
            pl.col("unit"),
        ).alias("metadata")
    )
