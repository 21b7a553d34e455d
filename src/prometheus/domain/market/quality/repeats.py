"""What stands there twice: a bar of another day, another instrument's series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.bars import PRICES, Bars, step_of
from prometheus.domain.market.quality.fit import Fit
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray

_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
TABLE_BITS = 20
SEARCHED = 1000.0
"""How much rarer by chance than four equal prices three must be: they seldom are equal but by chance."""
MIN_POOL = 3
"""Names that repeat the same two days, from which the days are judged and not each name."""
CLEARLY = 3.0
"""Log-likelihood by which one of two equal bars must fit its place worse to be clearly wrong, 20 to 1."""
ALIKE = 1.0
"""Log-likelihood that makes no difference between two bars; twice as much between neighbours."""
VOTE = 5.0
"""What one name of several counts at most."""
HABIT, HABIT_SHARE = 10, 0.9
"""Clear pairs, and the share of them, in which the same side is wrong, that are the vendor's habit."""
MAX_TWIN_GAP = 5
"""Sessions without an equal bar that don't end a stretch of equal ones."""
MIN_DISTINCT = 10
"""Different closes that a stretch of equal bars must have."""


@dataclass(frozen=True, slots=True)
class EqualBars:
    """Pairs of rows with the same open, high and low, ``left`` before ``right`` in the rows' order.

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


def equal_bars(bars: Bars, stale: BoolArray) -> EqualBars:
    """Return the pairs of bars with the same open, high and low, and a range between high and low.

    Notes
    -----
    The close may differ: vendors take it from the last trade first, and from the closing auction later. Bits
    of the three prices are mixed to one number; rows whose number occurs once are done with. Where a row has
    none of the three, its close is compared with others of the session. Rows of a stale run are told already.
    """
    opens, high, low, close = (bars.values[name] for name in PRICES)
    is_lone = np.isnan(opens) & np.isnan(high) & np.isnan(low)
    mixed = np.zeros(len(bars), dtype=np.uint64)
    for values, factor in zip((opens, high, low), _MIX, strict=True):
        mixed += values.view(np.uint64) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(29)
    if is_lone.any():  # one close, unlike three prices, recurs on many days
        own = close.view(np.uint64) * np.uint64(_MIX[0]) + bars.place.astype(np.uint64) * np.uint64(_MIX[1])
        mixed = np.where(is_lone, own, mixed)
    rows = _doubled(mixed)
    rows = rows[((high > low) | is_lone)[rows] & ~stale[rows]]
    keys = [np.nan_to_num(values[rows]) for values in (opens, high, low)]
    keys.append(np.where(is_lone[rows], close[rows], 0.0))
    left, right = _pairs(rows, keys, bars.instrument[rows], bars.place[rows])
    twin, other = _pairs(rows, keys, bars.place[rows], bars.instrument[rows])
    return EqualBars(left, right, twin, other)


def _doubled(numbers: npt.NDArray[np.uint64]) -> IntArray:
    """Return the rows whose number occurs more than once, by a table of the numbers' last bits."""
    ordered = np.sort(numbers)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    bits = np.uint64((1 << TABLE_BITS) - 1)
    table = np.zeros(1 << TABLE_BITS, dtype=bool)
    table[twice & bits] = True
    rows = np.flatnonzero(table[numbers & bits])
    doubled: IntArray = rows[np.isin(numbers[rows], twice)]
    return doubled


def _pairs(
    rows: IntArray, keys: list[FloatArray], same: IntArray, then: IntArray
) -> tuple[IntArray, IntArray]:
    """Return neighbouring rows of equal keys among rows, within equal ``same`` in order of ``then``."""
    order = np.lexsort((then, *keys, same))
    is_pair = same[order][1:] == same[order][:-1]
    for key in keys:
        is_pair &= key[order][1:] == key[order][:-1]
    at = np.flatnonzero(is_pair)
    return rows[order[at]], rows[order[at + 1]]


