"""Writing macro_events, an append-only table, and reading it as it was known.

``metadata`` of a row: ``key`` (what makes it one event), ``content`` (digest of what this version says),
``known_at``, ``known_basis``, ``batch``, ``source`` and what the event brings along; for ``decision`` see
`unrecorded`. Rows with one key are
versions of one event; a reader gets the latest that was known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from psycopg import sql

from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.store.copying import Connection, copy_frame, frame_of
from prometheus.store.unrecorded import recorded_batches, with_decision

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("event_type", "timestamp", "country", "description", "text_ref", "metadata")


def lock_events(connection: Connection) -> None:
    """Keep other deliveries of events out until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('macro_events', 0))")


def events_on_record(
    connection: Connection, keys: Sequence[str], event_types: Sequence[str]
) -> Mapping[str, tuple[str, datetime]]:
    """Return the digest of the latest version of events, and when it became known, by their keys."""
    found = connection.execute(
        "SELECT DISTINCT ON (1) metadata ->> 'key', metadata ->> 'content',"
        " (metadata ->> 'known_at')::timestamptz FROM macro_events"
        " WHERE event_type = ANY(%s) AND metadata ->> 'key' = ANY(%s) ORDER BY 1, 3 DESC, event_id DESC",
        [list(event_types), list(keys)],
    )
    return {key: (content, at.astimezone(UTC)) for key, content, at in found}


def meeting_dates(connection: Connection, event_types: Sequence[str]) -> list[date]:
    """Return the days of the meetings that texts on record are about, ascending."""
    found = connection.execute(
        "SELECT DISTINCT (metadata ->> 'meeting_date')::date FROM macro_events"
        " WHERE event_type = ANY(%s) AND metadata ? 'meeting_date' ORDER BY 1",
        [list(event_types)],
    )
    return [row[0] for row in found]


def write_events(
    connection: Connection, events: pl.DataFrame, decision: Decision, config: EngineConfig
) -> int:
    """Copy events into their table, in the transaction of the caller; return their number.

    The first row carries the INGEST decision.
    """
    return copy_frame(connection, "macro_events", with_decision(events, decision, config), columns=COLUMNS)


def read_events(
    runtime: Connection,
    historical: Connection,
    *,
    first: date,
    last: date,
    known_at: datetime | None = None,
    event_types: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Return the events of a span of days, as they were known at a moment.

    Parameters
    ----------
    runtime, historical : Connection
    first, last : datetime.date
        Days in UTC, both included, of ``timestamp``: when an event happens, or a text came out.
    known_at : datetime, optional
        Versions that became known later are left out, and those of deliveries whose decision is not on
        record; the latest of all by default.
    event_types : sequence of str, optional
        Such as ``FOMC_STATEMENT``; all by default.

    Returns
    -------
    polars.DataFrame
        ``event_id``, ``event_type``, ``timestamp`` and ``known_at`` (UTC), ``country``, ``description``,
        ``text_ref`` and ``metadata`` (JSON as text), one row an event, sorted by time, type and id.

    Notes
    -----
    A row that doesn't say when it became known counts from its own time on.
    """
    import polars as pl

    query = sql.SQL(
        "SELECT event_id, event_type, to_char(timestamp AT TIME ZONE 'UTC', {shape}),"
        " to_char(known_at AT TIME ZONE 'UTC', {shape}), country, description, text_ref, metadata::text"
        " FROM (SELECT DISTINCT ON (coalesce(metadata ->> 'key', event_id::text)) *,"
        "  coalesce((metadata ->> 'known_at')::timestamptz, timestamp) AS known_at FROM macro_events"
        "  WHERE (%s::text[] IS NULL OR event_type = ANY(%s))"
        "  AND (%s::timestamptz IS NULL"
        "   OR coalesce((metadata ->> 'known_at')::timestamptz, timestamp) <= %s)"
        "  AND (%s::text[] IS NULL OR metadata ->> 'batch' IS NULL OR metadata ->> 'batch' = ANY(%s))"
        "  ORDER BY coalesce(metadata ->> 'key', event_id::text),"
        "   coalesce((metadata ->> 'known_at')::timestamptz, timestamp) DESC, event_id DESC) e"
        " WHERE (timestamp AT TIME ZONE 'UTC')::date BETWEEN %s AND %s"
        " ORDER BY timestamp, event_type, event_id"
    ).format(shape=sql.Literal('YYYY-MM-DD"T"HH24:MI:SS.US'))
    types = None if event_types is None else list(event_types)
    schema = {"event_id": pl.Int64} | dict.fromkeys(
        ("event_type", "timestamp", "known_at", "country", "description", "text_ref", "metadata"), pl.String
    )
    recorded = None if known_at is None else list(recorded_batches(runtime))
    parameters = [types, types, known_at, known_at, recorded, recorded, first, last]
    found = frame_of(historical, query, parameters, schema)
    moments = [
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", time_zone="UTC")
        for name in ("timestamp", "known_at")
    ]
    return found.with_columns(moments)
