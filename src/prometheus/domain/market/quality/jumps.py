"""Moves that neither an instrument's own history nor the day explains, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.bars import NORMAL, Bars, smallest, usual
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray

NO_STEP = 1e-9
MAX_IDLE = 10
"""Bars without a trade in a row that are counted; of more, a scale says little."""


@dataclass(frozen=True, slots=True)
class Jumps:
    """Moves beyond the scales of their instrument and of their day.

    Attributes
    ----------
    rows : ndarray of shape (n_jumps,)
        The bar at whose close the move is done, ascending.
    size : ndarray of shape (n_jumps,)
        Excess move, logarithm.
    scales : ndarray of shape (n_jumps,)
        The size in standard deviations of the instrument's near excess moves, robust, without sign; over
        several sessions where the ones between have no bar or no trade. One step of the price is one, where
        most closes don't change.
    volume : ndarray of shape (n_jumps,)
        Volume in medians of the near ones; NaN where it isn't known.
    overnight : ndarray of shape (n_jumps,)
        Part of the move that lies between the close before and the open; NaN without an open.
    lasts : ndarray of shape (n_jumps,)
        Bars after which the move was undone; 0 where it was not.
    undoes : ndarray of bool, shape (n_jumps,)
        Whether the move is the way back from a jump before it.
    """

    rows: IntArray
    size: FloatArray
    scales: FloatArray
    volume: FloatArray
    overnight: FloatArray
    lasts: IntArray
    undoes: BoolArray


def jumps_of(bars: Bars, config: QualityConfig) -> Jumps:
    """Return the jumps of bars: candidates by the whole history's scale, then judged by the near one."""
    size = np.abs(bars.excess)
    half = 0.5 * config.own_scales
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(
            (size >= config.min_move)
            & (size >= half * bars.scale)
            & (size >= config.section_scales * bars.day_scale)
        )
    sessions = np.maximum(bars.place[rows] - bars.place[np.maximum(rows - 1, 0)], 1)
    is_still = np.abs(bars.move) <= NO_STEP
    is_idle = is_still & ~(bars.values["high"] > bars.values["low"])
    sessions = sessions + _n_idle_before(bars, is_idle, rows)
    steps = np.where(is_still, np.nan, np.abs(bars.move))
    near = usual(bars, np.where(is_idle, np.nan, size), rows)
    scale = np.fmax(NORMAL * near, smallest(bars, steps, rows)) * np.sqrt(sessions)
    with np.errstate(divide="ignore", invalid="ignore"):
        scales = size[rows] / scale
        is_jump = scales >= config.own_scales
        rows, scales = rows[is_jump], scales[is_jump]
        volume = bars.values["volume"][rows] / usual(bars, bars.values["volume"], rows)
        opened = np.log(bars.values["open"][rows] / bars.before(bars.values["close"], rows))
    # Splits and dividends that are given, and the day's median, lie in the excess move but not in the gap.
    closed = np.log(bars.values["close"][rows] / bars.before(bars.values["close"], rows))
    excess = bars.excess[rows]
    overnight = (opened + excess - closed) / excess
    lasts = _lasts(bars, rows, config)
    undone = np.zeros(len(bars), dtype=bool)
    undone[(rows + lasts)[lasts > 0]] = True
    return Jumps(rows, excess, scales, volume, overnight, lasts, undone[rows])


def _n_idle_before(bars: Bars, is_idle: BoolArray, rows: IntArray) -> IntArray:
    """Return how many bars without a trade stand before each row: what happened in them shows in it."""
    count = np.zeros(len(rows), dtype=np.int64)
    is_run = np.ones(len(rows), dtype=bool)
    for back in range(1, MAX_IDLE + 1):
        is_run &= bars.before(is_idle.astype(np.float64), rows, by=back) == 1.0
        count += is_run
    return count


def _lasts(bars: Bars, rows: IntArray, config: QualityConfig) -> IntArray:
    """Return after how many bars each move was undone by one of the same size; 0 where none followed."""
    size = bars.excess[rows]
    left = size.copy()
    lasts = np.zeros(len(rows), dtype=np.int64)
    for ahead in range(1, config.max_reversal_sessions + 1):
        step = bars.before(bars.excess, rows, by=-ahead)
        left = left + step
        is_undone = (
            (lasts == 0)
            & (np.abs(left) <= config.reversal_share * np.abs(size))
            & (np.abs(step + size) <= config.reversal_share * np.abs(size))
        )
        lasts[is_undone] = ahead
    return lasts
