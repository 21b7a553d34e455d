"""The one way in which a frame goes into a table, and a query comes out as a frame: COPY."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
        Values whose text PostgreSQL reads as the columns' types; null is null.
    columns : sequence of str, optional
        Those of the frame's columns that are copied, all of them by default. Columns of the table that
        are not among them take their defaults.

    Notes
    -----
    CSV text, because polars writes the shortest text that gives back the same double, on all cores, in
    less time than Python needs to lay out the binary format.
    """
    if frame.height == 0:
        return 0
    names = frame.columns if columns is None else list(columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL '\\N')").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for text in _texts(frame.select(names)):
            copy.write(text)
    return frame.height


def _texts(frame: pl.DataFrame) -> Iterator[memoryview]:
    """Yield a frame as CSV, piece by piece, the next one made while the server takes this one in."""
    pieces = frame.iter_slices(ROWS_AT_ONCE)
    if frame.height <= ROWS_AT_ONCE:
        yield from map(_text, pieces)
        return
    with ThreadPoolExecutor(1) as aside:
        coming = aside.submit(_text, next(pieces))
        for rows in pieces:
            made, coming = coming, aside.submit(_text, rows)
            yield made.result()
        yield coming.result()


def _text(rows: pl.DataFrame) -> memoryview:
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
