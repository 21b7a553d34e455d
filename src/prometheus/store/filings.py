"""Bulk writing of filings and earnings_calls, and what is on record of them. Both are append-only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg import sql

from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.store.copying import Connection, copy_frame
from prometheus.store.unrecorded import with_decision

if TYPE_CHECKING:
    import polars as pl

STORED_COLUMNS = {
    "filings": (
        "(metadata ->> 'accession') || concat(' ' || (metadata ->> 'media'), ' ' || (metadata ->> 'lacks'))",
        "concat_ws(' ', filing_type, coalesce(metadata ->> 'period_of_report', 'None'), metadata->>'symbol')",
    ),
    "earnings_calls": ("call_date || ' ' || (metadata ->> 'symbol')",),
}
"""What names a document within an issuer and a source: the first of these that isn't null."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document on record."""

    issuer_id: str
    source: str
    named: str
    accepted_at: datetime
    content: str


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """A filing on record that reports facts.

    ``facts`` are the members of ``metadata.facts``. ``name`` is what finds it in any home, see
    `history_checks`: a row's id follows from the order of deliveries, and from crashes.
    """

    issuer_id: str
    accepted_at: datetime
    content: str
    name: Mapping[str, str]
    facts: Sequence[Mapping[str, Any]]


def present_moment(connection: Connection) -> datetime:
    """Return the time of the transaction, by the server's clock."""
    found = connection.execute("SELECT now()").fetchone()
    assert found is not None
    moment: datetime = found[0]
    return moment


def market_zone(connection: Connection, market_id: str) -> str | None:
    """Return the time zone of a market; None when it is not registered."""
    found = connection.execute("SELECT timezone FROM markets WHERE market_id = %s", [market_id]).fetchone()
    return None if found is None else str(found[0])


def issuers_of_instruments(connection: Connection, market_id: str) -> dict[str, str]:
    """Return the issuer of each instrument of a market; those without one are left out."""
    found = connection.execute(
        "SELECT instrument_id, issuer_id FROM instruments WHERE market_id = %s AND issuer_id IS NOT NULL",
        [market_id],
    )
    return {row[0]: row[1] for row in found}


def issuers_by_cik(connection: Connection, market_id: str) -> dict[str, str]:
    """Return the issuers of a market by CIK, without leading zeros; those that share one are left out."""
    found = connection.execute(
        "SELECT ltrim(b.metadata #>> '{identifiers,CIK}', '0'), min(b.issuer_id) FROM issuers b"
        " WHERE b.metadata #> '{identifiers,CIK}' IS NOT NULL AND EXISTS (SELECT FROM instruments i"
        "  WHERE i.issuer_id = b.issuer_id AND i.market_id = %s) GROUP BY 1 HAVING count(*) = 1",
        [market_id],
    )
    return {row[0]: row[1] for row in found if row[0]}


def lock_documents(connection: Connection, table: str, context_id: str) -> None:
    """Keep other writers of a kind of document out until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{table} {context_id}"])


def documents_on_record(
    connection: Connection, table: str, issuers: Sequence[str], source: str
) -> list[StoredDocument]:
    """Return what is on record of issuers from a source."""
    named = sql.SQL(", ").join(map(sql.SQL, STORED_COLUMNS[table]))
    query = sql.SQL(
        "SELECT issuer_id, coalesce({}), (metadata ->> 'accepted_at')::timestamptz, metadata ->> 'content'"
        " FROM {} WHERE issuer_id = ANY(%s) AND metadata ->> 'source' = %s AND metadata ? 'content'"
    ).format(named, sql.Identifier(table))
    found = connection.execute(query, [list(issuers), source])
    return [StoredDocument(i, source, named, at.astimezone(UTC), content) for i, named, at, content in found]


def write_documents(
    connection: Connection, table: str, rows: pl.DataFrame, decision: Decision, config: EngineConfig
) -> int:
    """Copy documents into their table, in the transaction of the caller; return their number.

    The first row carries the INGEST decision.
    """
    return copy_frame(connection, table, with_decision(rows, decision, config))


def facts_on_record(
    connection: Connection,
    issuers: Sequence[str],
    accepted_bases: Sequence[str],
    *,
    recorded: Collection[str] | None = None,
) -> list[StoredFacts]:
    """Return the filings of issuers that report facts, in the order in which they became known.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    issuers : sequence of str
    accepted_bases : sequence of str
        How well their moments of acceptance must be known.
    recorded : collection of str, optional
        See `unrecorded.recorded_batches`: filings of other batches are left out, because nobody knew them.
    """
    batches = None if recorded is None else list(recorded)
    found = connection.execute(
        "SELECT issuer_id, (metadata ->> 'accepted_at')::timestamptz AS accepted_at, metadata ->> 'content',"
        " jsonb_strip_nulls(jsonb_build_object('filing_type', filing_type, 'content', metadata -> 'content',"
        "  'accepted_at', metadata -> 'accepted_at', 'accession', metadata -> 'accession')),"
        " metadata -> 'facts' FROM filings"
        " WHERE issuer_id = ANY(%s) AND metadata ? 'facts' AND metadata ->> 'accepted_basis' = ANY(%s)"
        " AND (%s::text[] IS NULL OR metadata ->> 'batch' IS NULL OR metadata ->> 'batch' = ANY(%s))"
        " ORDER BY accepted_at, issuer_id, filing_type, metadata ->> 'content', filing_id",
        [list(issuers), list(accepted_bases), batches, batches],
    )
    return [StoredFacts(one, at.astimezone(UTC), *rest) for one, at, *rest in found]
