"""Table specs of historical/20_text.sql: news, filings, calls, events."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

NEWS_ARTICLES = TableSpec(
    name="news_articles",
    database="historical",
    columns=(
        ColumnSpec("article_id", "bigint", default="identity"),
        ColumnSpec("timestamp", "timestamptz"),
        ColumnSpec("source", "text"),
        ColumnSpec("language", "text"),
        ColumnSpec("headline", "text"),
        ColumnSpec("body", "text", nullable=True),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("article_id",),
    mutability="append",
    as_of="timestamp",
)

NEWS_LINKS = TableSpec(
    name="news_links",
    database="historical",
    columns=(
        ColumnSpec("article_id", "bigint", references="news_articles"),
        ColumnSpec("issuer_id", "text", nullable=True),
        ColumnSpec("instrument_id", "text", nullable=True),
    ),
    key=(),
    mutability="append",
)

FILINGS = TableSpec(
    name="filings",
    database="historical",
    columns=(
        ColumnSpec("filing_id", "bigint", default="identity"),
        ColumnSpec("issuer_id", "text"),
        ColumnSpec("filing_type", "text"),
        ColumnSpec("filing_date", "date"),
        ColumnSpec("text_ref", "text", nullable=True),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("filing_id",),
    mutability="append",
    as_of="filing_date",
)

EARNINGS_CALLS = TableSpec(
    name="earnings_calls",
    database="historical",
    columns=(
        ColumnSpec("call_id", "bigint", default="identity"),
        ColumnSpec("issuer_id", "text"),
        ColumnSpec("call_date", "date"),
        ColumnSpec("transcript_ref", "text"),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("call_id",),
    mutability="append",
    as_of="call_date",
)

MACRO_EVENTS = TableSpec(
    name="macro_events",
    database="historical",
    columns=(
        ColumnSpec("event_id", "bigint", default="identity"),
        ColumnSpec("event_type", "text"),
        ColumnSpec("timestamp", "timestamptz"),
        ColumnSpec("country", "text", nullable=True),
        ColumnSpec("description", "text"),
        ColumnSpec("text_ref", "text", nullable=True),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("event_id",),
    mutability="append",
    as_of="timestamp",
)

SPECS = (
    NEWS_ARTICLES,
    NEWS_LINKS,
    FILINGS,
    EARNINGS_CALLS,
    MACRO_EVENTS,
)
