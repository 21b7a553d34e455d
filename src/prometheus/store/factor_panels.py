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
    late_batches: Sequence[str] = (),
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
    late_batches : sequence of str
        Short ids of the deliveries that came after ``known_at``: their rows are left out, or show the version
        that was believed then (``metadata.revisions``), like those of prices_daily.
    known_at : datetime64, optional
        The moment as of which to read.
    """
    out = {factor: np.full((len(dates), 1), np.nan) for factor in factors}
    if not len(dates) or not factors:
        return out
    place = {date: i for i, date in enumerate(dates.tolist())}
    late = set(late_batches)
    found = connection.execute(
        "SELECT factor_id, trade_date, value, metadata ->> 'batch', metadata -> 'revisions' "
        "FROM factors_daily WHERE factor_id = ANY(%s) AND trade_date BETWEEN %s AND %s",
        [list(factors), str(dates[0]), str(dates[-1])],
    )
    for factor, date, value, batch, revisions in found:
        at = place.get(date)
        if at is None:
            continue
        believed = value if batch not in late else np.nan
        if known_at is not None:
            later = [r for r in revisions or () if np.datetime64(r["until"].rstrip("Z")) > known_at]
            if later:
                version = min(later, key=lambda r: str(r["until"]))
                former = None if version.get("batch") in late else version.get("value")
                believed = np.nan if former is None else float(former)
        out[factor][at, 0] = believed
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
