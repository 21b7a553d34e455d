"""Daily bars packed into columns, one row a bar, and what every rule needs to know about each of them.

1. Rows stand sorted by instrument and session; ``first`` and ``last`` are the ends of a row's instrument.
2. ``move`` is the logarithm of the total return from the bar before, splits and dividends counted where
   they are given; ``excess`` is what is left of it without the median of all instruments of that day.
3. What is costly, such as what is `usual` near a bar, is worked out for candidates alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray
from prometheus.kernel.sessions import Sessions

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "adjusted_close", "volume", "split", "dividend")
NORMAL = 1.4826
"""Standard deviation of a normal variable over its median absolute deviation."""
MIN_NAMES = 8
"""Instruments with a move that a day needs, to have a cross-section."""
BACK, AHEAD = 42, 21
"""Bars before and after one that tell what is usual: two months and one."""
ENOUGH = 10
"""Bars that a usual value needs; fewer, and nothing is said."""
CHUNK = 10_000
STEP_BARS = 10
"""Bars before and after one that tell the steps in which its prices move."""
SAME_PRICE = 1e-6
"""Part of a price below which two are the same."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of a delivery, sorted by instrument and session.

    Attributes
    ----------
    instrument : ndarray of shape (n,)
        Code of the instrument, ascending.
    day : ndarray of shape (n,)
        Days since the first of them all.
    place : ndarray of shape (n,)
        Place of the session in the market's calendar; -1 for a day that is none.
    first, last : ndarray of shape (n,)
        First and last row of the row's instrument.
    values : mapping of str to ndarray of shape (n,)
        The columns of a delivery; NaN where a value is missing.
    move, excess : ndarray of shape (n,)
        NaN on the first bar of an instrument. ``excess`` is ``move`` where the day has no cross-section.
    day_scale : ndarray of shape (n,)
        Robust standard deviation of the day's excess moves; 0 where the day has no cross-section.
    scale : ndarray of shape (n,)
        Robust standard deviation of the excess moves of the row's instrument, over its whole history.
    """

    instrument: IntArray
    day: IntArray
    place: IntArray
    first: IntArray
    last: IntArray
    values: Mapping[str, FloatArray]
    move: FloatArray
    excess: FloatArray
    day_scale: FloatArray
    scale: FloatArray

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.place)

    def before(self, values: FloatArray, rows: IntArray, *, by: int = 1) -> FloatArray:
        """Return the values ``by`` bars before (after, if negative) the rows; NaN outside the instrument."""
        at = rows - by
        inside = (at >= self.first[rows]) & (at <= self.last[rows])
        return np.where(inside, values[np.clip(at, 0, len(values) - 1)], np.nan)


def usual(bars: Bars, values: FloatArray, rows: IntArray) -> FloatArray:
    """Return the median of the values near each row; NaN where fewer than ten are known.

    Notes
    -----
    Of two months before and one after, without the row and its neighbours. Values after a row may be used:
    a flag is no signal.
    """
    return _of_near(bars, values, rows, _median)


def smallest(bars: Bars, values: FloatArray, rows: IntArray) -> FloatArray:
    """Return the smallest of the values near each row, as `usual` takes them; NaN where none is known."""
    return _of_near(bars, values, rows, lambda near: np.fmin.reduce(near, axis=1))


def _of_near(
    bars: Bars, values: FloatArray, rows: IntArray, reduce: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    steps = np.concatenate([np.arange(-BACK, -1), np.arange(2, AHEAD + 1)])
    found = np.full(len(rows), np.nan)
    for start in range(0, len(rows), CHUNK):  # a chunk at a time: what is near takes sixty times the room
        part = rows[start : start + CHUNK]
        at = part[:, None] + steps
        inside = (at >= bars.first[part, None]) & (at <= bars.last[part, None])
        near = np.where(inside, values[np.minimum(np.maximum(at, 0), len(values) - 1)], np.nan)
        found[start : start + CHUNK] = reduce(near)
    return found


def _median(near: FloatArray) -> FloatArray:
    counts = np.count_nonzero(~np.isnan(near), axis=1)
    ordered = np.sort(near, axis=1)  # NaN go last
    rows = np.arange(len(near))
    lower, upper = np.maximum(counts - 1, 0) // 2, np.minimum(counts // 2, np.maximum(counts - 1, 0))
    middle = 0.5 * (ordered[rows, lower] + ordered[rows, upper])
    return np.where(counts >= ENOUGH, middle, np.nan)


def step_of(bars: Bars, rows: IntArray) -> FloatArray:
    """Return the smallest differences between two prices of the bars near each row, but for a tenth of them.

    Single trades between the ticks, and averages, are left out by that.
    """
    ticks = np.full(len(rows), np.inf)
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        near = [
            bars.before(bars.values[name], part, by=by)
            for name in PRICES
            for by in range(-STEP_BARS, STEP_BARS + 1)
        ]
        steps = np.diff(np.sort(np.stack(near, axis=1), axis=1), axis=1)
        steps[~(steps > SAME_PRICE * bars.values["close"][part, None])] = np.inf
        n_steps = np.count_nonzero(np.isfinite(steps), axis=1)
        ticks[start : start + CHUNK] = np.sort(steps, axis=1)[np.arange(len(part)), n_steps // 10]
    return ticks


def packed_bars(prices: pl.DataFrame, sessions: Sessions) -> Bars:
    """Return bars of prices.

    Parameters
    ----------
    prices : polars.DataFrame
        Sorted by ``instrument_id`` and ``trade_date``, one row each.
    sessions : Sessions
        Of the market.
    """
    n = prices.height
    runs = prices["instrument_id"].rle().struct.unnest()
    lengths = runs["len"].to_numpy().astype(np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)[:-1]]) if len(lengths) else lengths
    instrument = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    first = np.repeat(starts, lengths)
    last = np.repeat(starts + lengths - 1, lengths)
    days = prices["trade_date"].to_physical().to_numpy().astype(np.int64)
    place = _places(days, sessions)
    day = days - days.min(initial=days[0] if n else 0)
    values = {name: _numbers(prices, name) for name in COLUMNS}
    move = _moves(values, is_first=np.arange(n) == first)
    excess = move - np.nan_to_num(medians_of(day, move, at_least=MIN_NAMES))[day]
    away = np.abs(excess)
    day_scale = np.nan_to_num(NORMAL * medians_of(day, away, at_least=MIN_NAMES))[day]
    scale = NORMAL * medians_of(instrument, away)[instrument]
    return Bars(instrument, day, place, first, last, values, move, excess, day_scale, scale)


def medians_of(codes: IntArray, values: FloatArray, *, at_least: int = 1) -> FloatArray:
    """Return each code's median of the values but NaN; NaN where fewer than ``at_least`` are left."""
    medians = np.full(int(codes.max(initial=-1)) + 1, np.nan)
    kept = np.flatnonzero(~np.isnan(values))
    of_kept = codes[kept].astype(np.int32)
    frame = pl.DataFrame({"code": of_kept, "value": values[kept]})
    if bool((of_kept[1:] >= of_kept[:-1]).all()):
        frame = frame.with_columns(pl.col("code").set_sorted())
    found = frame.group_by("code").agg(pl.col("value").median(), n=pl.len()).filter(pl.col("n") >= at_least)
    medians[found["code"].to_numpy()] = found["value"].to_numpy()
    return medians


