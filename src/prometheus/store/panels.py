"""As-of reads of daily tables straight into arrays of shape (n_days, n_assets).

The server packs each instrument's rows into one value in PostgreSQL's own binary format (dates as int32,
numbers as float64, big endian), so that hundreds of values cross the wire instead of hundreds of thousands
of rows; numpy reads them without a copy in between. Order does not matter: every row carries its date.

As known at a moment: a row whose first delivery came later, or is not on record, is left out; a row that
was corrected later shows the version that was believed then (``metadata.revisions``). Where no delivery came
later, that costs nothing: the rows are not asked for their batch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from prometheus.flow.batch import Assets
from prometheus.kernel.arrays import DateArray, FloatArray
from prometheus.schema.tables import TABLES
from prometheus.store.believed import believed_of

_PG_EPOCH = np.datetime64("2000-01-01", "D")
ACTIONS = ("split", "dividend")
"""Corporate actions of prices_daily: keys of its metadata that read like columns."""
_IS_KNOWN = "coalesce((metadata ->> 'batch') COLLATE \"C\" <> ALL(%s), true)"


def read_panels(
    connection: psycopg.Connection[Any],
    table: str,
    columns: Sequence[str],
    *,
    assets: Assets,
    dates: DateArray,
    unknown_batches: Collection[str] = (),
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
    unknown_batches : collection of str
        Short ids of the deliveries that were not known yet at ``known_at``, see `believed.batches_unknown`.
    known_at : datetime64, optional
        The moment as of which to read prices_daily; everything that is stored by default. The connection
        holds `believed.one_view` since before the deliveries were asked for.

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
    is_past = known_at is not None and table == "prices_daily"
    unknown = sorted(unknown_batches) if is_past else []
    if plain:
        _read_plain(connection, table, plain, place=place, dates=dates, unknown=unknown, out=out)
    if actions:
        _read_actions(connection, actions, place=place, dates=dates, unknown=unknown, out=out)
    if is_past and known_at is not None:
        moment = known_at.astype("datetime64[us]").item().replace(tzinfo=UTC)
        _restore_versions(connection, place=place, dates=dates, unknown=unknown, moment=moment, out=out)
    return out


def _read_plain(
    connection: psycopg.Connection[Any],
    table: str,
    columns: Sequence[str],
    *,
    place: Mapping[str, int],
    dates: DateArray,
    unknown: list[str],
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
        known=sql.SQL(f" AND {_IS_KNOWN}" if unknown else ""),
    )
    parameters: list[Any] = [str(dates[0]), str(dates[-1])]
    if unknown:
        parameters.append(unknown)
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
    unknown: list[str],
    out: Mapping[str, FloatArray],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT instrument_id, trade_date, (metadata ->> 'split')::float8, "
            "(metadata ->> 'dividend')::float8 FROM prices_daily "
            "WHERE trade_date BETWEEN %s AND %s AND (metadata ? 'split' OR metadata ? 'dividend') "
            f"AND {_IS_KNOWN}",
            [str(dates[0]), str(dates[-1]), unknown],
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
    unknown: list[str],
    moment: datetime,
    out: Mapping[str, FloatArray],
) -> None:
    """Put back the versions of corrected rows that were believed at the moment, where they aren't present."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT instrument_id, trade_date, metadata FROM prices_daily "
            "WHERE trade_date BETWEEN %s AND %s AND metadata ? 'revisions' "
            "AND ((metadata -> 'revisions' -> -1 ->> 'until')::timestamptz > %s "
            "OR (metadata ->> 'batch') COLLATE \"C\" = ANY(%s))",
            [str(dates[0]), str(dates[-1]), moment, unknown],
        )
        for instrument, date, metadata in cursor:
            column = place.get(instrument)
            at, inside = _places(dates, np.array([date], dtype="datetime64[D]"))
            if column is None or not inside[0]:
                continue
            believed = believed_of(metadata, moment, unknown)
            if believed == len(metadata["revisions"]):
                continue
            version = {} if believed is None else metadata["revisions"][believed]
            for name, values in out.items():
                value = version.get(name)
                values[at[0], column] = np.nan if value is None else float(value)