def repeated_bar(
    bars: Bars, equal: EqualBars, fit: Fit, is_stored: BoolArray, config: QualityConfig
) -> BoolArray:
    """Return where a bar carries the prices of another day of its instrument.

    Notes
    -----
    Only where chance is unlikely (`_chance`). Of the two bars the one counts that fits its place worse: the
    gaps to its neighbours, and its move beside its market's. Where several names repeat the same two days,
    their misfits are added up first, because vendors mix up days, not names. Where neither fits clearly
    worse, the side counts that is wrong in nearly all clear pairs of the delivery, the earlier or the later.
    Without such a habit the one that fits worse does, and both where they fit alike; of two neighbours the
    later, because bars are carried on more often than brought forward. A bar that was stored before the
    other's day was delivered (``is_stored``) can't carry its prices, and the last bar of all that is like the
    one before it carries yesterday's.
    """
    left, right = equal.left, equal.right
    is_real = _chance(bars, left, right) <= config.repeat_odds
    left, right = left[is_real], right[is_real]
    found = np.zeros(len(bars), dtype=bool)
    if not len(left):
        return found
    days, of_pair, n_names = np.unique(
        np.stack([bars.place[left], bars.place[right]]), axis=1, return_inverse=True, return_counts=True
    )
    of_pair = of_pair.reshape(-1)
    own = _surplus(bars, fit, left, right)
    votes = np.clip(own, -VOTE, VOTE)  # a bar that is wrong by itself must not decide for all
    pooled = np.bincount(of_pair, weights=votes, minlength=days.shape[1])[of_pair]
    surplus = np.where(n_names[of_pair] >= MIN_POOL, pooled, own)
    is_later = (is_stored[left] & ~is_stored[right]) | ((right == left + 1) & (right == bars.last[right]))
    surplus = np.where(is_later, -np.inf, surplus)
    is_left, is_right = surplus >= CLEARLY, surplus <= -CLEARLY
    n_left, n_right = np.count_nonzero(is_left), np.count_nonzero(is_right & ~is_later)
    is_habit = max(n_left, n_right) >= max(HABIT, HABIT_SHARE * (n_left + n_right))
    is_open = ~is_left & ~is_right
    if is_habit:
        is_left |= is_open & (n_left > n_right)
        is_right |= is_open & (n_left < n_right)
    else:
        is_next = right == left + 1
        is_left |= is_open & (surplus > np.where(is_next, 2.0 * ALIKE, -ALIKE))
        is_right |= is_open & (surplus <= np.where(is_next, 2.0 * ALIKE, ALIKE))
    found[left[is_left]] = True
    found[right[is_right]] = True
    return found


def _surplus(bars: Bars, fit: Fit, left: IntArray, right: IntArray) -> FloatArray:
    """Return how much worse the left bars fit their places than the right, by what is known of both."""
    is_next = right == left + 1  # the gap between them says nothing: only the outer ones do
    into = fit.gaps[left] - np.where(is_next, bars.before(fit.gaps, right, by=-1), fit.gaps[right])
    out = bars.before(fit.gaps, left, by=-1) - bars.before(fit.gaps, right, by=-1)
    moves = fit.moves[left] - fit.moves[right]
    surplus: FloatArray = np.nansum([into, np.where(is_next, np.nan, out), moves], axis=0)
    return surplus


def _chance(bars: Bars, left: IntArray, right: IntArray) -> FloatArray:
    """Return how many pairs of bars as equal as these two are to be expected between their days by chance.

    Notes
    -----
    With a range of k steps (the smallest near the bar) each of the different prices that are the same is one
    of k, so n bars hold about n / k^same equal ones; and volumes are as near as these about that often.
    """
    volume = bars.values["volume"]
    nearness = np.abs(np.log(volume[right]) - np.log(volume[left]))
    nearness = np.where(np.isnan(nearness), 1.0, np.clip(nearness, 1.0 / np.maximum(volume[left], 1.0), 1.0))
    opens, high, low, close = (bars.values[name][left] for name in PRICES)
    n_same = 2 + ((opens != high) & (opens != low))
    is_whole = close == bars.values["close"][right]
    n_same += is_whole & (close != opens) & (close != high) & (close != low)
    ticks = np.maximum((high - low) / step_of(bars, left), 1.0)
    chance: FloatArray = (right - left) * nearness * ticks**-n_same * np.where(is_whole, 1.0, SEARCHED)
    return chance


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
