"""As-of reads of daily tables straight into arrays of shape (n_days, n_assets).

The server packs each instrument's rows into one value in PostgreSQL's own binary format (dates as int32,
numbers as float64, big endian), so that hundreds of values cross the wire instead of hundreds of thousands
of rows; numpy reads them without a copy in between. Order does not matter: every row carries its date.

As known at a moment: a row whose first delivery came later is left out, a row that was corrected later
shows the version that was believed then (``metadata.revisions``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from prometheus.flow.batch import Assets
from prometheus.kernel.arrays import DateArray, FloatArray
from prometheus.schema.tables import TABLES

_PG_EPOCH = np.datetime64("2000-01-01", "D")
ACTIONS = ("split", "dividend")
"""Corporate actions of prices_daily: keys of its metadata that read like columns."""


def read_panels(
    connection: psycopg.Connection[Any],
    table: str,
    columns: Sequence[str],
    *,
    assets: Assets,
    dates: DateArray,
    late_batches: Sequence[str] = (),
    known_at: np.datetime64 | None = None,
) -> dict[str, FloatArray]:
    """Return columns of a daily table.

    Parameters
    ----------
    connection : psycopg.Connection
        To the database that holds the table.
    table : str
        One with ``instrument_id`` and ``trade_date``.
    columns : sequence of str
        Numbers; for prices_daily also those of `ACTIONS`.
    assets : Assets
        Columns of the arrays, in order.
    dates : ndarray of shape (n_days,), datetime64[D]
        Rows of the arrays, ascending.
    late_batches : sequence of str
        Short ids of the deliveries that came after ``known_at``.
    known_at : datetime64, optional
        The moment as of which to read prices_daily.

    Returns
    -------
    dict of str to ndarray of shape (n_days, n_assets)
        NaN where there is no row or no value.
    """
    plain = [name for name in columns if not (table == "prices_daily" and name in ACTIONS)]
    actions = [name for name in columns if name not in plain]
    if not len(dates) or not len(assets):
        return {name: np.full((len(dates), len(assets)), np.nan) for name in columns}
    out = {name: np.full((len(dates), len(assets)), np.nan) for name in actions}
    place = {instrument: i for i, instrument in enumerate(assets.ids)}
    if plain:
        _read_plain(connection, table, plain, place=place, dates=dates, late=late_batches, out=out)
    if actions:
        _read_actions(connection, actions, place=place, dates=dates, late=late_batches, out=out)
    if table == "prices_daily" and known_at is not None:
        _restore_versions(
            connection, place=place, dates=dates, late=set(late_batches), known_at=known_at, out=out
        )
    return out


def _read_plain(
    connection: psycopg.Connection[Any],
    table: str,
    columns: Sequence[str],
    *,
    place: Mapping[str, int],
    dates: DateArray,
    late: Sequence[str],
    out: dict[str, FloatArray],
) -> None:
    spec = TABLES[table]
    missing = sql.SQL("'\\x7ff8000000000000'::bytea")
    packed = [
        sql.SQL("coalesce(float8send({}), {})").format(sql.Identifier(name), missing)
        if spec.column(name).nullable
        else sql.SQL("float8send({})").format(sql.Identifier(name))
        for name in columns
    ]
    statement = sql.SQL(
        "SELECT instrument_id, string_agg(date_send(trade_date) || {values}, ''::bytea) FROM {table} "
        "WHERE trade_date BETWEEN %s AND %s{known} GROUP BY instrument_id"
    ).format(
        values=sql.SQL(" || ").join(packed),
        table=sql.Identifier(table),
        known=sql.SQL(" AND NOT coalesce(metadata ->> 'batch' = ANY(%s), false)" if late else ""),
    )
    parameters: list[Any] = [str(dates[0]), str(dates[-1])]
    if late:
        parameters.append(list(late))
    layout = np.dtype([("date", ">i4"), *((name, ">f8") for name in columns)])
    place_of_day = np.full(int((dates[-1] - dates[0]).astype(np.int64)) + 1, -1, dtype=np.int64)
    place_of_day[(dates - dates[0]).astype(np.int64)] = np.arange(len(dates))
    first = int((dates[0] - _PG_EPOCH).astype(np.int64))
    # One row an instrument while they are filled, so that writes stay together in memory.
    filled = {name: np.full((len(place), len(dates)), np.nan) for name in columns}
    with connection.cursor(binary=True) as cursor:
        cursor.execute(statement, parameters)
        for instrument, blob in cursor:
            column = place.get(instrument)
            if column is None:
                continue
            rows = np.frombuffer(blob, dtype=layout)
            at = place_of_day[rows["date"].astype(np.int64) - first]
            if (at < 0).any():
                rows, at = rows[at >= 0], at[at >= 0]
            for name in columns:
                filled[name][column, at] = rows[name]
    for name in columns:
        out[name] = np.ascontiguousarray(filled[name].T)


def _places(dates: DateArray, wanted: DateArray) -> tuple[Any, Any]:
    """Return the rows of the dates, and a mask of those that are on the axis."""
    at = np.minimum(np.searchsorted(dates, wanted), len(dates) - 1)
    inside = dates[at] == wanted
    return at[inside], inside


def _read_actions(
    connection: psycopg.Connection[Any],
    columns: Sequence[str],
    *,
    place: Mapping[str, int],
    dates: DateArray,
    late: Sequence[str],
    out: Mapping[str, FloatArray],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT instrument_id, trade_date, (metadata ->> 'split')::float8, "
            "(metadata ->> 'dividend')::float8 FROM prices_daily "
            "WHERE trade_date BETWEEN %s AND %s AND (metadata ? 'split' OR metadata ? 'dividend') "
            "AND NOT coalesce(metadata ->> 'batch' = ANY(%s), false)",
            [str(dates[0]), str(dates[-1]), list(late)],
        )
        for instrument, date, *values in cursor:
            column = place.get(instrument)
            at, inside = _places(dates, np.array([date], dtype="datetime64[D]"))
            if column is not None and inside[0]:
                for name in columns:
                    value = values[ACTIONS.index(name)]
                    out[name][at[0], column] = np.nan if value is None else value


def _restore_versions(
    connection: psycopg.Connection[Any],
    *,
    place: Mapping[str, int],
    dates: DateArray,
    late: set[str],
    known_at: np.datetime64,
    out: Mapping[str, FloatArray],
) -> None:
    """Put back the versions of corrected rows that were believed at the moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT instrument_id, trade_date, metadata -> 'revisions' FROM prices_daily "
            "WHERE trade_date BETWEEN %s AND %s AND metadata ? 'revisions'",
            [str(dates[0]), str(dates[-1])],
        )
        for instrument, date, revisions in cursor:
            column = place.get(instrument)
            at, inside = _places(dates, np.array([date], dtype="datetime64[D]"))
            if column is None or not inside[0]:
                continue
            believed = [r for r in revisions if np.datetime64(r["until"].rstrip("Z")) > known_at]
            if not believed:
                continue
            version = min(believed, key=lambda r: str(r["until"]))
            for name, values in out.items():
                value = None if version.get("batch") in late else version.get(name)
                values[at[0], column] = np.nan if value is None else float(value)