def _places(days: IntArray, sessions: Sessions) -> IntArray:
    """Return the places of days in the calendar, by a table from day to place."""
    calendar = sessions.dates.astype("datetime64[D]").astype(np.int64)
    if not len(days) or not len(calendar):
        return np.full(len(days), -1, dtype=np.int64)
    low, high = int(days.min()), int(days.max())
    inside = np.flatnonzero((calendar >= low) & (calendar <= high))
    table = np.full(high - low + 1, -1, dtype=np.int64)
    table[calendar[inside] - low] = inside
    places: IntArray = table[days - low]
    return places


def _numbers(prices: pl.DataFrame, name: str) -> FloatArray:
    if name not in prices.columns:
        return np.full(prices.height, np.nan)
    column = prices[name]
    if column.dtype != pl.Float64:
        column = column.cast(pl.Float64)
    if column.null_count():
        column = column.fill_null(float("nan"))
    numbers: FloatArray = column.to_numpy()
    return numbers


def _moves(values: Mapping[str, FloatArray], *, is_first: BoolArray) -> FloatArray:
    """Return the logarithm of each bar's total return; of the adjusted closes where there are both."""
    close, adjusted = values["close"], values["adjusted_close"]
    split, dividend = values["split"], values["dividend"]
    held = close
    if not np.isnan(split).all():
        held = held * np.where(split > 0.0, split, 1.0)
    if not np.isnan(dividend).all():
        held = held + np.where(dividend > 0.0, dividend, 0.0)
    move = _log_change(held, close)
    if not np.isnan(adjusted).all():
        by_adjusted = _log_change(adjusted, adjusted)
        move = np.where(np.isnan(by_adjusted), move, by_adjusted)
    move[is_first] = np.nan
    return move


def _log_change(new: FloatArray, old: FloatArray) -> FloatArray:
    change = np.full(len(new), np.nan)
    np.divide(new[1:], old[:-1], out=change[1:])
    np.log(change, out=change)
    return change
