"""The DDL, the migrations, the table specs and the list kept by hand say the same."""

from __future__ import annotations

import dataclasses

import psycopg
import pytest

from prometheus.schema.ddl import ddl
from prometheus.schema.tables import TABLES, TableSpec
from prometheus.store.catalog import Catalog, differences, expected_catalog, read_catalog
from prometheus.store.connections import Databases, connect
from tests.schema.listed_tables import COLUMNS, NAMED_INDEXES

SQL_TYPES = {
    "json": "jsonb",
    "money": "numeric",
    "real8": "double precision",
    "real8[]": "double precision[]",
    "timestamptz": "timestamp with time zone",
    "unit": "double precision",
}
BOTH = pytest.mark.parametrize("database", ["runtime", "historical"])


@pytest.fixture
def catalog(databases: Databases, database: str) -> Catalog:
    with connect(databases.url(database)) as connection:
        return read_catalog(connection)


@BOTH
def test_the_ddl_and_the_migrations_build_the_same_database(
    databases: Databases, empty_databases: Databases, database: str
) -> None:
    with connect(empty_databases.url(database)) as connection:
        connection.execute(ddl(database).encode())
        from_ddl = read_catalog(connection)
    with connect(databases.url(database)) as connection:
        from_migrations = read_catalog(connection)
    assert differences(from_ddl, from_migrations) == ()


@BOTH
def test_the_catalog_expected_on_a_server_is_that_of_a_new_database(
    databases: Databases, database: str
) -> None:
    with connect(databases.url(database)) as connection:
        assert differences(expected_catalog(connection, database), read_catalog(connection)) == ()
        left = connection.execute("select to_regnamespace('prometheus_expected')").fetchone()
    assert left == (None,)


@BOTH
def test_tables_and_columns_are_those_of_the_schema_document(catalog: Catalog, database: str) -> None:
    assert {name: list(table.columns) for name, table in catalog.tables.items()} == COLUMNS[database]


def test_there_are_38_tables() -> None:
    assert len(COLUMNS["runtime"]) == 24
    assert len(COLUMNS["historical"]) == 14
    assert TABLES.keys() == COLUMNS["runtime"].keys() | COLUMNS["historical"].keys()


@BOTH
def test_table_specs_say_what_the_catalog_says(catalog: Catalog, database: str) -> None:
    for name, table in catalog.tables.items():
        spec = TABLES[name]
        assert spec.database == database
        assert spec.column_names == tuple(table.columns), name
        for column in spec.columns:
            found = table.columns[column.name]
            place = f"{name}.{column.name}"
            assert found.type == SQL_TYPES.get(column.type, column.type), place
            assert found.nullable == column.nullable, place
            assert found.identity == (column.default == "identity"), place
            said = None if column.default == "identity" else column.default
            assert (found.default or "").removesuffix("::jsonb").strip("'") == (said or ""), place
            if column.references:
                ours = f"FOREIGN KEY ({column.name}) REFERENCES {column.references}("
                assert any(text.startswith(ours) for text in table.constraints.values()), place
        _assert_keys(spec, table.constraints)


def _assert_keys(spec: TableSpec, constraints: object) -> None:
    definitions = list(dict(constraints).values())  # type: ignore[call-overload]
    primary = [text for text in definitions if text.startswith("PRIMARY KEY")]
    assert primary == ([f"PRIMARY KEY ({', '.join(spec.key)})"] if spec.key else []), spec.name
    assert set(spec.natural) <= set(spec.column_names)
    assert spec.as_of is None or spec.as_of in spec.column_names


@BOTH
def test_mutability_of_the_specs_is_held_by_triggers(catalog: Catalog) -> None:
    wanted = {
        "append": ["append_only"],
        "entity": ["updated"],
        "forward": ["forward_only", "never_deleted"],
        "corrections": ["corrections_only", "never_deleted"],
        "recomputed": [],
    }
    for name, table in catalog.tables.items():
        found = sorted(trigger.removeprefix(f"{name}_") for trigger in table.triggers)
        # Orders keep their steps in order; recomputed tables may hold deliveries, which keep their versions.
        own = [t for t in found if t not in ("within_order", "delivered_kept")]
        assert own == wanted[TABLES[name].mutability], name


@BOTH
def test_everything_has_a_comment(catalog: Catalog) -> None:
    for thing in [*catalog.tables.values(), *catalog.views.values(), *catalog.functions.values()]:
        assert thing.comment, thing.name
    for holder in [*catalog.tables.values(), *catalog.views.values()]:
        for column in holder.columns.values():
            assert column.comment, f"{holder.name}.{column.name}"


def test_the_twelve_named_indexes_stand(runtime: psycopg.Connection, historical: psycopg.Connection) -> None:
    tables = {**read_catalog(runtime).tables, **read_catalog(historical).tables}
    assert len(NAMED_INDEXES) == 12
    for name, (table, columns) in NAMED_INDEXES.items():
        assert (
            tables[table]
            .indexes[name]
            .endswith(f" ON {table} USING btree ({columns})".replace("(timestamp)", '("timestamp")'))
        ), name


def test_every_engine_output_has_a_view_of_its_current_rows(runtime: psycopg.Connection) -> None:
    views = read_catalog(runtime).views
    outputs = [spec for spec in TABLES.values() if spec.natural]
    assert sorted(views) == sorted(f"current_{spec.name}" for spec in outputs)
    for spec in outputs:
        assert tuple(views[f"current_{spec.name}"].columns) == spec.column_names


@BOTH
def test_text_that_is_an_id_or_a_code_sorts_bytewise(catalog: Catalog) -> None:
    prose = {"name", "description", "headline", "body"}
    for table in catalog.tables.values():
        for column in table.columns.values():
            if column.type.startswith("text"):
                assert (column.collation == "C") == (column.name not in prose), f"{table.name}.{column.name}"


@BOTH
def test_every_real_number_and_every_sum_of_money_refuses_nan(catalog: Catalog) -> None:
    for name, table in catalog.tables.items():
        checks = [text for text in table.constraints.values() if text.startswith("CHECK")]
        for column in TABLES[name].columns:
            if column.type in ("real8", "real8[]", "money", "unit"):
                bounds = [
                    text for text in checks if column.name in text and ("Infinity" in text or "<= 1" in text)
                ]
                assert bounds, f"{name}.{column.name}"


def test_a_difference_names_its_place(runtime: psycopg.Connection) -> None:
    catalog = read_catalog(runtime)
    runtime.execute("alter table orders drop constraint orders_side_check")
    runtime.execute("alter table fills alter column commission drop default")
    runtime.execute("drop index idx_fills_timestamp")
    places = [difference.place for difference in differences(catalog, read_catalog(runtime))]
    assert places == [
        "tables.fills.columns.commission.default",
        "tables.fills.indexes.idx_fills_timestamp",
        "tables.orders.constraints.orders_side_check",
    ]


def test_the_order_of_columns_counts(runtime: psycopg.Connection) -> None:
    catalog = read_catalog(runtime)
    orders = catalog.tables["orders"]
    swapped = dataclasses.replace(orders, columns=dict(reversed(orders.columns.items())))
    other = dataclasses.replace(catalog, tables={**catalog.tables, "orders": swapped})
    assert differences(catalog, other)
