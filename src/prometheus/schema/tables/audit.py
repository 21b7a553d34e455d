"""Table specs of runtime/20_audit.sql: configurations, models, decisions and their outcomes."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

ENGINE_CONFIGS = TableSpec(
    name="engine_configs",
    database="runtime",
    columns=(
        ColumnSpec("config_id", "text"),
        ColumnSpec("engine_name", "text"),
        ColumnSpec("version", "text"),
        ColumnSpec("config_body", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
        ColumnSpec("created_by", "text"),
    ),
    key=("config_id",),
    mutability="append",
)

MODELS = TableSpec(
    name="models",
    database="runtime",
    columns=(
        ColumnSpec("model_id", "text"),
        ColumnSpec("engine_name", "text"),
        ColumnSpec("type", "text"),
        ColumnSpec("artifact_ref", "text"),
        ColumnSpec("training_data_spec", "json", default="{}"),
        ColumnSpec("metrics", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
        ColumnSpec("created_by", "text"),
    ),
    key=("model_id",),
    mutability="append",
)

ENGINE_DECISIONS = TableSpec(
    name="engine_decisions",
    database="runtime",
    columns=(
        ColumnSpec("decision_id", "uuid"),
        ColumnSpec("timestamp", "timestamptz", default="now()"),
        ColumnSpec("engine_name", "text"),
        ColumnSpec("config_id", "text", references="engine_configs"),
        ColumnSpec("context_id", "text"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("input_refs", "json", default="{}"),
        ColumnSpec("raw_input_summary", "json", default="{}"),
        ColumnSpec("proposed_action", "json", default="{}"),
    ),
    key=("decision_id",),
    mutability="append",
    as_of="as_of_date",
)

DECISION_OUTCOMES = TableSpec(
    name="decision_outcomes",
    database="runtime",
    columns=(
        ColumnSpec("decision_id", "uuid", references="engine_decisions"),
        ColumnSpec("horizon_days", "integer"),
        ColumnSpec("eval_date", "date"),
        ColumnSpec("pnl", "money", nullable=True),
        ColumnSpec("return", "real8", nullable=True),
        ColumnSpec("drawdown", "real8", nullable=True),
        ColumnSpec("risk_metrics", "json", default="{}"),
        ColumnSpec("label", "text", nullable=True),
    ),
    key=("decision_id", "horizon_days"),
    mutability="append",
    as_of="eval_date",
)

SPECS = (
    ENGINE_CONFIGS,
    MODELS,
    ENGINE_DECISIONS,
    DECISION_OUTCOMES,
)
