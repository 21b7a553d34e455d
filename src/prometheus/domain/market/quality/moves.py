"""Prices that are out of line: spikes, level shifts, adjustments on the wrong day, single ticks."""

from __future__ import annotations

import numpy as np

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.bars import MIN_NAMES, Bars, medians_of, step_of, usual
from prometheus.domain.market.quality.fit import Fit
from prometheus.domain.market.quality.jumps import Jumps
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray

SPLITS = np.log([1.5, 2.0, 3.0, 4.0, 5.0])
"""Splits that companies do, for telling a spike that is one from any other. Ten is a lost decimal point."""
HALF, QUARTER = 0.5, 0.25
LONG_FOR_THEM = 1.5
"""Usual ranges of an instrument from which its own shadow is long."""
MIN_STEPS = 2.5
"""Steps of the price that a spike must be longer than."""
SPLIT_SCALES, EXACT_SPLIT_SCALES = 2.0, 0.25
"""Own scales within which a jump is such a split: that was undone, and where nothing else speaks for it."""


def outlier(bars: Bars, jumps: Jumps, config: QualityConfig) -> BoolArray:
    """Return where prices left their level alone, without volume, and came back within days.

    Notes
    -----
    The move is beyond ``own_scales`` of the instrument's own history and ``section_scales`` of the day's
    cross-section, its volume below ``max_news_volume`` of the usual, and undone. Of several bars, at least
    half of the move must lie before the first open: prices that went there within a day were traded. Without
    volumes so must it always, and be undone at once or twice as large. The last bar of an instrument, of
    which no reversal can be known yet, counts where its turnover doesn't explain the move.
    """
    is_lone = (jumps.lasts == 1) | (jumps.scales >= 2.0 * config.own_scales)
    is_whole = ~(np.abs(jumps.overnight - 1.0) > HALF)
    is_quiet = np.where(np.isnan(jumps.volume), is_lone & is_whole, jumps.volume < config.max_news_volume)
    is_quiet &= ~jumps.undoes & (is_whole | (jumps.lasts <= 1))
    is_spike = is_quiet & (jumps.lasts > 0) & ~_has_action(bars, jumps)
    is_spike &= ~_is_misadjusted(jumps)
    is_open = is_quiet & (bars.last[jumps.rows] == jumps.rows) & (_quietness(jumps) >= config.min_quietness)
    return _marked(bars, jumps.rows, np.where(is_spike, jumps.lasts, np.where(is_open, 1, 0)))


def odd_open(bars: Bars, fit: Fit, config: QualityConfig) -> BoolArray:
    """Return where the open alone lies far from the close before and from its own, without volume.

    Notes
    -----
    The gap to the open beyond the day's median is twice ``own_scales`` of such gaps and twice ``min_move``,
    and undone until the close but for ``reversal_share``; the volume stays below ``max_spike_volume``, and is
    known: results that are taken back within the day look like that, but for their volume.
    """
    before = bars.before(bars.values["close"], np.arange(len(bars)))
    gap = fit.log_open - np.log(before) - fit.day_gap
    size = np.abs(gap)
    least = 2.0 * np.maximum(config.min_move, config.own_scales * fit.gap_scale)
    left = np.abs(gap + fit.log_close - fit.log_open - fit.day_move)
    rows = np.flatnonzero((size >= least) & (left <= config.reversal_share * size))
    volume = bars.values["volume"][rows] / usual(bars, bars.values["volume"], rows)
    found = np.zeros(len(bars), dtype=bool)
    found[rows[volume < config.max_spike_volume]] = True
    return found


def adjustment_on_wrong_day(bars: Bars, jumps: Jumps, config: QualityConfig) -> BoolArray:
    """Return where prices stand for some days at the level that a split on another day would give.

    Notes
    -----
    The move is undone within days, and is a split's by its size, without the volume or turnover of news, and
    with half of it before the open; or there is a split or a jump of the adjusted close over the close at one
    of its ends. Total returns are looked at: a split given on another day than that of the fall is such a
    move too.
    """
    busy = jumps.volume * np.minimum(np.exp(jumps.size), 1.0) >= config.max_news_volume
    is_found = (jumps.lasts > 0) & ~jumps.undoes
    is_found &= _has_action(bars, jumps) | (_is_misadjusted(jumps) & ~busy)
    return _marked(bars, jumps.rows, np.where(is_found, jumps.lasts, 0))


def level_shift(bars: Bars, jumps: Jumps, repeated: BoolArray, config: QualityConfig) -> BoolArray:
    """Return where the level changed overnight and for good, by more than the day's turnover explains.

    Notes
    -----
    A split, spin-off or special dividend that nobody adjusted for. News of such a size trade many times the
    usual amount; here the size in own scales over the turnover in usual turnovers is ``min_quietness`` or
    more, and all of the move but ``gap_share`` lies between the close before and the open. Turnover, because
    a split changes the number of shares traded in inverse proportion to the price. Without volumes only a
    move of a split's size counts. A bar that carries another day's prices (``repeated``) explains the move to
    it and the move away from it.
    """
    is_last = bars.last[jumps.rows] == jumps.rows
    is_explained = repeated[jumps.rows] | repeated[np.maximum(jumps.rows - 1, 0)]
    is_split = np.isnan(jumps.volume) & _is_split_sized(jumps, within=EXACT_SPLIT_SCALES)
    is_found = (
        (jumps.lasts == 0)
        & ~jumps.undoes
        & ~is_last
        & ~is_explained
        & ((_quietness(jumps) >= config.min_quietness) | is_split)
        & ~(np.abs(jumps.overnight - 1.0) > config.gap_share)
    )
    return _marked(bars, jumps.rows, is_found.astype(np.int64))


