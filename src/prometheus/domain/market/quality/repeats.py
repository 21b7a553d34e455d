"""What stands there twice: bars of another day, runs without a change, another instrument's series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.bars import Bars
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray

PRICES = ("open", "high", "low", "close")
_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
PRIOR_ROWS, PRIOR_SHARE = 20.0, 0.02
"""Weight and value of what is supposed of the share of unchanged closes before any are seen: about what
shares quoted in cents show."""
MIN_POOL = 3
"""Names that repeat the same two days, from which the days are judged and not each name."""
CLEARLY = 1.1
"""How much worse one of two equal bars must fit its neighbours to be the wrong one."""
MAX_TWIN_GAP = 5
"""Sessions without an equal bar that don't end a stretch of equal ones."""
MIN_DISTINCT = 10
"""Different closes that a stretch of equal bars must have."""


@dataclass(frozen=True, slots=True)
class EqualBars:
    """Pairs of rows whose four prices are equal, ``left`` before ``right`` in the rows' order.

    Attributes
    ----------
    left, right : ndarray of shape (n_pairs,)
        One instrument, two sessions.
    twin, other : ndarray of shape (n_twins,)
        One session, two instruments.
    """

    left: IntArray
    right: IntArray
    twin: IntArray
    other: IntArray


def equal_bars(bars: Bars) -> EqualBars:
    """Return the pairs of bars with the same open, high, low and close, and a range between high and low.

    Notes
    -----
    Bits of the four prices are mixed to one number; rows whose number occurs once are done with. Closes
    alone take part where a row has neither open nor high nor low.
    """
    prices = [bars.values[name] for name in PRICES]
    has_range = prices[1] > prices[2]
    lone = np.isnan(prices[0]) & np.isnan(prices[1]) & np.isnan(prices[2])
    mixed = np.zeros(len(bars), dtype=np.uint64)
    for values, factor in zip(prices, _MIX, strict=True):
        mixed += values.view(np.uint64) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(29)
    is_double = pl.Series(mixed).is_duplicated().to_numpy() & (has_range | lone)
    rows = np.flatnonzero(is_double)
    left, right = _pairs(bars, rows[has_range[rows]], bars.instrument, bars.place)
    twin, other = _pairs(bars, rows, bars.place, bars.instrument)
    return EqualBars(left, right, twin, other)


def _pairs(bars: Bars, rows: IntArray, same: IntArray, then: IntArray) -> tuple[IntArray, IntArray]:
    """Return neighbouring rows of equal prices among rows, within equal ``same`` in order of ``then``."""
    keys = [np.nan_to_num(bars.values[name][rows]) for name in PRICES]
    order = np.lexsort((then[rows], keys[0], keys[1], keys[2], keys[3], same[rows]))
    rows = rows[order]
    is_pair = same[rows][1:] == same[rows][:-1]
    for key in keys:
        is_pair &= key[order][1:] == key[order][:-1]
    at = np.flatnonzero(is_pair)
    return rows[at], rows[at + 1]


def repeated_bar(bars: Bars, equal: EqualBars, config: QualityConfig) -> BoolArray:
    """Return where a bar carries the four prices of another day of its instrument.

    Notes
    -----
    Volumes agree, or the other day is near and the bar's range too many ticks wide for a chance. Of the two
    the one counts that fits its neighbours worse: the gaps from the close before to its open, and from its
    close to the next open. Where several names repeat the same two days, their misfits are added up first,
    because vendors mix up days, not names. Where neither fits clearly worse, both count.
    """
    left, right = equal.left, equal.right
    volume = bars.values["volume"]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = volume[right] / volume[left]
    agrees = np.abs(np.log(ratio, where=ratio > 0, out=np.full(len(ratio), np.inf))) <= np.log1p(
        config.same_volume
    )
    distance = bars.place[right] - bars.place[left]
    unsure = np.flatnonzero(~agrees & (distance <= config.near_sessions))
    agrees[unsure] = _n_ticks(bars, left[unsure]) >= config.min_ticks
    left, right = left[agrees], right[agrees]
    found = np.zeros(len(bars), dtype=bool)
    if not len(left):
        return found
    days, of_pair, n_names = np.unique(
        np.stack([bars.place[left], bars.place[right]]), axis=1, return_inverse=True, return_counts=True
    )
    of_pair = of_pair.reshape(-1)
    misfits = []
    for rows, other in ((left, right), (right, left)):
        own = _misfit(bars, rows, other)
        pooled = np.bincount(of_pair, weights=own, minlength=days.shape[1])[of_pair]
        misfits.append(np.where(n_names[of_pair] >= MIN_POOL, pooled, own))
    found[left[misfits[0] * CLEARLY >= misfits[1]]] = True
    found[right[misfits[1] * CLEARLY >= misfits[0]]] = True
    return found


