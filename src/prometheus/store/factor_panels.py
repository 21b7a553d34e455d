"""Factors out of the tables: series of factors_daily, and exposures of instruments to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg

from prometheus.flow.batch import Assets
from prometheus.kernel.arrays import DateArray, FloatArray


def read_series(
    connection: psycopg.Connection[Any],
    factors: Sequence[str],
    *,
    dates: DateArray,
    known_at: np.datetime64 | None = None,
) -> dict[str, FloatArray]:
    """Return factors as arrays of shape (n_days, 1), NaN where there is no row.

    Parameters
    ----------
    connection : psycopg.Connection
        To the historical database.
    factors : sequence of str
        Factor ids.
    dates : ndarray of shape (n_days,), datetime64[D]
        Ascending.
    known_at : datetime64, optional
        The moment as of which to read: a value that became known later is left out, one that was corrected
        later shows the version that was believed then. Rows that were derived don't say when they became
        known; `flow.as_known` computes those of a moment.
    """
    out = {factor: np.full((len(dates), 1), np.nan) for factor in factors}
    if not len(dates) or not factors:
        return out
    about = [list(factors), str(dates[0]), str(dates[-1])]
    if known_at is None:
        found = connection.execute(
            "SELECT factor_id, trade_date, value FROM factors_daily "
            "WHERE factor_id = ANY(%s) AND trade_date BETWEEN %s AND %s",
            about,
        )
    else:
        found = connection.execute(
            "SELECT f.factor_id, f.trade_date, v.value FROM factors_daily f CROSS JOIN LATERAL ("
            " SELECT f.value, f.metadata ->> 'known_at' AS since, 'infinity'::timestamptz AS until"
            " UNION ALL SELECT (r ->> 'value')::double precision, r ->> 'known_at',"
            " (r ->> 'until')::timestamptz FROM jsonb_array_elements(f.metadata -> 'revisions') r) v"
            " WHERE f.factor_id = ANY(%s) AND f.trade_date BETWEEN %s AND %s"
            " AND coalesce(v.since::timestamptz, '-infinity') <= %s::timestamptz"
            " AND %s::timestamptz < v.until",
            [*about, f"{known_at}Z", f"{known_at}Z"],
        )
    place = {date: i for i, date in enumerate(dates.tolist())}
    for factor, date, value in found:
        if date in place:
            out[factor][place[date], 0] = value
    return out


def read_exposures(
    connection: psycopg.Connection[Any], factors: Sequence[str], *, assets: Assets, dates: DateArray
) -> dict[str, FloatArray]:
    """Return exposures as arrays of shape (n_days, n_assets), NaN where there is no row.

    Parameters
    ----------
    connection : psycopg.Connection
        To the historical database.
    factors : sequence of str
        Factor ids.
    assets : Assets
    dates : ndarray of shape (n_days,), datetime64[D]
        Ascending.
    """
    out = {factor: np.full((len(dates), len(assets)), np.nan) for factor in factors}
    if not len(dates) or not len(assets) or not factors:
        return out
    place = {date: i for i, date in enumerate(dates.tolist())}
    column = {instrument: i for i, instrument in enumerate(assets.ids)}
    found = connection.execute(
        "SELECT factor_id, trade_date, instrument_id, exposure FROM instrument_factors_daily "
        "WHERE factor_id = ANY(%s) AND trade_date BETWEEN %s AND %s",
        [list(factors), str(dates[0]), str(dates[-1])],
    )
    for factor, date, instrument, exposure in found:
        if date in place and instrument in column:
            out[factor][place[date], column[instrument]] = exposure
    return out
