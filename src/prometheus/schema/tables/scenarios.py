"""Table specs of runtime/50_scenarios.sql: sets of return paths."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

SCENARIO_SETS = TableSpec(
    name="scenario_sets",
    database="runtime",
    columns=(
        ColumnSpec("scenario_set_id", "uuid"),
        ColumnSpec("set_type", "text"),
        ColumnSpec("generated_date", "date"),
        ColumnSpec("generation_params", "json", default="{}"),
        ColumnSpec("num_scenarios", "integer"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("scenario_set_id",),
    mutability="append",
    as_of="generated_date",
)

SCENARIO_PATHS = TableSpec(
    name="scenario_paths",
    database="runtime",
    columns=(
        ColumnSpec("path_id", "bigint", default="identity"),
        ColumnSpec("scenario_set_id", "uuid", references="scenario_sets"),
        ColumnSpec("scenario_index", "integer"),
        ColumnSpec("instrument_id", "text", references="instruments"),
        ColumnSpec("start_date", "date"),
        ColumnSpec("end_date", "date"),
        ColumnSpec("returns_series", "real8[]"),
        ColumnSpec("metadata", "json", default="{}"),
    ),
    key=("path_id",),
    mutability="append",
)

SPECS = (
    SCENARIO_SETS,
    SCENARIO_PATHS,
)
