"""News as it was known, and the reference data that it is linked by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from psycopg import sql

from prometheus.store.copying import Connection, frame_of
from prometheus.store.news_changes import LinkChange, changes_as_rows

if TYPE_CHECKING:
    import polars as pl

LINKED = ("issuer_id", "instrument_id")


def market_ids(connection: Connection) -> list[str]:
    """Return the markets that have instruments."""
    found = connection.execute("SELECT DISTINCT market_id FROM instruments ORDER BY 1")
    return [row[0] for row in found]


def names_of_issuers(connection: Connection, market_id: str) -> pl.DataFrame:
    """Return by which names the issuers of a market's instruments went, and since when that is known.

    Returns
    -------
    polars.DataFrame
        ``instrument_id``, ``issuer_id``, ``name`` and ``since``: the day of the first statement of a name
        that came after another one; null for the first name that anyone stated.
    """
    query = sql.SQL(
        "SELECT i.instrument_id, i.issuer_id, n.name,"
        " CASE WHEN NOT bool_or(n.place = 1) THEN min(n.as_of) END"
        " FROM instruments i JOIN issuers b USING (issuer_id) CROSS JOIN LATERAL ("
        "  SELECT e ->> 'value' AS name, place, (e ->> 'as_of')::date AS as_of"
        "  FROM jsonb_array_elements(b.metadata #> '{stated,name}') WITH ORDINALITY s (e, place)"
        "  UNION ALL SELECT b.name, 1, NULL WHERE NOT coalesce(b.metadata #> '{stated,name}', '[]')"
        "   @> jsonb_build_array(jsonb_build_object('value', b.name))) n"
        " WHERE i.market_id = %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    import polars as pl

    schema = dict.fromkeys(("instrument_id", "issuer_id", "name"), pl.String)
    return frame_of(connection, query, [market_id], {**schema, "since": pl.Date})


@dataclass(frozen=True, slots=True)
class Held:
    """An instrument, and the days on which articles that are linked to it are wanted; null where open."""

    instrument_id: str
    first: date | None = None
    last: date | None = None


def read_news(
    connection: Connection,
    *,
    first: date | datetime,
    last: date | datetime,
    known_at: datetime | None = None,
    issuer_ids: Sequence[str] | None = None,
    instrument_ids: Sequence[str] | None = None,
    held: Sequence[Held] | None = None,
    changes: Sequence[LinkChange] = (),
    n_latest: int | None = None,
    recorded: Collection[str] | None = None,
) -> pl.DataFrame:
    """Return articles with their links, in the order of publication.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    first, last : date or datetime
        Publication from and to, both included; a date is that whole day in UTC.
    known_at : datetime, optional
        Only what was published and first seen by then, with the links that were found when it came, changed
        as ``changes`` say. All by default.
    issuer_ids, instrument_ids : sequence of str, optional
        Only articles linked to one of these.
    held : sequence of Held, optional
        Only articles linked to one of these instruments, on its days, by the date of publication in UTC.
    changes : sequence of LinkChange
        What later deliveries changed, `store.news_changes.link_changes` as of ``known_at``.
    n_latest : int, optional
        Only that many, the latest ones.
    recorded : collection of str, optional
        See `unrecorded.recorded_batches`: articles of other batches are left out, because nobody knew them.

    Returns
    -------
    polars.DataFrame
        ``article_id``, ``timestamp``, ``source``, ``language``, ``headline``, ``body``, ``first_seen``,
        ``time_precision``, ``external_id``, ``url``, the lists ``issuer_ids`` and ``instrument_ids``, and
        ``evidence``: how its links were found, as a JSON list; those that were added later say since when
        (``known_at``).
    """
    import polars as pl

    changed, parameters = changes_as_rows(changes)
    of_article = "c.article_id = a.article_id"
    came = (
        "SELECT e ->> 'issuer_id' AS issuer_id, e ->> 'instrument_id' AS instrument_id, e AS evidence"
        " FROM jsonb_array_elements(coalesce(a.metadata -> 'links', '[]')) e"
    )
    added = (
        f"SELECT c.issuer_id, c.instrument_id, c.evidence FROM changed c WHERE {of_article} AND c.is_added"
    )
    source = f"{came} UNION ALL {added}"
    if known_at is None:
        source += (
            " UNION ALL SELECT n.issuer_id, n.instrument_id, NULL FROM news_links n"
            " WHERE n.article_id = a.article_id"
        )
    source = (
        f"SELECT * FROM ({source}) k WHERE NOT EXISTS (SELECT FROM changed c WHERE {of_article}"
        " AND NOT c.is_added AND c.issuer_id IS NOT DISTINCT FROM k.issuer_id"
        " AND c.instrument_id IS NOT DISTINCT FROM k.instrument_id)"
    )
    first_seen = "(a.metadata ->> 'first_seen')::timestamptz"
    lists = [
        f"coalesce(jsonb_agg(DISTINCT {name}) FILTER (WHERE {name} IS NOT NULL), '[]') AS {name}s"
        for name in LINKED
    ]
    lists.append("coalesce(jsonb_agg(evidence) FILTER (WHERE evidence IS NOT NULL), '[]') AS evidence")
    conditions = ["a.timestamp BETWEEN %s AND %s"]
    parameters += [_beginning(first), _end(last)]
    if known_at is not None:
        conditions.append(f"a.timestamp <= %s AND {first_seen} <= %s")
        parameters += [known_at, known_at]
    if recorded is not None:
        conditions.append("(a.metadata ->> 'batch' IS NULL OR a.metadata ->> 'batch' = ANY(%s))")
        parameters.append(list(recorded))
    for name, wanted in zip(LINKED, (issuer_ids, instrument_ids), strict=True):
        if wanted is not None:
            conditions.append(f"l.{name}s ?| %s::text[]")
            parameters.append(list(wanted))
    if held is not None:
        conditions.append(
            "EXISTS (SELECT FROM unnest(%s::text[], %s::date[], %s::date[]) h (id, first, last)"
            " WHERE l.instrument_ids ? h.id AND (a.timestamp AT TIME ZONE 'UTC')::date"
            "  BETWEEN coalesce(h.first, '-infinity') AND coalesce(h.last, 'infinity'))"
        )
        parameters += [[h.instrument_id for h in held], [h.first for h in held], [h.last for h in held]]
    published, seen = (
        f"(extract(epoch FROM {moment}) * 1000000)::bigint" for moment in ("a.timestamp", first_seen)
    )
    query = sql.SQL(
        f"WITH changed AS ({changed}) SELECT a.article_id, {published}, a.source, a.language, a.headline,"
        f" a.body, {seen}, a.metadata ->> 'time_precision',"
        " a.metadata ->> 'external_id', a.metadata ->> 'url', l.issuer_ids, l.instrument_ids,"
        " l.evidence"
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
