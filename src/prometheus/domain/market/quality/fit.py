"""How well a bar fits the place where it stands: the gaps to its neighbours, and the day's own move.

A bar enters with the gap from the close before to its open, leaves with the gap from its close to the next
open, and moves in between with its market. Each is measured against the day's median and in the
instrument's own scale, and taken as minus the logarithm of the density of Student's t with four degrees of
freedom, but for a constant: daily returns have tails of about that weight (Blattberg and Gonedes, 1974), and
no single surprise decides alone. A sum of misfits is then a log-likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prometheus.domain.market.quality.bars import MIN_NAMES, NORMAL, Bars, medians_of
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray

FREEDOM = 4.0


@dataclass(frozen=True, slots=True)
class Fit:
    """What the misfits of bars are made of.

    Attributes
    ----------
    log_open, log_close : ndarray of shape (n,)
    day_gap, day_move : ndarray of shape (n,)
        Medians of the row's day: from the close before to the open, and from the open to the close.
    gap_scale, move_scale : ndarray of shape (n,)
        Robust standard deviations of the row's instrument around them.
    gaps, moves : ndarray of shape (n,)
        Misfit of each bar's gap from the one before, and of its move; NaN where there is none.
    has_section : ndarray of bool, shape (n,)
        Whether enough instruments have a bar that day to know the market's move.
    """

    log_open: FloatArray
    log_close: FloatArray
    day_gap: FloatArray
    day_move: FloatArray
    gap_scale: FloatArray
    move_scale: FloatArray
    gaps: FloatArray
    moves: FloatArray
    has_section: BoolArray

    def gap(self, closed: IntArray, opened: IntArray, *, at: IntArray) -> FloatArray:
        """Return the misfit of the gap from one row's close to another's open, on the day of row ``at``."""
        size = self.log_open[opened] - self.log_close[closed] - self.day_gap[at]
        return misfit(size / self.gap_scale[at])

    def move(self, rows: IntArray, *, at: IntArray) -> FloatArray:
        """Return the misfit of the rows' moves from open to close, on the days of the rows ``at``."""
        size = self.log_close[rows] - self.log_open[rows] - self.day_move[at]
        return misfit(size / self.move_scale[at])


def misfit(scaled: FloatArray) -> FloatArray:
    """Return minus the log-density of Student's t with four degrees of freedom, 0 at 0."""
    return 0.5 * (FREEDOM + 1.0) * np.log1p(scaled * scaled / FREEDOM)


def fit_of(bars: Bars) -> Fit:
    """Return what the misfits of bars are made of."""
    log_open, log_close = np.log(bars.values["open"]), np.log(bars.values["close"])
    gap = np.full(len(bars), np.nan)
    gap[1:] = log_open[1:] - log_close[:-1]
    gap[bars.first] = np.nan
    move = log_close - log_open
    parts = []
    for values in (gap, move):
        of_day = medians_of(bars.day, values, at_least=MIN_NAMES)
        day = np.nan_to_num(of_day)[bars.day]
        scale = NORMAL * medians_of(bars.instrument, np.abs(values - day))[bars.instrument]
        parts.append((day, np.where(scale > 0.0, scale, np.nan), values))
    (day_gap, gap_scale, _), (day_move, move_scale, _) = parts
    has_section = ~np.isnan(of_day)[bars.day]
    return Fit(
        log_open,
        log_close,
        day_gap,
        day_move,
        gap_scale,
        move_scale,
        misfit((gap - day_gap) / gap_scale),
        misfit((move - day_move) / move_scale),
        has_section,
    )
