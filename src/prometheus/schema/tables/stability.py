"""Table specs of runtime/45_stability.sql: stability, fragility and soft targets."""

from __future__ import annotations

from prometheus.schema.tables.spec import ColumnSpec, TableSpec

STABILITY_VECTORS = TableSpec(
    name="stability_vectors",
    database="runtime",
    columns=(
        ColumnSpec("stability_id", "uuid"),
        ColumnSpec("entity_type", "text"),
        ColumnSpec("entity_id", "text"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("vector_components", "json", default="{}"),
        ColumnSpec("overall_score", "unit"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("stability_id",),
    natural=("entity_type", "entity_id", "as_of_date"),
    mutability="append",
    as_of="as_of_date",
)

FRAGILITY_MEASURES = TableSpec(
    name="fragility_measures",
    database="runtime",
    columns=(
        ColumnSpec("fragility_id", "uuid"),
        ColumnSpec("entity_type", "text"),
        ColumnSpec("entity_id", "text"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("fragility_score", "unit"),
        ColumnSpec("scenario_losses", "json", default="{}"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("fragility_id",),
    natural=("entity_type", "entity_id", "as_of_date"),
    mutability="append",
    as_of="as_of_date",
)

SOFT_TARGET_CLASSES = TableSpec(
    name="soft_target_classes",
    database="runtime",
    columns=(
        ColumnSpec("soft_target_id", "uuid"),
        ColumnSpec("entity_type", "text"),
        ColumnSpec("entity_id", "text"),
        ColumnSpec("as_of_date", "date"),
        ColumnSpec("soft_target_class", "text"),
        ColumnSpec("soft_target_score", "unit"),
        ColumnSpec("weak_profile", "unit"),
        ColumnSpec("instability", "unit"),
        ColumnSpec("high_fragility", "unit"),
        ColumnSpec("complacent_pricing", "unit"),
        ColumnSpec("metadata", "json", default="{}"),
        ColumnSpec("created_at", "timestamptz", default="now()"),
    ),
    key=("soft_target_id",),
    natural=("entity_type", "entity_id", "as_of_date"),
    mutability="append",
    as_of="as_of_date",
)

SPECS = (
    STABILITY_VECTORS,
    FRAGILITY_MEASURES,
    SOFT_TARGET_CLASSES,
)
