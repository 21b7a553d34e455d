"""Which bars come from deliveries that tell splits: the column ``splits_told`` of prices_daily's panels.

A delivery tells splits if every file of it has a column for them, or a factor file: then its closes are as
traded, for the price door refuses closes that hold the splits beside them. Where it tells none, nobody knows
whether closes were adjusted backwards, by splits that came later.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import psycopg

from prometheus.flow.batch import Assets
from prometheus.kernel.arrays import DateArray, FloatArray

SPLITS_TOLD = "splits_told"
"""1 for a bar of such a delivery, NaN for any other and where there is none."""
_PG_EPOCH = np.datetime64("2000-01-01", "D")
_DELIVERIES = """
SELECT right(decision_id::text, 12), coalesce((input_refs ->> 'tells_splits')::boolean, false)
FROM engine_decisions
WHERE engine_name = 'INGEST' AND context_id = %(market_id)s AND proposed_action ->> 'table' = 'prices_daily'
  AND (%(moment)s::timestamptz IS NULL
       OR coalesce((input_refs ->> 'known_at')::timestamptz, timestamp) <= %(moment)s::timestamptz)"""
_BARS = """
SELECT instrument_id, string_agg(date_send(trade_date), ''::bytea) FROM prices_daily
WHERE trade_date BETWEEN %(first)s AND %(last)s AND {is_told} GROUP BY instrument_id"""
_BATCH = "metadata ->> 'batch'"
_BATCH_THEN = """CASE WHEN metadata ? 'revisions' THEN coalesce((
    SELECT r ->> 'batch' FROM jsonb_array_elements(metadata -> 'revisions') WITH ORDINALITY v (r, place)
    WHERE (r ->> 'until')::timestamptz > %(moment)s::timestamptz ORDER BY place LIMIT 1
  ), metadata ->> 'batch') ELSE metadata ->> 'batch' END"""


def deliveries_with_splits(
    runtime: psycopg.Connection[Any], *, market_id: str, known_at: np.datetime64 | None = None
) -> tuple[frozenset[str], bool]:
    """Return the short ids of the deliveries of prices that tell splits, and whether all of them do.

    Parameters
    ----------
    runtime : psycopg.Connection
    market_id : str
    known_at : datetime64, optional
        Leaves out deliveries that became known later.
    """
    found = runtime.execute(_DELIVERIES, {"market_id": market_id, "moment": _text(known_at)}).fetchall()
    return frozenset(batch for batch, tells in found if tells), all(tells for _, tells in found)


def read_splits_told(
    historical: psycopg.Connection[Any],
    *,
    batches: Collection[str],
    is_all: bool,
    assets: Assets,
    dates: DateArray,
    known_at: np.datetime64 | None = None,
) -> FloatArray:
    """Return `SPLITS_TOLD`.

    Parameters
    ----------
    historical : psycopg.Connection
    batches : collection of str
        See `deliveries_with_splits`; ``is_all`` with them.
    is_all : bool
        Then no bar is asked for its delivery, unless as of a moment.
    assets : Assets
    dates : ndarray of shape (n_days,), datetime64[D]
        Ascending.
    known_at : datetime64, optional
        The moment as of which to read: the delivery of the version that was believed then counts.

    Returns
    -------
    ndarray of shape (n_days, n_assets)
    """
    out = np.full((len(dates), len(assets)), np.nan)
    if not len(dates) or not len(assets) or not batches:
        return out
    batch = _BATCH if known_at is None else _BATCH_THEN
    is_told = "true" if is_all and known_at is None else f'({batch}) COLLATE "C" = ANY(%(batches)s)'
    place = {instrument: at for at, instrument in enumerate(assets.ids)}
    about = {
        "first": str(dates[0]),
        "last": str(dates[-1]),
        "batches": list(batches),
        "moment": _text(known_at),
    }
    with historical.cursor(binary=True) as cursor:
        for instrument, packed in cursor.execute(_BARS.format(is_told=is_told).encode(), about):
            if instrument in place:
                told = _PG_EPOCH + np.frombuffer(packed, dtype=">i4").astype("timedelta64[D]")
                out[np.isin(dates, told), place[instrument]] = 1.0
    return out


def _text(moment: np.datetime64 | None) -> str | None:
    return None if moment is None else f"{moment}Z"
