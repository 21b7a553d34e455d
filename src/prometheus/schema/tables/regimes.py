"""Table specs of runtime/40_regimes.sql: the state of regions."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

REGIMES = TableSpec(
    name="regimes",
    database="runtime",
    columns=(
        ColumnSpec("regime_record_id", "uuid"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("region", "text"),
        ColumnSpec("regime_label", "text"),
        ColumnSpec("regime_embedding", "bytea", nullable=True),
        ColumnSpec("embedding_ref", "text", nullable=True),
        ColumnSpec("confidence", "unit"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("regime_record_id",),
    natural=("region", "as_of_date"),
    mutability="append",
    as_of="as_of_date",
)

SPECS = (REGIMES,)
