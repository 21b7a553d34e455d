"""Table specs of runtime/70_portfolios.sql: targets and risk."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

TARGET_PORTFOLIOS = TableSpec(
    name="target_portfolios",
    database="runtime",
    columns=(
        ColumnSpec("target_id", "uuid"),
        ColumnSpec("strategy_id", "text", references="strategies"),
        ColumnSpec("portfolio_id", "text", references="portfolios"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("target_positions", "json", default="{}"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("target_id",),
    natural=("strategy_id", "portfolio_id", "as_of_date"),
    mutability="append",
    as_of="as_of_date",
)

PORTFOLIO_RISK_REPORTS = TableSpec(
    name="portfolio_risk_reports",
    database="runtime",
    columns=(
        ColumnSpec("report_id", "uuid"),
        ColumnSpec("portfolio_id", "text", references="portfolios"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("portfolio_value", "money"),
        ColumnSpec("cash", "money"),
        ColumnSpec("net_exposure", "real8"),
        ColumnSpec("gross_exposure", "real8"),
        ColumnSpec("leverage", "real8"),
        ColumnSpec("risk_metrics", "json", default="{}"),
        ColumnSpec("scenario_pnl", "json", default="{}"),
        ColumnSpec("exposures_by_sector", "json", default="{}"),
        ColumnSpec("exposures_by_factor", "json", default="{}"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("report_id",),
    natural=("portfolio_id", "as_of_date"),
    mutability="append",
    as_of="as_of_date",
)

SPECS = (
    TARGET_PORTFOLIOS,
    PORTFOLIO_RISK_REPORTS,
)
