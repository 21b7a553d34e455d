"""The one way in which a frame goes into a table, and a query comes out as a frame: COPY."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    import polars as pl

Connection = psycopg.Connection[tuple[Any, ...]]
NULL = "\\N"
ROWS_AT_ONCE = 65_536
"""Rows that are written out at once, while the server takes those before them in."""


def copy_frame(
    connection: Connection, table: str, frame: pl.DataFrame, *, columns: Sequence[str] | None = None
) -> int:
    """Copy the rows of a frame into a table; return their number.

    Parameters
    ----------
    connection : Connection
        The transaction is the caller's.
    table : str
        A table, temporary ones included.
    frame : polars.DataFrame
        Values of the columns' types, or whose text PostgreSQL reads as these; null is null.
    columns : sequence of str, optional
        Those of the frame's columns that are copied, all of them by default. Columns of the table that
        are not among them take their defaults.

    Notes
    -----
    In the binary format where every column is of its column's type, which spares the server the parsing;
    otherwise in CSV, in which polars writes the shortest text that gives back the same double.
    """
    from prometheus.store.binary_rows import HEADER, TRAILER, binary_rows, has_binary_form

    if frame.height == 0:
        return 0
    names = frame.columns if columns is None else list(columns)
    rows = frame.select(names)
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    with connection.cursor() as cursor:
        typed = sql.SQL("SELECT {} FROM {} LIMIT 0").format(listed, sql.Identifier(table))
        cursor.execute(typed, prepare=False)  # a temporary table may come again with other types
        oids = {name: column.type_code for name, column in zip(names, cursor.description or (), strict=True)}
        is_binary = has_binary_form(rows, oids)
        layout = sql.SQL("FORMAT binary" if is_binary else "FORMAT csv, NULL '\\N'")
        statement = sql.SQL("COPY {} ({}) FROM STDIN ({})").format(sql.Identifier(table), listed, layout)
        with cursor.copy(statement) as copy:
            copy.write(HEADER if is_binary else b"")
            for piece in _pieces(rows, partial(binary_rows, oids=oids) if is_binary else _csv):
                copy.write(piece)
            copy.write(TRAILER if is_binary else b"")
    return frame.height


def _pieces(frame: pl.DataFrame, written: Callable[[pl.DataFrame], memoryview]) -> Iterator[memoryview]:
    """Yield a frame as it is written, piece by piece, the next made while the server takes this one in."""
    pieces = frame.iter_slices(ROWS_AT_ONCE)
    if frame.height <= ROWS_AT_ONCE:
        yield from map(written, pieces)
        return
    with ThreadPoolExecutor(1) as aside:
        coming = aside.submit(written, next(pieces))
        for rows in pieces:
            made, coming = coming, aside.submit(written, rows)
            yield made.result()
        yield coming.result()


def _csv(rows: pl.DataFrame) -> memoryview:
    buffer = io.BytesIO()
    rows.write_csv(buffer, include_header=False, null_value=NULL)
    return buffer.getbuffer()


def frame_of(
    connection: Connection,
    query: sql.SQL | sql.Composed,
    parameters: Sequence[Any],
    schema: Mapping[str, pl.DataType | type[pl.DataType]],
) -> pl.DataFrame:
    """Return the result of a query, exactly: doubles come back bit for bit.

    Parameters
    ----------
    connection : Connection
        The transaction is the caller's.
    query : SQL
        A SELECT.
    parameters : sequence
        Its parameters.
    schema : mapping of str to data type
        Names and types of the result's columns, in order.
    """
    import polars as pl

    with connection.cursor() as cursor:
        statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, NULL '\\N')").format(query)
        with cursor.copy(statement, parameters) as copy:
            raw = b"".join(copy)
    if not raw:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(raw, has_header=False, schema=dict(schema), null_values=NULL)
