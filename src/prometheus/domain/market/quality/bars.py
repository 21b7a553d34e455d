"""Daily bars packed into columns, one row a bar, and what every rule needs to know about each of them.

1. Rows stand sorted by instrument and session; ``first`` and ``last`` are the ends of a row's instrument.
2. ``move`` is the logarithm of the total return from the bar before, splits and dividends counted where
   they are given; ``excess`` is what is left of it without the median of all instruments of that day.
3. What is costly is worked out for candidates alone: `around` gathers the values of the bars near each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray
from prometheus.kernel.sessions import Sessions

COLUMNS = ("open", "high", "low", "close", "adjusted_close", "volume", "split", "dividend")
NORMAL = 1.4826
"""Standard deviation of a normal variable over its median absolute deviation."""
MIN_NAMES = 20
"""Instruments with a move that a day needs, to have a cross-section."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of a delivery, sorted by instrument and session.

    Attributes
    ----------
    instrument : ndarray of shape (n,)
        Code of the instrument, ascending.
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

    def around(self, values: FloatArray, rows: IntArray, *, back: int, ahead: int) -> FloatArray:
        """Return the values of the bars near rows, without the row and its neighbours, one row each.

        Returns
        -------
        ndarray of shape (n_rows, back + ahead - 2)
            From ``back`` bars before to two before, and from two after to ``ahead`` after; NaN outside of
            the instrument.
        """
        steps = np.concatenate([np.arange(-back, -1), np.arange(2, ahead + 1)])
        at = rows[:, None] + steps
        inside = (at >= self.first[rows, None]) & (at <= self.last[rows, None])
        return np.where(inside, values[np.clip(at, 0, len(values) - 1)], np.nan)


def median_of_rows(values: FloatArray, *, at_least: int) -> FloatArray:
    """Return the median of each row without its NaN; NaN where fewer than ``at_least`` are left."""
    counts = np.count_nonzero(~np.isnan(values), axis=1)
    ordered = np.sort(values, axis=1)  # NaN go last
    rows = np.arange(len(values))
    lower, upper = np.maximum(counts - 1, 0) // 2, counts // 2
    upper = np.minimum(upper, np.maximum(counts - 1, 0))
    if ordered.shape[1] == 0:
        return np.full(len(values), np.nan)
    middle = 0.5 * (ordered[rows, lower] + ordered[rows, upper])
    return np.where(counts >= at_least, middle, np.nan)


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
    values = {name: _numbers(prices, name) for name in COLUMNS}
    move = _moves(values, is_first=np.arange(n) == first)
    median, day_scale = _cross_section(days, move)
    excess = move - median
    return Bars(instrument, place, first, last, values, move, excess, day_scale, _scale(instrument, excess))


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


def _cross_section(days: IntArray, move: FloatArray) -> tuple[Any, FloatArray]:
    """Return each row's median move of its day, and the robust standard deviation around it."""
    if not len(days):
        return 0.0, np.zeros(0)
    low = int(days.min())
    rows = np.flatnonzero(~np.isnan(move))
    frame = pl.DataFrame({"day": (days[rows] - low).astype(np.int32), "move": move[rows]})
    medians = frame.group_by("day").agg(pl.col("move").median(), n=pl.len()).filter(pl.col("n") >= MIN_NAMES)
    of_day = np.zeros(int(days.max()) - low + 1)
    scale_of_day = np.zeros_like(of_day)
    of_day[medians["day"].to_numpy()] = medians["move"].to_numpy()
    has_section = np.zeros(len(of_day), dtype=bool)
    has_section[medians["day"].to_numpy()] = True
    away = frame.with_columns(pl.Series("move", np.abs(move[rows] - of_day[days[rows] - low])))
    scales = away.group_by("day").agg(pl.col("move").median())
    scale_of_day[scales["day"].to_numpy()] = NORMAL * scales["move"].to_numpy()
    scale_of_day[~has_section] = 0.0
    return of_day[days - low], scale_of_day[days - low]


def _scale(instrument: IntArray, excess: FloatArray) -> FloatArray:
    rows = np.flatnonzero(~np.isnan(excess))
    n = int(instrument[-1]) + 1 if len(instrument) else 0
    scale = np.full(n, np.nan)
    frame = pl.DataFrame({"instrument": instrument[rows], "away": np.abs(excess[rows])})
    medians = frame.group_by("instrument").agg(pl.col("away").median())
    scale[medians["instrument"].to_numpy()] = NORMAL * medians["away"].to_numpy()
    spread: FloatArray = scale[instrument]
    return spread
