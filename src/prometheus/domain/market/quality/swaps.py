"""Bars that stand on each other's days.

1. For every two bars at most three sessions apart, how much better they fit with their places changed.
2. How often that is so by chance falls off exponentially; the rate was measured on bars without a swap.
3. As many are named as keep the share of chance finds among them below a limit (Benjamini and Hochberg,
   *Controlling the false discovery rate*, 1995): where a vendor has swapped many bars, more of them are
   found, and where it has swapped none, none is named for being the oddest of a million.
"""

from __future__ import annotations

import numpy as np

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.bars import Bars
from prometheus.domain.market.quality.fit import Fit
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray

MAX_APART = 3
MIN_GAIN = 4.0
"""Log-likelihood below which no two bars are looked at: one in a hundred gains that by chance."""
CHANCE, FALL = 0.015, 0.55
"""Two bars gain a log-likelihood of g by chance about CHANCE * exp(-FALL * g) times a bar: measured on the
five-year panel, of all distances together."""
LONE_CHANCE, LONE_FALL = 0.022, 0.43
"""The same where no cross-section tells the market's move: measured on its names one by one."""


def swapped_bars(bars: Bars, fit: Fit, repeated: BoolArray, config: QualityConfig) -> BoolArray:
    """Return where two near bars of an instrument fit their places far better with their places changed.

    Notes
    -----
    What is gained is the log-likelihood of both moves and of the gaps at the three or four places where the
    two bars meet others. Most swaps of neighbours on calm days gain little and are not found. Bars that carry
    another day's prices (``repeated``) fit badly by themselves.
    """
    pairs = [_gains(bars, fit, apart) for apart in range(1, MAX_APART + 1)]
    start = np.concatenate([rows for rows, _ in pairs])
    end = np.concatenate([rows + apart for apart, (rows, _) in enumerate(pairs, start=1)])
    gain = np.concatenate([gains for _, gains in pairs])
    is_clear = ~repeated[start] & ~repeated[end]
    start, end, gain = start[is_clear], end[is_clear], gain[is_clear]
    order = np.argsort(-gain, kind="stable")
    found = np.zeros(len(bars), dtype=bool)
    best: list[int] = []
    for place in order.tolist():  # a swap makes the pairs around it odd too: the best of them counts
        if not found[max(start[place] - 1, 0) : end[place] + 2].any():
            found[[start[place], end[place]]] = True
            best.append(place)
    is_lone = bars.day_scale[start[best]] == 0.0
    chance = np.where(is_lone, LONE_CHANCE, CHANCE) * np.exp(-np.where(is_lone, LONE_FALL, FALL) * gain[best])
    order = np.argsort(chance, kind="stable")
    best, expected = [best[place] for place in order.tolist()], len(bars) * chance[order]
    n_named = np.flatnonzero(expected <= config.max_false_swaps * np.arange(1, len(best) + 1))
    found[:] = False
    for place in best[: int(n_named[-1]) + 1 if len(n_named) else 0]:
        found[[start[place], end[place]]] = True
    return found


def _gains(bars: Bars, fit: Fit, apart: int) -> tuple[IntArray, FloatArray]:
    """Return the first rows of pairs so far apart that gain enough by changing places, and what they gain."""
    gaps, moves = np.nan_to_num(fit.gaps), np.nan_to_num(fit.moves)
    rough = gaps[: -apart - 1] + gaps[1:-apart] + gaps[apart + 1 :] + moves[: -apart - 1]
    rough = rough + moves[apart:-1] + (gaps[apart:-1] if apart > 1 else 0.0)
    start = np.flatnonzero(rough >= MIN_GAIN)
    start = start[(start > bars.first[start]) & (start + apart < bars.last[start])]
    end = start + apart
    if apart == 1:
        between = fit.gap(end, start, at=end)
    else:
        between = fit.gap(end, start + 1, at=start + 1) + fit.gap(end - 1, start, at=end)
    changed = (
        fit.gap(start - 1, end, at=start)
        + between
        + fit.gap(start, end + 1, at=end + 1)
        + fit.move(end, at=start)
        + fit.move(start, at=end)
    )
    gain = rough[start] - changed
    is_enough = gain >= MIN_GAIN
    return start[is_enough], gain[is_enough]
