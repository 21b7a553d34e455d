"""Adjusted closes where the vendor gives none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from prometheus.domain.market.content import runs
from prometheus.kernel.arrays import BoolArray, FloatArray

_ROUNDING = 33.0
"""2**5 + 1: a factor keeps 48 of its 53 bits, so that adjusted close over close gives it back exactly."""


def with_normal_actions(prices: pl.DataFrame) -> pl.DataFrame:
    """Return prices in which "no split" and "no dividend" are null, however the vendor writes them.

    Vendors write 0 or 1 in ``split`` and 0 in ``dividend`` on days without.
    """
    split, dividend = pl.col("split"), pl.col("dividend")
    return prices.with_columns(
        pl.when((split != 0.0) & (split != 1.0)).then(split).alias("split"),
        pl.when(dividend != 0.0).then(dividend).alias("dividend"),
    )


def with_adjusted_close(prices: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    """Return prices with an adjusted close in every row, and ``is_computed`` where it is ours.

    Parameters
    ----------
    prices : polars.DataFrame
        Sorted by ``instrument_id`` and ``trade_date``; no split is null or not 1, no dividend null or not 0.
    factors : polars.DataFrame
        ``instrument_id`` and ``factor``: adjusted close over close of the last row before these prices.

    Notes
    -----
    The vendor's own is kept. Otherwise the factor is carried forward from the first row that is known, so
    that no event changes a row before it: factor(t) = factor(t-1) * (split(t) + dividend(t) / close(t)),
    and adjusted_close(t) = close(t) * factor(t). The ratio of two adjusted closes is the total return
    between them. Without splits and dividends it equals the close. Where a vendor gives some rows of an
    instrument, the others stand in a chain with the last one given before them or, without any such row
    here or in ``factors``, with the first one given after them.

    A factor is rounded to 48 bits at every event. It can then be read back from the row before, bit for bit,
    and a history that came day by day equals one that came at once.
    Source: CRSP, *Data Descriptions Guide*, holding period total return.
    """
    is_computed = pl.col("adjusted_close").is_null()
    has_events, is_plain = prices.select(
        (pl.col("split").is_not_null() | pl.col("dividend").is_not_null()).any(),
        plain=is_computed.all() | ~is_computed.any(),
    ).row(0)
    if factors.is_empty() and is_plain and not has_events:
        return prices.with_columns(
            is_computed.alias("is_computed"), pl.coalesce("adjusted_close", "close").alias("adjusted_close")
        )
    given = prices["adjusted_close"].is_not_null().to_numpy()
    close = prices["close"].to_numpy()
    adjusted = prices["adjusted_close"].fill_null(float("nan")).to_numpy()
    event = prices.select(
        pl.col("split").fill_null(1.0) + pl.col("dividend").fill_null(0.0) / pl.col("close")
    ).to_series()
    factor = _factors(prices["instrument_id"], given, adjusted / close, event.to_numpy(), _before(factors))
    chain = pl.Series("adjusted_close", np.where(given, adjusted, close * factor))
    return prices.with_columns(is_computed.alias("is_computed")).with_columns(chain)


def _before(factors: pl.DataFrame) -> Mapping[str, float]:
    return dict(zip(factors["instrument_id"].to_list(), factors["factor"].to_list(), strict=True))


def _factors(
    instruments: pl.Series,
    given: BoolArray,
    ratio: FloatArray,
    event: FloatArray,
    before: Mapping[str, float],
) -> FloatArray:
    """Return the factor of each row that has no adjusted close, carried over from the nearest known one."""
    found = np.full(len(given), np.nan)
    is_last_given = given.copy()
    is_last_given[:-1] &= ~given[1:]
    is_mark = is_last_given | ((event != 1.0) & ~given)
    for instrument, start, stop in runs(instruments):
        if given[start:stop].all():
            continue
        known = before.get(instrument)
        marks = (start + np.flatnonzero(is_mark[start:stop])).tolist()
        place = start
        if known is None:
            place, known = _beginning(found, given, ratio, event, start, stop)
        factor = _rounded(known)
        for mark in marks:
            if mark < place:
                continue
            found[place:mark] = factor
            factor = _rounded(ratio[mark] if given[mark] else factor * event[mark])
            found[mark] = factor
            place = mark + 1
        found[place:stop] = factor
    return found


def _beginning(
    found: FloatArray, given: BoolArray, ratio: FloatArray, event: FloatArray, start: int, stop: int
) -> tuple[int, float]:
    """Fill in the rows before the first known factor; return the place from which to go on, and with what.

    On the very first row nothing was held the day before: its event carries nothing forward.
    """
    known = start + np.flatnonzero(given[start:stop])
    if not len(known):
        found[start] = 1.0
        return start + 1, 1.0
    first = int(known[0])
    factor = _rounded(ratio[first])
    for place in range(first, start, -1):
        if event[place] != 1.0:
            factor = _rounded(factor / event[place])
        found[place - 1] = factor
    return first, float(ratio[first])


def _rounded(value: float) -> float:
    """Return a number with its last five bits rounded away (Veltkamp's splitting)."""
    high = _ROUNDING * value
    return high - (high - value)
