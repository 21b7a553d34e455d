"""What goes into a table in the binary format is what goes into it as text, to the last bit."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import postgres, sql

from prometheus.store.binary_rows import has_binary_form
from prometheus.store.copying import ROWS_AT_ONCE, copy_frame

TYPES = {
    "name": ("text", pl.String),
    "body": ("jsonb", pl.String),
    "day": ("date", pl.Date),
    "number": ("float8", pl.Float64),
    "count": ("int8", pl.Int64),
    "place": ("int4", pl.Int32),
    "is_new": ("bool", pl.Boolean),
}
SCHEMA = {name: dtype for name, (_, dtype) in TYPES.items()}
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS.filter(lambda text: text != "\\N"),  # CSV has no other word for null
        st.none()
        | st.sampled_from(["{}", "[1, 2.5]", '{"a": "\\\\ \\" \\u00e9"}', "null", '"\u00e9\u20ac"']),
        st.none() | st.dates(dt.date(1, 1, 1)),
        st.none() | st.floats(),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.none() | st.booleans(),
    ),
    max_size=30,
)


@pytest.fixture
def table(runtime: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in TYPES.items())
    runtime.execute(f"CREATE TEMP TABLE plain ({columns})".encode())
    # One column of a type that has no binary form here, and all of the frame goes in as text.
    runtime.execute(f"CREATE TEMP TABLE as_text ({columns.replace('name text', 'name varchar')})".encode())
    return runtime


def taken(connection: psycopg.Connection[Any], table: str, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Return the rows of a table after a frame was copied into it, doubles bit by bit."""
    connection.execute(f"TRUNCATE {table}".encode())
    assert copy_frame(connection, table, frame) == frame.height
    shown = [
        sql.SQL("encode(float8send({0}), 'hex')" if kind == "float8" else "{0}::text").format(
            sql.Identifier(name)
        )
        for name, (kind, _) in TYPES.items()
    ]
    query = sql.SQL("SELECT {} FROM {} ORDER BY ctid").format(
        sql.SQL(", ").join(shown), sql.Identifier(table)
    )
    return connection.execute(query).fetchall()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(rows=ROWS, first=st.integers(0, 3))
def test_rows_go_in_as_their_text_does(
    table: psycopg.Connection[Any], rows: list[tuple[Any, ...]], first: int
) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").slice(first)
    found, expected = taken(table, "plain", frame), taken(table, "as_text", frame)
    assert [row[:3] + row[4:] for row in found] == [row[:3] + row[4:] for row in expected]
    for one, other, number in zip(found, expected, frame["number"], strict=True):
        assert one[3] == other[3] or np.isnan(number)  # text has one NaN, of one sign


@pytest.mark.parametrize("name", ["plain", "as_text"])
def test_pieces_follow_each_other(table: psycopg.Connection[Any], name: str) -> None:
    values = pl.Series("count", range(2 * ROWS_AT_ONCE + 1))
    frame = pl.DataFrame({"count": values, "name": values.cast(pl.String)})
    assert copy_frame(table, name, frame) == len(values)
    query = "SELECT count(*), count(*) FILTER (WHERE count::text = name AND count + 1 = row) FROM"
    query += f" (SELECT *, row_number() OVER (ORDER BY ctid) row FROM {name}) t"
    assert table.execute(query.encode()).fetchone() == (len(values), len(values))


def test_a_table_may_come_again_with_other_types(runtime: psycopg.Connection[Any]) -> None:
    for kind in ["float8", "int8"] * 4:
        runtime.execute(f"CREATE TEMP TABLE again (number {kind})".encode())
        assert (
            copy_frame(
                runtime,
                "again",
                pl.DataFrame({"number": [1.0]}).cast(pl.Float64 if kind == "float8" else pl.Int64),
            )
            == 1
        )
        runtime.execute("DROP TABLE again")


def test_what_has_another_type_than_its_column_goes_in_as_text(table: psycopg.Connection[Any]) -> None:
    oids = {"number": postgres.types["float8"].oid, "day": postgres.types["date"].oid}
    whole = pl.DataFrame({"number": [1, 2], "day": ["2024-01-03", None]})
    assert not has_binary_form(whole, oids)
    assert has_binary_form(pl.DataFrame(schema={"number": pl.Float64, "day": pl.Date}), oids)
    assert copy_frame(table, "plain", whole) == 2
    query = "SELECT number, day FROM plain ORDER BY number"
    assert table.execute(query).fetchall() == [(1.0, dt.date(2024, 1, 3)), (2.0, None)]


def test_a_broken_body_is_refused_by_the_server(table: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="json"):
        copy_frame(table, "plain", pl.DataFrame({"body": ["{"]}))