def high_low_spike(bars: Bars, config: QualityConfig) -> BoolArray:
    """Return where the high or the low alone lies far from the rest of the bar, without volume.

    Notes
    -----
    The shadow, from high to the higher of open and close or from the lower to low, is ``spike_ranges`` usual
    ranges long and at least ``min_move``, and longer than two of the steps in which the price moves; the
    neighbours' prices don't reach half of it; and no more than ``max_section_share`` of the day's other bars,
    or one, have one a quarter as long, or of ``min_move``, that is long for them too: in a crash many have.
    Without volumes it must be twice as long.
    """
    opens, high, low, close = (bars.values[name] for name in ("open", "high", "low", "close"))
    found = np.zeros(len(bars), dtype=bool)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(high > low * (1.0 + 0.5 * config.min_move))
        up = np.log(high[rows] / np.maximum(opens[rows], close[rows]))
        down = np.log(np.minimum(opens[rows], close[rows]) / low[rows])
        shadow = np.fmax(up, down)
        above = np.fmax(bars.before(high, rows), bars.before(high, rows, by=-1))
        below = np.fmin(bars.before(low, rows), bars.before(low, rows, by=-1))
        apart = np.where(up >= down, np.log(high[rows] / above), np.log(below / low[rows]))
        is_spike = (shadow >= config.min_move) & (apart >= 0.5 * shadow)
        is_spike[is_spike] = ~_is_of_market(bars, rows, shadow, np.flatnonzero(is_spike), config)
        rows, shadow = rows[is_spike], shadow[is_spike]
        is_long = shadow * close[rows] >= MIN_STEPS * step_of(bars, rows)
        rows, shadow = rows[is_long], shadow[is_long]
        volume = bars.values["volume"][rows] / usual(bars, bars.values["volume"], rows)
        n_ranges = shadow / usual(bars, np.log(high / low), rows)
        limit = np.where(np.isnan(volume), 2.0, 1.0) * config.spike_ranges
        is_found = (n_ranges >= limit) & ~(volume >= config.max_spike_volume)
    found[rows[is_found]] = True
    return found


def _is_of_market(
    bars: Bars, rows: IntArray, shadow: FloatArray, chosen: IntArray, config: QualityConfig
) -> BoolArray:
    """Return which of the chosen shadows stand on a day on which many others are long too."""
    high, low = bars.values["high"], bars.values["low"]
    ranges = medians_of(bars.instrument, np.log(high / low))[bars.instrument[rows]]
    long = np.where(shadow >= LONG_FOR_THEM * ranges, shadow, 0.0)
    order = np.lexsort((long, bars.day[rows]))
    least = np.clip(QUARTER * shadow[chosen], 0.5 * config.min_move, config.min_move)
    day, length = bars.day[rows][order], long[order]
    starts, stops = (np.searchsorted(day, bars.day[rows[chosen]], side=side) for side in ("left", "right"))
    n_long = [
        stop - start - np.searchsorted(length[start:stop], least_one)
        for start, stop, least_one in zip(starts.tolist(), stops.tolist(), least.tolist(), strict=True)
    ]
    n_day = np.bincount(bars.day)[bars.day[rows[chosen]]]
    n_others = np.maximum(config.max_section_share * n_day, 1.0)
    found: BoolArray = (np.array(n_long, dtype=np.int64) - 1 > n_others) & (n_day >= MIN_NAMES)
    return found


def _quietness(jumps: Jumps) -> FloatArray:
    """Return the size of jumps in own scales over their turnover in usual turnovers; NaN without a volume."""
    with np.errstate(divide="ignore"):
        quietness: FloatArray = jumps.scales / (jumps.volume * np.exp(jumps.size))
    return quietness


def _is_split_sized(jumps: Jumps, *, within: float) -> BoolArray:
    """Return which jumps lie within so many own scales of a split."""
    own = np.abs(jumps.size) / jumps.scales
    away = np.abs(np.abs(jumps.size)[:, None] - SPLITS).min(axis=1)
    found: BoolArray = away <= within * own
    return found


def _is_misadjusted(jumps: Jumps) -> BoolArray:
    """Return which jumps move the whole bar by a split's size."""
    return _is_split_sized(jumps, within=SPLIT_SCALES) & ~(np.abs(jumps.overnight - 1.0) > HALF)


def _has_action(bars: Bars, jumps: Jumps) -> BoolArray:
    """Return which jumps have a split at one of their ends, given or in the adjusted close."""
    split = bars.values["split"]
    adjusted, close = bars.values["adjusted_close"], bars.values["close"]
    at_end = np.zeros(len(jumps.rows), dtype=bool)
    for rows in (jumps.rows, np.minimum(jumps.rows + jumps.lasts, bars.last[jumps.rows])):
        with np.errstate(invalid="ignore"):
            at_end |= (split[rows] > 0.0) & (split[rows] != 1.0)
            factor = np.log(adjusted[rows] / close[rows])
            former = np.log(bars.before(adjusted, rows) / bars.before(close, rows))
            at_end |= np.abs(factor - former) >= 0.5 * np.abs(jumps.size)
    return at_end


def _marked(bars: Bars, rows: IntArray, lengths: IntArray) -> BoolArray:
    """Return true on ``lengths`` bars from each row on."""
    found = np.zeros(len(bars), dtype=bool)
    for ahead in range(int(lengths.max(initial=0))):
        found[rows[lengths > ahead] + ahead] = True
    return found
