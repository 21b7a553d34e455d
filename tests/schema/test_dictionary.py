"""The dictionary and the diagram show what stands in the catalogs."""

from __future__ import annotations

import psycopg

from prometheus.schema.tables import TABLES
from prometheus.store.catalog import read_catalog
from prometheus.store.dictionary import dictionary_markdown, erd_mermaid


def test_the_dictionary_holds_every_table_column_and_view(
    runtime: psycopg.Connection, historical: psycopg.Connection
) -> None:
    text = dictionary_markdown({"runtime": read_catalog(runtime), "historical": read_catalog(historical)})
    for spec in TABLES.values():
        chapter = text.split(f"\n### {spec.name}\n", 1)[1].split("\n### ", 1)[0]
        for column in spec.columns:
            assert f"\n| {column.name} | " in chapter, f"{spec.name}.{column.name}"
        if spec.natural:
            assert f"| current_{spec.name} | " in text
    assert "| ? |" not in text


def test_the_diagram_draws_every_table_and_foreign_key(
    runtime: psycopg.Connection, historical: psycopg.Connection
) -> None:
    text = erd_mermaid({"runtime": read_catalog(runtime), "historical": read_catalog(historical)})
    for spec in TABLES.values():
        assert f"\n    {spec.name} {{\n" in text
        for column in spec.columns:
            if column.references:
                end = "|o" if column.nullable else "||"
                assert f'    {column.references} {end}--o{{ {spec.name} : "{column.name}"' in text
    assert '    orders ||--o{ fills : "order_id, instrument_id, side, mode"' in text
