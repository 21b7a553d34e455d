"""Rows of the flow as polars frames whose text PostgreSQL takes, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from prometheus.flow.json_records import JsonRecords
from prometheus.flow.rows import Coded, Column, JsonFloats, Rows, is_scalar
from prometheus.kernel.arrays import ByteArray, DateArray
from prometheus.schema.tables import TABLES


def frame_of(rows: Rows, dates: DateArray) -> pl.DataFrame:
    """Return rows as a frame with the table's column names.

    Parameters
    ----------
    rows : Rows
        Finished rows.
    dates : ndarray of datetime64[D]
        The axis that ``rows.day`` points into; fills ``as_of_date`` or ``trade_date``.
    """
    spec = TABLES[rows.table]
    n = len(rows)
    columns: dict[str, pl.Series] = {}
    for column in spec.columns:
        if column.name in rows.columns:
            columns[column.name] = _series(rows.columns[column.name], n)
        elif column.name in ("as_of_date", "trade_date"):
            columns[column.name] = pl.Series(dates[rows.day])
    return pl.DataFrame(columns)


def _series(column: Column, n: int) -> pl.Series:
    if is_scalar(column):
        value = column if column is None or isinstance(column, int | float) else str(column)
        return pl.repeat(value, n, eager=True, dtype=pl.String if isinstance(value, str) else None)
    if isinstance(column, Coded):
        values = [_text(value) for value in column.values]
        codes = pl.Series(np.where(column.codes >= 0, column.codes, len(values)))
        return pl.Series([*values, None], dtype=pl.String).gather(codes)
    if isinstance(column, JsonFloats):
        return _json_objects(column)
    if isinstance(column, JsonRecords):
        return pl.Series(column.texts(), dtype=pl.String)
    if isinstance(column, np.ndarray):
        if column.ndim == 2:
            return _hex(column)
        if column.dtype.kind == "M" and column.dtype != np.dtype("datetime64[D]"):
            column = column.astype("datetime64[us]")
        series = pl.Series(np.ascontiguousarray(column))
        return series.fill_nan(None) if column.dtype.kind == "f" else series
    return pl.Series([None if v is None else _text(v) for v in column], dtype=pl.String)  # type: ignore[union-attr]


def _hex(ids: ByteArray) -> pl.Series:
    """Return ids of shape (n_rows, 16) as texts without hyphens, which PostgreSQL takes."""
    raw = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), len(ids), [None, pa.py_buffer(np.ascontiguousarray(ids))]
    )
    return pl.Series(raw).bin.encode("hex")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return array_literal(value)
    return format(value, "f") if hasattr(value, "as_tuple") else str(value)


def array_literal(values: Sequence[str]) -> str:
    r"""Return the text form of a text[].

    Examples
    --------
    >>> array_literal(("A", 'B"C'))
    '{"A","B\\"C"}'
    """
    quoted = ('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)
    return "{" + ",".join(quoted) + "}"


def _json_objects(column: JsonFloats) -> pl.Series:
    """Return one JSON object a row; a NaN leaves its key out."""
    cells = [pl.col(f"c{i}") for i in range(len(column.names))]
    values = pl.DataFrame({f"c{i}": column.values[:, i] for i in range(len(cells))})
    members = [
        pl.when(cell.is_nan()).then(None).otherwise(pl.format("{}{}", pl.lit(f"{json.dumps(name)}: "), cell))
        for name, cell in zip(column.names, cells, strict=True)
    ]
    body = pl.concat_str(members, separator=", ", ignore_nulls=True)
    return values.select(pl.format("{}{}{}", pl.lit("{"), body, pl.lit("}"))).to_series()
