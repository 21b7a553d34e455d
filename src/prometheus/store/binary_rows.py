"""Rows in the binary format of COPY: the server reads numbers and dates without parsing text.

Arrow lays the rows out. Each column becomes arrays of bytes, a field's length and its value, and one kernel
joins the arrays row by row. Layout: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format";
values: the send functions of the types, big endian, days and such counted from 2000-01-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import postgres

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
"""The length of a field that is null."""
EPOCH = 10_957
"""Days from 1970-01-01 to 2000-01-01."""
BYTES = pa.large_binary()

_JSONB = postgres.types["jsonb"].oid
_LAYOUTS: Mapping[str, tuple[frozenset[int], str]] = {
    "String": (frozenset({postgres.types["text"].oid, _JSONB}), ""),
    "Date": (frozenset({postgres.types["date"].oid}), ">i4"),
    "Float64": (frozenset({postgres.types["float8"].oid}), ">f8"),
    "Int64": (frozenset({postgres.types["int8"].oid}), ">i8"),
    "Int32": (frozenset({postgres.types["int4"].oid}), ">i4"),
    "Boolean": (frozenset({postgres.types["bool"].oid}), ">u1"),
}
"""Types of a frame: the types of columns that take them, by their ids, and the layout of a number."""


def has_binary_form(frame: pl.DataFrame, oids: Mapping[str, int]) -> bool:
    """Return whether every column of a frame is of the type that its column in the table has.

    Parameters
    ----------
    frame : polars.DataFrame
    oids : mapping of str to int
        The id of the type of each column, as in ``pg_type``.
    """
    nothing: tuple[frozenset[int], str] = (frozenset(), "")
    return all(oids[name] in _LAYOUTS.get(str(dtype), nothing)[0] for name, dtype in frame.schema.items())


def binary_rows(frame: pl.DataFrame, oids: Mapping[str, int]) -> memoryview:
    """Return the rows of a frame, without header and trailer.

    Parameters
    ----------
    frame : polars.DataFrame
        One that `has_binary_form`; null is null.
    oids : mapping of str to int
        The id of the type of each column.
    """
    n_fields = pa.scalar(np.array(frame.width, ">i2").tobytes(), BYTES)
    cells = [n_fields]
    for column in frame:
        is_known = column.is_not_null().to_numpy() if column.null_count() else None
        if str(column.dtype) == "String":
            cells += _texts(column, is_known, version=b"\x01" if oids[column.name] == _JSONB else b"")
        else:
            cells.append(_numbers(column, is_known))
    empty = pa.scalar(b"", BYTES)
    joined = pc.binary_join_element_wise(*cells, empty, null_handling="replace", null_replacement=NULL)
    _, offsets, values = joined.buffers()
    last = np.frombuffer(offsets, np.int64)[frame.height]
    return memoryview(values)[:last]


def _numbers(column: pl.Series, is_known: np.ndarray | None) -> Any:
    kind = str(column.dtype)
    numbers = column.cast(pl.UInt8) if kind == "Boolean" else column.to_physical()
    if is_known is not None:
        numbers = numbers.fill_null(0)
    values = (numbers - EPOCH if kind == "Date" else numbers).to_numpy().astype(_LAYOUTS[kind][1])
    return _cells(np.array(values.itemsize, ">i4").tobytes(), values, is_known)


def _texts(column: pl.Series, is_known: np.ndarray | None, *, version: bytes) -> list[Any]:
    """Return lengths, with the version of the type's binary form if it has one, and texts."""
    texts = column.to_arrow(compat_level=pl.CompatLevel.oldest())
    if is_known is not None:
        texts = pc.fill_null(texts, "")
    lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False) + len(version)
    # The version goes behind the length, in the same array.
    heads = np.empty((len(lengths), 4 + len(version)), np.uint8)
    heads[:, :4] = lengths.astype(">i4").view(np.uint8).reshape(-1, 4)
    heads[:, 4:] = np.frombuffer(version, np.uint8)
    return [_array(heads, is_known), texts.cast(BYTES)]


def _cells(head: bytes, values: np.ndarray, is_known: np.ndarray | None) -> Any:
    """Return fields of one width: a length and a value each."""
    cells = np.empty((len(values), len(head) + values.itemsize), np.uint8)
    cells[:, : len(head)] = np.frombuffer(head, np.uint8)
    cells[:, len(head) :] = values.view(np.uint8).reshape(len(values), values.itemsize)
    return _array(cells, is_known)


def _array(cells: np.ndarray, is_known: np.ndarray | None) -> Any:
    """Return the rows of a matrix of bytes as an array of bytes, null where nothing is known."""
    n_rows, width = cells.shape
    offsets = np.arange(0, (n_rows + 1) * width, width, dtype=np.int64)
    valid = None if is_known is None else pa.array(is_known).buffers()[1]
    return pa.Array.from_buffers(BYTES, n_rows, [valid, pa.py_buffer(offsets), pa.py_buffer(cells)])
