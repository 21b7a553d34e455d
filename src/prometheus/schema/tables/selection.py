"""Table specs of runtime/60_selection.sql: scores and universes."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

INSTRUMENT_SCORES = TableSpec(
    name="instrument_scores",
    database="runtime",
    columns=(
        ColumnSpec("score_id", "uuid"),
        ColumnSpec("strategy_id", "text", references="strategies"),
        ColumnSpec("market_id", "text", references="markets"),
        ColumnSpec("instrument_id", "text", references="instruments"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("horizon_days", "integer"),
        ColumnSpec("expected_return", "real8"),
        ColumnSpec("score", "real8"),
        ColumnSpec("confidence", "unit"),
        ColumnSpec("signal_label", "text"),
        ColumnSpec("alpha_components", "json", default="{}"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("score_id",),
    natural=("strategy_id", "market_id", "instrument_id", "as_of_date", "horizon_days"),
    mutability="append",
    as_of="as_of_date",
)

UNIVERSES = TableSpec(
    name="universes",
    database="runtime",
    columns=(
        ColumnSpec("universe_id", "uuid"),
        ColumnSpec("strategy_id", "text", references="strategies"),
        ColumnSpec("market_id", "text", references="markets"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("tier", "text"),
        ColumnSpec("instrument_ids", "text[]"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("universe_id",),
    natural=("strategy_id", "market_id", "as_of_date", "tier"),
    mutability="append",
    as_of="as_of_date",
)

SPECS = (
    INSTRUMENT_SCORES,
    UNIVERSES,
)
