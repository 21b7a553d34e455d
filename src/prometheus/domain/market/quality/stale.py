"""Runs in which nothing changes although the instrument's prices do."""

from __future__ import annotations

import numpy as np

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.bars import Bars
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray

SHARE_BARS = 252
"""Bars before and after a run that tell how often closes don't change: what trades rarely may trade later."""
PRIOR_ROWS, PRIOR_SHARE = 20.0, 0.02
"""Weight and value of what is supposed of the share of unchanged closes before any are seen: about what
shares quoted in cents show."""


def stale_run(bars: Bars, config: QualityConfig) -> BoolArray:
    """Return where bars, or closes, only repeat those before them for longer than is usual.

    Notes
    -----
    Whole bars: ``min_stale_bars`` repetitions in a row of one with a range. Closes: a run of
    ``min_stale_closes`` or more whose chance lies below ``stale_odds``: the share of unchanged closes within
    a year on both sides, to the power of the run's length. The first of equal bars is not flagged.
    """
    close = bars.values["close"]
    unchanged = _repeats(bars, close)
    bar = unchanged & (bars.values["high"] > bars.values["low"])
    for name in ("open", "high", "low"):
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
    from_row = np.maximum(starts - SHARE_BARS, bars.first[starts])
    to_row = np.minimum(starts + lengths + SHARE_BARS, bars.last[starts] + 1)
    total = np.concatenate([[0], np.cumsum(unchanged)])
    n_unchanged = total[to_row] - total[from_row] - lengths
    n_rows = to_row - from_row - lengths
    share = (n_unchanged + PRIOR_ROWS * PRIOR_SHARE) / (n_rows + PRIOR_ROWS)
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
