"""Table specs of runtime/30_profiles.sql: what was known about issuers."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

PROFILES = TableSpec(
    name="profiles",
    database="runtime",
    columns=(
        ColumnSpec("profile_id", "bigint", default="identity"),
        ColumnSpec("issuer_id", "text", references="issuers"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("structured", "json", default="{}"),
        ColumnSpec("embedding_vector_ref", "text", nullable=True),
        ColumnSpec("risk_flags", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("profile_id",),
    mutability="append",
    as_of="as_of_date",
)

SPECS = (PROFILES,)