def _misfit(bars: Bars, rows: IntArray, other: IntArray) -> FloatArray:
    """Return the sizes of the gaps from the bars before and to the bars after, but not to the equal bar."""
    opens, closes = np.log(bars.values["open"]), np.log(bars.values["close"])
    into = np.abs(opens[rows] - bars.before(closes, rows))
    out = np.abs(bars.before(opens, rows, by=-1) - closes[rows])
    into = np.where(rows - 1 == other, np.nan, into)
    out = np.where(rows + 1 == other, np.nan, out)
    total: FloatArray = np.nansum([into, out], axis=0)
    return total


def _n_ticks(bars: Bars, rows: IntArray) -> FloatArray:
    """Return the ranges of bars in the smallest steps between open and close of their instruments."""
    ticks = np.full(len(rows), np.inf)
    for place, row in enumerate(rows.tolist()):
        span = slice(int(bars.first[row]), int(bars.last[row]) + 1)
        steps = np.abs(bars.values["close"][span] - bars.values["open"][span])
        steps = steps[steps > 1e-6 * bars.values["close"][row]]
        ticks[place] = steps.min() if len(steps) else np.inf
    ranges: FloatArray = (bars.values["high"][rows] - bars.values["low"][rows]) / ticks
    return ranges


def stale_run(bars: Bars, config: QualityConfig) -> BoolArray:
    """Return where bars, or closes, only repeat those before them for longer than is usual.

    Notes
    -----
    Whole bars: ``min_stale_bars`` repetitions in a row of one with a range. Closes: a run of
    ``min_stale_closes`` or more whose chance, the share of unchanged closes among the instrument's other
    rows to the power of the run's length, lies below ``stale_odds``. The first of equal bars is not flagged.
    """
    close = bars.values["close"]
    unchanged = _repeats(bars, close)
    bar = unchanged & (bars.values["high"] > bars.values["low"])
    for name in PRICES[:3]:
        if not bar.any():
            break
        bar &= _repeats(bars, bars.values[name])
    found = np.zeros(len(bars), dtype=bool)
    for start, length in zip(*_runs(bar), strict=True):
        if length >= config.min_stale_bars:
            found[start : start + length] = True
    starts, lengths = _runs(unchanged)
    long = lengths >= config.min_stale_closes
    starts, lengths = starts[long], lengths[long]
    if not len(starts):
        return found
    owner = bars.instrument[starts]
    n_rows = (bars.last - bars.first + 1)[starts]
    n_unchanged = np.bincount(bars.instrument, weights=unchanged)[owner]
    share = (n_unchanged - lengths + PRIOR_ROWS * PRIOR_SHARE) / (n_rows - lengths + PRIOR_ROWS)
    is_stale = lengths * np.log(np.minimum(share, 0.99)) < np.log(config.stale_odds)
    for start, length in zip(starts[is_stale].tolist(), lengths[is_stale].tolist(), strict=True):
        found[start : start + length] = True
    return found


def _repeats(bars: Bars, values: FloatArray) -> BoolArray:
    found = np.zeros(len(values), dtype=bool)
    found[1:] = (values[1:] == values[:-1]) & (bars.instrument[1:] == bars.instrument[:-1])
    return found


def _runs(found: BoolArray) -> tuple[IntArray, IntArray]:
    """Return starts and lengths of the runs of true."""
    edges = np.flatnonzero(np.diff(found.astype(np.int8), prepend=0, append=0))
    return edges[::2], edges[1::2] - edges[::2]


def twin_series(bars: Bars, equal: EqualBars, config: QualityConfig) -> BoolArray:
    """Return where an instrument's bars equal another's on the same days, over a long stretch."""
    found = np.zeros(len(bars), dtype=bool)
    a, b = equal.twin, equal.other
    if len(a) < config.twin_sessions:
        return found
    order = np.lexsort((bars.place[a], bars.instrument[b], bars.instrument[a]))
    a, b = a[order], b[order]
    breaks = (
        (np.diff(bars.instrument[a]) != 0)
        | (np.diff(bars.instrument[b]) != 0)
        | (np.diff(bars.place[a]) > MAX_TWIN_GAP)
    )
    edges = np.concatenate([[0], np.flatnonzero(breaks) + 1, [len(a)]])
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if end - start < config.twin_sessions:
            continue
        if len(np.unique(bars.values["close"][a[start:end]])) >= MIN_DISTINCT:
            found[a[start:end]] = True
            found[b[start:end]] = True
    return found
