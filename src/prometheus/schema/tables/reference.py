"""Table specs of runtime/10_reference.sql: what is traded, where, for whom."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

MARKETS = TableSpec(
    name="markets",
    database="runtime",
    columns=(
        ColumnSpec("market_id", "text"),
        ColumnSpec("name", "text"),
        ColumnSpec("region", "text"),
        ColumnSpec("timezone", "text"),
        ColumnSpec("calendar_spec", "json", default="{}"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
        ColumnSpec("updated_at", "timestamptz", default="now()"),
    ),
    key=("market_id",),
    mutability="entity",
)

ISSUERS = TableSpec(
    name="issuers",
    database="runtime",
    columns=(
        ColumnSpec("issuer_id", "text"),
        ColumnSpec("issuer_type", "text"),
        ColumnSpec("name", "text"),
        ColumnSpec("country", "text", nullable=True),
        ColumnSpec("sector", "text", nullable=True),
        ColumnSpec("industry", "text", nullable=True),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
        ColumnSpec("updated_at", "timestamptz", default="now()"),
    ),
    key=("issuer_id",),
    mutability="entity",
)

INSTRUMENTS = TableSpec(
    name="instruments",
    database="runtime",
    columns=(
        ColumnSpec("instrument_id", "text"),
        ColumnSpec("issuer_id", "text", nullable=True, references="issuers"),
        ColumnSpec("market_id", "text", references="markets"),
        ColumnSpec("asset_class", "text"),
        ColumnSpec("symbol", "text"),
        ColumnSpec("exchange", "text", nullable=True),
        ColumnSpec("currency", "text"),
        ColumnSpec("multiplier", "money", default="1"),
        ColumnSpec("maturity_date", "date", nullable=True),
        ColumnSpec("underlying_instrument_id", "text", nullable=True, references="instruments"),
        ColumnSpec("status", "text"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
        ColumnSpec("updated_at", "timestamptz", default="now()"),
    ),
    key=("instrument_id",),
    mutability="entity",
)

PORTFOLIOS = TableSpec(
    name="portfolios",
    database="runtime",
    columns=(
        ColumnSpec("portfolio_id", "text"),
        ColumnSpec("name", "text"),
        ColumnSpec("description", "text", nullable=True),
        ColumnSpec("base_currency", "text"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
        ColumnSpec("updated_at", "timestamptz", default="now()"),
    ),
    key=("portfolio_id",),
    mutability="entity",
)

STRATEGIES = TableSpec(
    name="strategies",
    database="runtime",
    columns=(
        ColumnSpec("strategy_id", "text"),
        ColumnSpec("name", "text"),
        ColumnSpec("description", "text", nullable=True),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
        ColumnSpec("updated_at", "timestamptz", default="now()"),
    ),
    key=("strategy_id",),
    mutability="entity",
)

SPECS = (
    MARKETS,
    ISSUERS,
    INSTRUMENTS,
    PORTFOLIOS,
    STRATEGIES,
)
