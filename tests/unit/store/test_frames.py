"""What a frame puts into a table is, to the last bit, what comes out of it again."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import psycopg
import pytest

from prometheus.flow.rows import Coded, Column, JsonFloats, Rows
from prometheus.schema.tables import TABLES
from prometheus.store.copying import copy_frame
from prometheus.store.frames import array_literal, frame_of

DATES = np.arange("2013-01-07", "2013-01-12", dtype="datetime64[D]")


def doubles() -> np.ndarray:
    """Return the doubles that are hard to write as text, and two thousand others of any size."""
    bits = np.random.default_rng(5).integers(0, 2**64, 2000, dtype=np.uint64).view(np.float64)
    hard = [0.0, -0.0, 0.1, 1 / 3, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e22, 1e23, -1e-7]
    return np.concatenate([hard, bits[np.isfinite(bits)]])


def stored(connection: psycopg.Connection[Any], table: str, column: str, values: Column, n: int) -> list[Any]:
    """Return a column after a way through a table without keys and checks."""
    connection.execute(f"DROP TABLE IF EXISTS pg_temp.{table}".encode())
    connection.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM {table} WITH NO DATA".encode())
    connection.execute(f"ALTER TABLE pg_temp.{table} ADD COLUMN place serial".encode())
    frame = frame_of(Rows(table, np.zeros(n, dtype=np.int64), {column: values}), DATES)
    assert copy_frame(connection, table, frame) == n
    cast = "::text" if TABLES[table].column(column).type == "json" else ""
    found = connection.execute(f"SELECT {column}{cast} FROM pg_temp.{table} ORDER BY place".encode())
    return [row[0] for row in found.fetchall()]


def test_doubles_come_back_bit_for_bit(runtime: psycopg.Connection[Any]) -> None:
    values = doubles()
    found = stored(runtime, "instrument_scores", "score", values, len(values))
    assert np.array(found).view(np.uint64).tolist() == values.view(np.uint64).tolist()


def test_doubles_in_json_come_back_bit_for_bit(runtime: psycopg.Connection[Any]) -> None:
    values = doubles()[:1000]
    matrix = np.column_stack([values, values[::-1]])
    matrix[3, 0] = np.nan
    found = stored(
        runtime, "instrument_scores", "alpha_components", JsonFloats(("a", 'b "quoted"'), matrix), 1000
    )
    for text, (first, second) in zip(found, matrix, strict=True):
        members = json.loads(text)
        assert float(members.get("a", np.nan)) == first or np.isnan(first)
        assert float(members['b "quoted"']) == second
    assert "a" not in json.loads(found[3])


def test_nan_is_null(runtime: psycopg.Connection[Any]) -> None:
    values = np.array([1.0, np.nan, 3.0])
    assert stored(runtime, "instrument_scores", "score", values, 3) == [1.0, None, 3.0]


def test_decimals_keep_every_digit(runtime: psycopg.Connection[Any]) -> None:
    values = [Decimal("0.000000000001"), Decimal("123456789012345.123456789012"), None, Decimal("1E+3")]
    assert stored(runtime, "positions_snapshots", "quantity", values, 4) == values


@pytest.mark.parametrize("text", ["", " ", "NULL", 'a "quoted", one', "two\nlines", "a\\b", "{}", "é€"])
def test_texts_come_back_as_they_are(runtime: psycopg.Connection[Any], text: str) -> None:
    coded = Coded(np.array([0, -1, 0]), [text])
    assert stored(runtime, "universes", "tier", coded, 3) == [text, None, text]
    assert stored(runtime, "universes", "tier", [text, None], 2) == [text, None]


@pytest.mark.parametrize("values", [(), ("A",), ("A B", 'C"D', "E\\F", "G,H", "{I}", "NULL", "")])
def test_arrays_come_back_as_they_are(runtime: psycopg.Connection[Any], values: tuple[str, ...]) -> None:
    coded = Coded(np.array([0, 0]), [values])
    assert stored(runtime, "universes", "instrument_ids", coded, 2) == [list(values)] * 2
    assert array_literal(values).startswith("{")


def test_json_texts_uuids_times_and_whole_numbers_come_back(runtime: psycopg.Connection[Any]) -> None:
    body = '{"note": "a \\"quoted\\", one", "n": [1, 2.5, null]}'
    assert [json.loads(t) for t in stored(runtime, "orders", "metadata", [body, "{}"], 2)] == [
        json.loads(body),
        {},
    ]
    ids = np.arange(32, dtype=np.uint8).reshape(2, 16)
    assert [one.bytes for one in stored(runtime, "orders", "order_id", ids, 2)] == [b.tobytes() for b in ids]
    times = np.array(["2013-01-07T21:00:00", "NaT"], dtype="datetime64[s]")
    found = stored(runtime, "orders", "timestamp", times, 2)
    assert (found[0].isoformat(), found[1]) == ("2013-01-07T21:00:00+00:00", None)
    horizons = np.array([1, 2**31 - 1], dtype=np.int64)
    assert stored(runtime, "instrument_scores", "horizon_days", horizons, 2) == horizons.tolist()


def test_a_scalar_stands_in_every_row_and_days_become_dates(runtime: psycopg.Connection[Any]) -> None:
    assert stored(runtime, "orders", "side", "BUY", 3) == ["BUY"] * 3
    assert stored(runtime, "orders", "quantity", Decimal("1.50"), 2) == [Decimal("1.50")] * 2
    rows = Rows("universes", np.array([0, 2, 4]), {"tier": "CORE"})
    assert frame_of(rows, DATES)["as_of_date"].to_list() == DATES[[0, 2, 4]].tolist()


def test_no_rows_copy_nothing(runtime: psycopg.Connection[Any]) -> None:
    rows = Rows("universes", np.zeros(0, dtype=np.int64), {"tier": "CORE"})
    assert copy_frame(runtime, "universes", frame_of(rows, DATES)) == 0
