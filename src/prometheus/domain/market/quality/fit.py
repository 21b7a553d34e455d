"""How well a bar fits the place where it stands: the gaps to its neighbours, and the day's own move.

A bar enters with the gap from the close before to its open, leaves with the gap from its close to the next
open, and moves in between with its market. Each is measured against the day's median and in a scale: that
of the instrument's bars around, because volatility comes in clusters, times how far apart the day has driven
all instruments. It is taken as minus the logarithm of the density of Student's t with four degrees of
freedom, but for a constant: daily returns have tails of about that weight (Blattberg and Gonedes, 1974), and
no single surprise decides alone. A sum of misfits is then a log-likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prometheus.domain.market.quality.bars import MIN_NAMES, NORMAL, Bars, medians_of
from prometheus.kernel.arrays import FloatArray, IntArray

FREEDOM = 4.0
NEAR, AROUND = 5, 42
"""Bars on both sides that don't tell a bar's scale, and those that do: two months but for the week."""
CAP = 3.0
"""Scales of the whole history above which a single bar counts no more."""
PRIOR_BARS = 15.0
"""Weight of the whole history beside the bars around."""
OF_MEAN = 1.2533
"""Standard deviation of a normal variable over its mean absolute deviation."""
FAR = 1e6
"""Scales beyond which a misfit is no larger."""
CALMEST = 0.7
"""No day drives the instruments less far apart than so many usual days."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What the misfits of bars are made of.

    Attributes
    ----------
    log_open, log_close : ndarray of shape (n,)
    day_gap, day_move : ndarray of shape (n,)
        Medians of the row's day: from the close before to the open, and from the open to the close.
    gap_scale, move_scale : ndarray of shape (n,)
        Robust standard deviations around them, of the row's instrument near its day.
    gaps, moves : ndarray of shape (n,)
        Misfit of each bar's gap from the one before, and of its move; NaN where there is none.
    """

    log_open: FloatArray
    log_close: FloatArray
    day_gap: FloatArray
    day_move: FloatArray
    gap_scale: FloatArray
    move_scale: FloatArray
    gaps: FloatArray
    moves: FloatArray

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
        day = np.nan_to_num(medians_of(bars.day, values, at_least=MIN_NAMES))[bars.day]
        scale = _scale_near(bars, np.abs(values - day))
        parts.append((day, scale, misfit(np.clip((values - day) / scale, -FAR, FAR))))
    (day_gap, gap_scale, gaps), (day_move, move_scale, moves) = parts
    return Fit(log_open, log_close, day_gap, day_move, gap_scale, move_scale, gaps, moves)


def _scale_near(bars: Bars, away: FloatArray) -> FloatArray:
    """Return each row's scale: its instrument's near it, times the day's where that has a cross-section."""
    whole = NORMAL * medians_of(bars.instrument, away)[bars.instrument]
    whole = np.where(whole > 0.0, whole, np.nan)
    capped = np.minimum(away, CAP * whole)
    is_known = ~np.isnan(capped)
    sums = np.concatenate([[0.0], np.cumsum(np.where(is_known, capped, 0.0))])
    counts = np.concatenate([[0], np.cumsum(is_known)])
    rows = np.arange(len(away))
    total, n_known = PRIOR_BARS * whole / OF_MEAN, np.full(len(away), PRIOR_BARS)
    for reach, sign in ((AROUND, 1.0), (NEAR, -1.0)):
        start = np.maximum(rows - reach, bars.first)
        stop = np.minimum(rows + reach, bars.last) + 1
        total = total + sign * (sums[stop] - sums[start])
        n_known = n_known + sign * (counts[stop] - counts[start])
    scale = OF_MEAN * total / n_known
    of_day = NORMAL * medians_of(bars.day, away / scale, at_least=MIN_NAMES)
    found: FloatArray = scale * np.where(np.isnan(of_day), 1.0, np.maximum(of_day, CALMEST))[bars.day]
    return found
