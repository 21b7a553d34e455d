"""How well past scores told winners from losers: the information coefficient, estimated as it was known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import types

from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray
from prometheus.maths.cross_section import standardised
from prometheus.maths.jit import F1, F2, OUT_F1, OUT_F2, compiled, type_i8

I1 = types.Array(types.int64, 1, "A", readonly=True)
MIN_NAMES = 3
"""With two names a rank correlation can only be 1 or -1."""


@dataclass(frozen=True, slots=True)
class SkillEstimate:
    """What the past says about the scores, one value a date.

    Attributes
    ----------
    ic : ndarray of shape (n_dates,)
        Mean information coefficient, shrunk to 0.
    evidence : ndarray of shape (n_dates,)
        0 to 1: the share that the shrinkage leaves, times how far the mean stands from 0.
    n : ndarray of shape (n_dates,), int64
        Past sessions that the estimate rests on.
    """

    ic: FloatArray
    evidence: FloatArray
    n: IntArray


def information_coefficients(
    scores: FloatArray, prices: FloatArray, mask: BoolArray, *, horizon: int
) -> FloatArray:
    """Return each day's rank correlation between scores and the returns that followed.

    Parameters
    ----------
    scores, prices : ndarray of shape (n_days, n_assets)
    mask : ndarray of bool of shape (n_days, n_assets)
        The names that were scored; each has a price on that day.
    horizon : int
        Sessions from the score to the price that judges it.

    Returns
    -------
    ndarray of shape (n_days - horizon,)
        Day ``s`` uses prices up to ``s + horizon``, so it is known from that session on. NaN with fewer than
        three names, or when all scores or all returns are equal.

    Notes
    -----
    Spearman's rho with average ranks. A name whose prices end within the horizon counts with its last one: to
    leave it out would keep only those that survived. Source: Grinold and Kahn, *Active Portfolio
    Management*, chapter 6.
    """
    n_days = max(len(scores) - horizon, 0)
    judged = mask[:n_days]
    returns = _returns_ahead(prices, horizon)
    return _row_correlations(
        standardised(scores[:n_days], judged, method="rank"), standardised(returns, judged, method="rank")
    )


def skill_estimate(
    coefficients: FloatArray, places: IntArray, *, horizon: int, sessions: int, prior: float
) -> SkillEstimate:
    """Return what was known of the scores' skill on each date.

    Parameters
    ----------
    coefficients : ndarray of shape (n_days,)
        As `information_coefficients` gives them.
    places : ndarray of shape (n_dates,), int64
        The dates' rows among the days.
    horizon, sessions : int
        Date ``t`` uses the days from ``t - horizon - sessions + 1`` to ``t - horizon``.
    prior : float
        How many sessions of evidence for "no skill" are held before the first observation.

    Returns
    -------
    SkillEstimate

    Notes
    -----
    ic = mean * n / (n + prior): the posterior mean under a normal prior around 0 that weighs as much as
    ``prior`` observations. evidence = n / (n + prior) * min(1, abs(t) / 2) with t = mean / (s / sqrt(n /
    horizon)): returns over ``horizon`` sessions that start a session apart overlap, so n of them are worth
    n / horizon independent ones (Richardson and Smith 1991). 2 is the usual bound of significance.
    """
    values = _trailing(coefficients, places, horizon, sessions)
    mean, deviation, n = values[:, 0], values[:, 1], values[:, 2]
    kept = n / (n + prior)
    error = deviation * math.sqrt(horizon) / np.sqrt(np.maximum(n, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(mean == 0.0, 0.0, np.abs(mean) / error)
    certainty = np.where(n > 1.0, np.minimum(distance / 2.0, 1.0), 0.0)
    return SkillEstimate(ic=mean * kept, evidence=kept * certainty, n=n.astype(np.int64))


@compiled(OUT_F2, F2, type_i8)
def _returns_ahead(prices: FloatArray, horizon: int) -> FloatArray:
    n_days, n_assets = prices.shape
    out = np.full((max(n_days - horizon, 0), n_assets), np.nan)
    for s in range(n_days - horizon):
        for j in range(n_assets):
            if np.isnan(prices[s, j]):
                continue
            last = s + horizon
            while np.isnan(prices[last, j]):
                last -= 1
            out[s, j] = prices[last, j] / prices[s, j] - 1.0
    return out


@compiled(OUT_F1, F2, F2)
def _row_correlations(first: FloatArray, second: FloatArray) -> FloatArray:
    # Both come with mean 0 and without a NaN that the other has not.
    n_days, n_assets = first.shape
    out = np.full(n_days, np.nan)
    for i in range(n_days):
        n = 0
        product = 0.0
        squares_first = 0.0
        squares_second = 0.0
        for j in range(n_assets):
            a = first[i, j]
            b = second[i, j]
            if not np.isnan(a) and not np.isnan(b):
                n += 1
                product += a * b
                squares_first += a * a
                squares_second += b * b
        if n >= MIN_NAMES and squares_first > 0.0 and squares_second > 0.0:
            out[i] = product / (np.sqrt(squares_first) * np.sqrt(squares_second))
    return out


@compiled(OUT_F2, F1, I1, type_i8, type_i8)
def _trailing(coefficients: FloatArray, places: IntArray, horizon: int, sessions: int) -> FloatArray:
    """Return mean, standard deviation (ddof=1) and number of each date's window, each from its own values."""
    out = np.zeros((len(places), 3))
    for i in range(len(places)):
        last = places[i] - horizon
        first = max(last - sessions + 1, 0)
        n = 0.0
        total = 0.0
        for s in range(first, last + 1):
            if not np.isnan(coefficients[s]):
                n += 1.0
                total += coefficients[s]
        if n == 0.0:
            continue
        mean = total / n
        squares = 0.0
        for s in range(first, last + 1):
            if not np.isnan(coefficients[s]):
                squares += (coefficients[s] - mean) * (coefficients[s] - mean)
        out[i, 0] = mean
        out[i, 1] = np.sqrt(squares / (n - 1.0)) if n > 1.0 else 0.0
        out[i, 2] = n
    return out
