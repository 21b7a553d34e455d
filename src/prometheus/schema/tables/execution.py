"""Table specs of runtime/80_execution.sql: orders, fills, actions, positions."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

ORDERS = TableSpec(
    name="orders",
    database="runtime",
    columns=(
        ColumnSpec("order_id", "uuid"),
        ColumnSpec("timestamp", "timestamptz"),
        ColumnSpec("instrument_id", "text", references="instruments"),
        ColumnSpec("side", "text"),
        ColumnSpec("order_type", "text"),
        ColumnSpec("quantity", "money"),
        ColumnSpec("limit_price", "money", nullable=True),
        ColumnSpec("stop_price", "money", nullable=True),
        ColumnSpec("status", "text"),
        ColumnSpec("mode", "text"),
        ColumnSpec("portfolio_id", "text", references="portfolios"),
        ColumnSpec("decision_id", "uuid", references="engine_decisions"),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("order_id",),
    mutability="forward",
    as_of="timestamp",
)

FILLS = TableSpec(
    name="fills",
    database="runtime",
    columns=(
        ColumnSpec("fill_id", "uuid"),
        ColumnSpec("order_id", "uuid"),
        ColumnSpec("timestamp", "timestamptz"),
        ColumnSpec("instrument_id", "text"),
        ColumnSpec("side", "text"),
        ColumnSpec("quantity", "money"),
        ColumnSpec("price", "money"),
        ColumnSpec("commission", "money", default="0"),
        ColumnSpec("mode", "text"),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("fill_id",),
    mutability="append",
    as_of="timestamp",
)

EXECUTED_ACTIONS = TableSpec(
    name="executed_actions",
    database="runtime",
    columns=(
        ColumnSpec("action_id", "uuid"),
        ColumnSpec("decision_id", "uuid", references="engine_decisions"),
        ColumnSpec("timestamp", "timestamptz"),
        ColumnSpec("portfolio_id", "text", references="portfolios"),
        ColumnSpec("instrument_id", "text", references="instruments"),
        ColumnSpec("side", "text"),
        ColumnSpec("quantity", "money"),
        ColumnSpec("price", "money"),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("action_id",),
    mutability="append",
    as_of="timestamp",
)

POSITIONS_SNAPSHOTS = TableSpec(
    name="positions_snapshots",
    database="runtime",
    columns=(
        ColumnSpec("snapshot_id", "bigint", default="identity"),
        ColumnSpec("portfolio_id", "text", references="portfolios"),
        ColumnSpec("timestamp", "timestamptz"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("instrument_id", "text", references="instruments"),
        ColumnSpec("quantity", "money"),
        ColumnSpec("avg_cost", "money"),
        ColumnSpec("market_value", "money"),
        ColumnSpec("unrealized_pnl", "money"),
        ColumnSpec("mode", "text"),
    ),
    key=("snapshot_id",),
    mutability="append",
    as_of="as_of_date",
)

SPECS = (
    ORDERS,
    FILLS,
    EXECUTED_ACTIONS,
    POSITIONS_SNAPSHOTS,
)
