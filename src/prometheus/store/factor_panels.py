"""Factors out of the tables: series of factors_daily, and exposures of instruments to them.

A delivered series has two times a value: the date that it is about, and when it became known. A panel of
sessions shows what each session learnt, so:

1. Each version of each value stands at the first session that closed after it became known; what a
   market derives itself is known at its session's close.
2. A version counts if it is of the latest date that was known by then: news of an older date, such as a late
   revision, is not the present level of the series.
3. A session shows the version that it learnt, NaN if it learnt none. With ``is_carried`` it shows the one
   that counted last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg

from prometheus.flow.batch import Assets
from prometheus.kernel.arrays import DateArray, FloatArray, IntArray
from prometheus.kernel.sessions import Sessions

_VERSIONS = (
    "SELECT f.trade_date, v.value, v.batch, v.since FROM factors_daily f CROSS JOIN LATERAL ("
    " SELECT f.value, f.metadata ->> 'batch' AS batch, (f.metadata ->> 'known_at')::timestamptz AS since,"
    "  'infinity'::float8 AS place"
    " UNION ALL SELECT (r ->> 'value')::float8, r ->> 'batch', (r ->> 'known_at')::timestamptz, n::float8"
    "  FROM jsonb_array_elements(f.metadata -> 'revisions') WITH ORDINALITY AS e (r, n)) v"
    " WHERE f.factor_id = %s AND f.trade_date <= %s AND (f.trade_date >= %s OR f.metadata ? 'known_at'"
    "  OR f.metadata ? 'batch') ORDER BY f.trade_date, v.place"
)


def read_series(
    connection: psycopg.Connection[Any],
    factors: Sequence[str],
    *,
    dates: DateArray,
    sessions: Sessions,
    recorded: Mapping[str, datetime],
    known_at: np.datetime64 | None = None,
    is_carried: bool = False,
) -> dict[str, FloatArray]:
    """Return factors as arrays of shape (n_days, 1): what each session learnt, NaN where that is nothing.

    Parameters
    ----------
    connection : psycopg.Connection
        To the historical database.
    factors : sequence of str
        Factor ids.
    dates : ndarray of shape (n_days,), datetime64[D]
        Sessions, ascending.
    sessions : Sessions
        All of the market: a value is known at a session if it was known when that closed.
    recorded : mapping of str to datetime
        See `unrecorded.recorded_batches`: when batches became known, for values that don't say it
        themselves. Values of other batches are known at no moment.
    known_at : datetime64, optional
        The moment as of which to read: what became known later is left out too. Rows that were
        derived don't say when they became known; `flow.as_known` computes those of a moment.
    is_carried : bool
        Whether a session that learnt nothing shows what was known last.
    """
    out = {factor: np.full((len(dates), 1), np.nan) for factor in factors}
    if not len(dates):
        return out
    places = np.searchsorted(sessions.dates, dates)
    closes = sessions.closes.astype("datetime64[us]")
    first = "-infinity" if is_carried else str(dates[0])
    for factor in factors:
        found = connection.execute(_VERSIONS, [factor, str(dates[-1]), first])
        versions = [
            (about, value, said or recorded.get(batch))
            for about, value, batch, said in found
            if batch is None or batch in recorded
        ]
        if not versions:
            continue
        about = np.array([version[0] for version in versions], dtype="datetime64[D]")
        values = np.array([version[1] for version in versions], dtype=np.float64)
        moments = [at and at.astimezone(UTC).replace(tzinfo=None) for _, _, at in versions]
        since = np.array(moments, dtype="datetime64[us]")
        is_derived = np.isnat(since)
        own = np.minimum(np.searchsorted(sessions.dates, about), len(closes) - 1)
        since = np.where(is_derived, closes[own], since)
        kept = is_derived | (np.True_ if known_at is None else since <= known_at)
        out[factor][:, 0] = _learnt(
            about[kept],
            values[kept],
            since[kept],
            closes=closes,
            places=places,
            is_carried=is_carried,
        )
    return out


def _learnt(
    about: DateArray,
    values: FloatArray,
    since: DateArray,
    *,
    closes: DateArray,
    places: IntArray,
    is_carried: bool,
) -> FloatArray:
    """Return what the sessions at ``places`` learnt; versions of a date come oldest first."""
    order = np.lexsort((about, since))  # stable: versions of one date and moment keep their order
    about, values, since = about[order], values[order], since[order]
    counts = about == np.maximum.accumulate(about.astype(np.int64)).astype("datetime64[D]")
    at, values = np.searchsorted(closes, since[counts]), values[counts]
    out = np.full(len(places), np.nan)
    if not len(at):
        return out
    last = np.searchsorted(at, places, side="right") - 1
    is_known = (last >= 0) & (is_carried | (at[last] == places))
    out[is_known] = values[last[is_known]]
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
