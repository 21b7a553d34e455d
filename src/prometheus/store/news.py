"""News as it was known, and the reference data that it is linked by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from psycopg import sql

from prometheus.kernel.ids import uuid_text
from prometheus.store.copying import Connection, frame_of
from prometheus.store.reference import issuer_names, symbol_spans

if TYPE_CHECKING:
    import polars as pl

LINKED = ("issuer_id", "instrument_id")


def market_ids(connection: Connection) -> list[str]:
    """Return the markets that have instruments."""
    found = connection.execute("SELECT DISTINCT market_id FROM instruments ORDER BY 1")
    return [row[0] for row in found]


def listings(connection: Connection, market_id: str) -> pl.DataFrame:
    """Return which instrument of a market had which symbol, and its issuer which name, when.

    Returns
    -------
    polars.DataFrame
        ``issuer_id``, ``instrument_id``, ``symbol``, ``name``, ``first`` and ``last``, days under the symbol
        and inside the listing, both included, null where open.
    """
    import polars as pl

    spans = symbol_spans(connection, market_id)
    names = issuer_names(connection, market_id).select("issuer_id", "instrument_id", "name").unique()
    day_before = pl.col("delisted") - pl.duration(days=1)
    return (
        spans.join(names, on="instrument_id", how="left")
        .select(
            "issuer_id",
            "instrument_id",
            "symbol",
            "name",
            pl.max_horizontal("first", "listed").alias("first"),
            pl.min_horizontal("last", day_before).alias("last"),
        )
        .sort("symbol", "instrument_id", "name", "first")
    )


def n_links_on_record(connection: Connection, decision_id: bytes) -> int:
    """Return how many links an INGEST decision on news says that its articles have."""
    found = connection.execute(
        "SELECT (proposed_action ->> 'n_links')::bigint FROM engine_decisions WHERE decision_id = %s",
        [uuid_text(decision_id)],
    ).fetchone()
    return 0 if found is None or found[0] is None else int(found[0])


def read_news(
    connection: Connection,
    *,
    first: date | datetime,
    last: date | datetime,
    known_at: datetime | None = None,
    issuer_ids: Sequence[str] | None = None,
    instrument_ids: Sequence[str] | None = None,
    n_latest: int | None = None,
) -> pl.DataFrame:
    """Return articles with their links, in the order of publication.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    first, last : date or datetime
        Publication from and to, both included; a date is that whole day in UTC.
    known_at : datetime, optional
        Only what was published and first seen by then, with the links that were found when it came: those
        that a later delivery added don't say when. All by default.
    issuer_ids, instrument_ids : sequence of str, optional
        Only articles linked to one of these.
    n_latest : int, optional
        Only that many, the latest ones.

    Returns
    -------
    polars.DataFrame
        ``article_id``, ``timestamp``, ``source``, ``language``, ``headline``, ``body``, ``first_seen``,
        ``time_precision``, ``external_id``, ``url``, the lists ``issuer_ids`` and ``instrument_ids``, and
        ``evidence``: how the links were found that the article came with, as a JSON list.
    """
    import polars as pl

    if known_at is None:
        source = "SELECT n.issuer_id, n.instrument_id FROM news_links n WHERE n.article_id = a.article_id"
    else:
        source = (
            "SELECT e ->> 'issuer_id' AS issuer_id, e ->> 'instrument_id' AS instrument_id"
            " FROM jsonb_array_elements(coalesce(a.metadata -> 'links', '[]')) e"
        )
    first_seen = "(a.metadata ->> 'first_seen')::timestamptz"
    lists = [
        f"coalesce(jsonb_agg(DISTINCT {name}) FILTER (WHERE {name} IS NOT NULL), '[]') AS {name}s"
        for name in LINKED
    ]
    conditions = ["a.timestamp BETWEEN %s AND %s"]
    parameters: list[object] = [_beginning(first), _end(last)]
    if known_at is not None:
        conditions.append(f"a.timestamp <= %s AND {first_seen} <= %s")
        parameters += [known_at, known_at]
    for name, wanted in zip(LINKED, (issuer_ids, instrument_ids), strict=True):
        if wanted is not None:
            conditions.append(f"l.{name}s ?| %s::text[]")
            parameters.append(list(wanted))
    published, seen = (
        f"(extract(epoch FROM {moment}) * 1000000)::bigint" for moment in ("a.timestamp", first_seen)
    )
    query = sql.SQL(
        f"SELECT a.article_id, {published}, a.source, a.language, a.headline, a.body,"
        f" {seen}, a.metadata ->> 'time_precision',"
        " a.metadata ->> 'external_id', a.metadata ->> 'url', l.issuer_ids, l.instrument_ids,"
        " coalesce(a.metadata -> 'links', '[]')"
        f" FROM news_articles a CROSS JOIN LATERAL (SELECT {', '.join(lists)} FROM ({source}) s) l"
        f" WHERE {' AND '.join(conditions)} ORDER BY a.timestamp DESC, a.article_id DESC LIMIT %s"
    )
    parameters.append(n_latest)
    schema: dict[str, type[pl.DataType]] = {"article_id": pl.Int64, "timestamp": pl.Int64}
    schema |= dict.fromkeys(("source", "language", "headline", "body"), pl.String)
    schema |= {"first_seen": pl.Int64}
    schema |= dict.fromkeys(
        ("time_precision", "external_id", "url", "issuer_ids", "instrument_ids", "evidence"), pl.String
    )
    found = frame_of(connection, query, parameters, schema)
    return found.reverse().with_columns(
        pl.from_epoch(pl.col("timestamp", "first_seen"), time_unit="us").dt.replace_time_zone("UTC"),
        pl.col("issuer_ids", "instrument_ids").str.json_decode(pl.List(pl.String)),
    )


def _beginning(day: date | datetime) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, time(), UTC)


def _end(day: date | datetime) -> datetime:
    if isinstance(day, datetime):
        return day
    return datetime.combine(day, time(), UTC) + timedelta(days=1, microseconds=-1)
