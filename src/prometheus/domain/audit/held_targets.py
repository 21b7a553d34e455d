"""What target weights earned when they were bought at one close and held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import types

from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.maths.jit import F1, F2, OUT_F2, compiled, type_f8

I1 = types.Array(types.int64, 1, "A", readonly=True)
SESSIONS_PER_YEAR = 252.0
ROUNDING = 1e-12
"""A distance from the benchmark below this is the rounding of sums, not an outcome."""

RETURN, DRAWDOWN, VOLATILITY, WORST_DAY, N_MISSING, HIT_RATE, BENCHMARK, SPREAD = range(8)
N_STATISTICS = 8


@dataclass(frozen=True, slots=True)
class Ragged:
    """Lists of places among the assets, one a decision, behind each other.

    Attributes
    ----------
    offsets : ndarray of shape (n_decisions + 1,), int64
        List ``i`` is ``codes[offsets[i]:offsets[i + 1]]``.
    codes : ndarray of int64
        Ascending within a list.
    """

    offsets: IntArray
    codes: IntArray


def ragged(lists: list[list[int]]) -> Ragged:
    """Return lists of places behind each other.

    Examples
    --------
    >>> ragged([[3, 4], [], [1]]).offsets.tolist()
    [0, 2, 2, 3]
    """
    offsets = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum([len(one) for one in lists], out=offsets[1:])
    return Ragged(offsets, np.array([code for one in lists for code in one], dtype=np.int64))


def held_statistics(
    levels: FloatArray,
    starts: IntArray,
    held: Ragged,
    weights: FloatArray,
    universe: Ragged,
    horizons: IntArray,
) -> FloatArray:
    """Return what each decision's weights earned over each horizon.

    Parameters
    ----------
    levels : ndarray of shape (n_days, n_assets)
        Adjusted closes: the ratio of two of one name is its total return between them. NaN without a bar.
    starts : ndarray of shape (n_decisions,), int64
        The row of each decision's close.
    held : Ragged
        The assets that each decision wanted.
    weights : ndarray of shape (len(held.codes),)
        Their shares of the portfolio; what is left of 1 is cash and earns 0.
    universe : Ragged
        The assets that each decision could choose from.
    horizons : ndarray of int64
        In sessions, ascending.

    Returns
    -------
    ndarray of shape (n_decisions, n_horizons, 8)
        Return; drawdown (<= 0) from the highest value so far, the start included; annualised deviation
        (ddof=1) of the path's daily returns; its lowest daily return; held names without a level on the
        horizon's last row; share of held names that beat the universe; return of the universe in equal
        weights with the same share in cash; spread. NaN where the rows end before the horizon, and where
        something is undefined.

    Notes
    -----
    Each name is bought once and held: its value is its level over that of the decision's close. Over a gap
    the last level is carried, and the first one after it brings all that happened meanwhile; a name that has
    no later one keeps its last. A name without a level at the decision's close is bought at its first one
    after it. The spread is the standard deviation of the return of the same weights put on names
    drawn at random from the universe, without repetition::

        spread² = s² (sum(w²) - sum(w)² / N),   s² = sum((r - mean(r))²) / (N - 1)

    over the N names' returns r: the exact variance under permutation, around the mean sum(w) mean(r), which
    is the benchmark. Sources: Pitman, "Significance tests
    which may be applied to samples from any populations" (1937); Surz, "Portfolio opportunity
    distributions" (1994).
    """
    flat = _held_statistics(
        levels, starts, held.offsets, held.codes, weights, universe.offsets, universe.codes, horizons
    )
    return flat.reshape(len(starts), len(horizons), N_STATISTICS)


def labels(statistics: FloatArray, *, band: float) -> IntArray:
    """Return 0 for GOOD, 1 for NEUTRAL, 2 for BAD, -1 where there is nothing to compare with.

    Parameters
    ----------
    statistics : ndarray of shape (..., 8)
        As `held_statistics` gives them.
    band : float
        How many spreads from the benchmark's return are still NEUTRAL.
    """
    distance = statistics[..., RETURN] - statistics[..., BENCHMARK]
    limit = band * statistics[..., SPREAD] + ROUNDING
    found = np.where(distance > limit, 0, np.where(distance < -limit, 2, 1))
    return np.where(np.isnan(distance) | np.isnan(limit), -1, found).astype(np.int64)


@compiled(type_f8, type_f8, type_f8)
def _growth(bought: float, latest: float) -> float:
    return 1.0 if np.isnan(bought) else latest / bought


@compiled(OUT_F2, F2, I1, I1, I1, F1, I1, I1, I1)
def _held_statistics(
    levels: FloatArray,
    starts: IntArray,
    held_offsets: IntArray,
    held: IntArray,
    weights: FloatArray,
    universe_offsets: IntArray,
    universe: IntArray,
    horizons: IntArray,
) -> FloatArray:
    n_days, n_assets = levels.shape
    n_horizons = len(horizons)
    out = np.full((len(starts) * n_horizons, N_STATISTICS), np.nan)
    bought = np.empty(n_assets)
    latest = np.empty(n_assets)
    daily = np.empty(max(horizons[n_horizons - 1], 1))
    for i in range(len(starts)):
        for j in range(n_assets):
            bought[j] = levels[starts[i], j]
            latest[j] = bought[j]
        first, last = held_offsets[i], held_offsets[i + 1]
        cash = 1.0
        squares = 0.0
        for p in range(first, last):
            cash -= weights[p]
            squares += weights[p] * weights[p]
        value = 1.0
        peak = 1.0
        drawdown = 0.0
        at = 0
        for k in range(min(horizons[n_horizons - 1], n_days - 1 - starts[i])):
            row = starts[i] + 1 + k
            for j in range(n_assets):
                level = levels[row, j]
                if not np.isnan(level):
                    latest[j] = level
                    if np.isnan(bought[j]):
                        bought[j] = level
            before = value
            value = cash
            for p in range(first, last):
                value += weights[p] * _growth(bought[held[p]], latest[held[p]])
            daily[k] = value / before - 1.0
            peak = max(peak, value)
            drawdown = min(drawdown, value / peak - 1.0)
            n = k + 1
            if horizons[at] != n:
                continue
            line = i * n_horizons + at
            at += 1
            out[line, 0] = value - 1.0
            out[line, 1] = drawdown
            mean = 0.0
            worst = daily[0]
            for d in range(n):
                mean += daily[d]
                worst = min(worst, daily[d])
            mean /= n
            if n > 1:
                total = 0.0
                for d in range(n):
                    total += (daily[d] - mean) * (daily[d] - mean)
                out[line, 2] = np.sqrt(total / (n - 1.0)) * np.sqrt(SESSIONS_PER_YEAR)
            out[line, 3] = worst
            missing = 0.0
            for p in range(first, last):
                if np.isnan(levels[row, held[p]]):
                    missing += 1.0
            out[line, 4] = missing
            n_names = universe_offsets[i + 1] - universe_offsets[i]
            if n_names == 0:
                continue
            average = 0.0
            for p in range(universe_offsets[i], universe_offsets[i + 1]):
                average += _growth(bought[universe[p]], latest[universe[p]])
            average /= n_names
            # The same share in cash: what is judged is the choice among names, and the spread is around this.
            out[line, 6] = (1.0 - cash) * (average - 1.0)
            if last > first:
                hits = 0.0
                for p in range(first, last):
                    if _growth(bought[held[p]], latest[held[p]]) > average:
                        hits += 1.0
                out[line, 5] = hits / (last - first)
            if n_names > 1:
                total = 0.0
                for p in range(universe_offsets[i], universe_offsets[i + 1]):
                    distance = _growth(bought[universe[p]], latest[universe[p]]) - average
                    total += distance * distance
                free = squares - (1.0 - cash) * (1.0 - cash) / n_names
                out[line, 7] = np.sqrt(total / (n_names - 1.0) * max(free, 0.0))
    return out
