"""Table specs of historical/30_embeddings.sql: vectors."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

TEXT_EMBEDDINGS = TableSpec(
    name="text_embeddings",
    database="historical",
    columns=(
        ColumnSpec("embedding_id", "bigint", default="identity"),
        ColumnSpec("source_type", "text"),
        ColumnSpec("source_id", "text"),
        ColumnSpec("model_id", "text"),
        ColumnSpec("vector", "bytea", nullable=True),
        ColumnSpec("vector_ref", "text", nullable=True),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("embedding_id",),
    mutability="append",
)

NUMERIC_WINDOW_EMBEDDINGS = TableSpec(
    name="numeric_window_embeddings",
    database="historical",
    columns=(
        ColumnSpec("embedding_id", "bigint", default="identity"),
        ColumnSpec("entity_type", "text"),
        ColumnSpec("entity_id", "text"),
        ColumnSpec("window_spec", "json", default="{}"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("model_id", "text"),
        ColumnSpec("vector", "bytea", nullable=True),
        ColumnSpec("vector_ref", "text", nullable=True),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("embedding_id",),
    mutability="append",
    as_of="as_of_date",
)

JOINT_EMBEDDINGS = TableSpec(
    name="joint_embeddings",
    database="historical",
    columns=(
        ColumnSpec("joint_id", "bigint", default="identity"),
        ColumnSpec("joint_type", "text"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("entity_scope", "json", default="{}"),
        ColumnSpec("model_id", "text"),
        ColumnSpec("vector", "bytea", nullable=True),
        ColumnSpec("vector_ref", "text", nullable=True),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("joint_id",),
    mutability="append",
    as_of="as_of_date",
)

SPECS = (
    TEXT_EMBEDDINGS,
    NUMERIC_WINDOW_EMBEDDINGS,
    JOINT_EMBEDDINGS,
)
