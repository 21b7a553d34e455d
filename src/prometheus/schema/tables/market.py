"""Table specs of historical/10_market.sql: prices and what is derived from them."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

PRICES_DAILY = TableSpec(
    name="prices_daily",
    database="historical",
    columns=(
        ColumnSpec("instrument_id", "text"),
        ColumnSpec("trade_date", "date"),
        ColumnSpec("open", "real8", nullable=True),
        ColumnSpec("high", "real8", nullable=True),
        ColumnSpec("low", "real8", nullable=True),
        ColumnSpec("close", "real8"),
        ColumnSpec("adjusted_close", "real8"),
        ColumnSpec("volume", "real8", nullable=True),
        ColumnSpec("currency", "text"),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("instrument_id", "trade_date"),
    mutability="corrections",
    as_of="trade_date",
)

RETURNS_DAILY = TableSpec(
    name="returns_daily",
    database="historical",
    columns=(
        ColumnSpec("instrument_id", "text"),
        ColumnSpec("trade_date", "date"),
        ColumnSpec("ret_1d", "real8"),
        ColumnSpec("ret_5d", "real8", nullable=True),
        ColumnSpec("ret_21d", "real8", nullable=True),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("instrument_id", "trade_date"),
    mutability="recomputed",
    as_of="trade_date",
)

FACTORS_DAILY = TableSpec(
    name="factors_daily",
    database="historical",
    columns=(
        ColumnSpec("factor_id", "text"),
        ColumnSpec("trade_date", "date"),
        ColumnSpec("value", "real8"),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("factor_id", "trade_date"),
    mutability="recomputed",
    as_of="trade_date",
)

INSTRUMENT_FACTORS_DAILY = TableSpec(
    name="instrument_factors_daily",
    database="historical",
    columns=(
        ColumnSpec("instrument_id", "text"),
        ColumnSpec("trade_date", "date"),
        ColumnSpec("factor_id", "text"),
        ColumnSpec("exposure", "real8"),
    ),
    key=("instrument_id", "trade_date", "factor_id"),
    mutability="recomputed",
    as_of="trade_date",
)

VOLATILITY_DAILY = TableSpec(
    name="volatility_daily",
    database="historical",
    columns=(
        ColumnSpec("instrument_id", "text"),
        ColumnSpec("trade_date", "date"),
        ColumnSpec("vol_21d", "real8", nullable=True),
        ColumnSpec("vol_63d", "real8", nullable=True),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("instrument_id", "trade_date"),
    mutability="recomputed",
    as_of="trade_date",
)

CORRELATION_PANELS = TableSpec(
    name="correlation_panels",
    database="historical",
    columns=(
        ColumnSpec("panel_id", "text"),
        ColumnSpec("start_date", "date"),
        ColumnSpec("end_date", "date"),
        ColumnSpec("universe_spec", "json", default="{}"),
        ColumnSpec("matrix_ref", "text"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("panel_id",),
    mutability="append",
    as_of="end_date",
)

SPECS = (
    PRICES_DAILY,
    RETURNS_DAILY,
    FACTORS_DAILY,
    INSTRUMENT_FACTORS_DAILY,
    VOLATILITY_DAILY,
    CORRELATION_PANELS,
)
