"""The factors of a market: what names are sorted by at the close before, and what the sorts return.

======  ===================================================  ==========================================
factor  high leg less low leg, by                             source
======  ===================================================  ==========================================
MKT     no sort: all names                                    CRSP, equally weighted index (EWRETD)
MOM     return from t-251 to t-21                             French, detail for the daily factor Mom
STREV   return over the last 21 sessions, losers less         Jegadeesh (1990); French, detail for the
        winners                                               factor ST_Rev
LOWVOL  standard deviation of the last 252 returns, calm      Blitz and van Vliet (2007); one year of days:
        less lively                                           Frazzini and Pedersen (2014)
VALUE   book equity over shares times close, of issuers with  Fama and French (1993); with the latest
        one class then: equity is the whole issuer's          price: Asness and Frazzini (2013)
QUALITY return on equity                                      Hou, Xue and Zhang (2015)
======  ===================================================  ==========================================

A leg holds three tenths of the names, equally weighted, is formed at the close of t-1 and held over t.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from prometheus.domain.market.returns import growth_since_last_bar, total_return
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray
from prometheus.maths.compounding import compounded
from prometheus.maths.volatility import realised_volatility

FACTORS = ("MKT", "MOM", "STREV", "LOWVOL", "VALUE", "QUALITY")
MOMENTUM_FROM, MOMENTUM_TO = 251, 21
REVERSAL_SESSIONS = 21
VOLATILITY_SESSIONS = 252
MIN_RETURNS = 126
"""Fewest of `VOLATILITY_SESSIONS` returns; Frazzini and Pedersen (2014) ask for 120 days of a year."""
REACH = VOLATILITY_SESSIONS + 2
"""Sessions of prices that one day's factors need: a return at t-252 has its former bar at t-253."""


@dataclass(frozen=True, slots=True)
class PricePast:
    """Prices as returns, from the first session that any date needs to the last date.

    Attributes
    ----------
    growth : ndarray of shape (n_days, n_assets)
        Since the last bar, see `growth_since_last_bar`.
    returns : ndarray of shape (n_days, n_assets)
        Over one session; NaN unless it and the one before have a bar.
    close : ndarray of shape (n_days, n_assets)
    places : ndarray of shape (n_dates,), int64
        The rows of the dates, at least `REACH` - 1, without gaps.
    """

    growth: FloatArray
    returns: FloatArray
    close: FloatArray
    places: IntArray

    @property
    def has_bar(self) -> BoolArray:
        """Where there is a bar."""
        return ~np.isnan(self.close)

    @property
    def held(self) -> FloatArray:
        """What each name returned on the dates."""
        return self.returns[self.places]


def price_past(
    close: FloatArray,
    adjusted_close: FloatArray,
    split: FloatArray,
    dividend: FloatArray,
    *,
    places: IntArray,
    takes_part: BoolArray,
) -> PricePast:
    """Return the past of the assets that take part; the others are as if they had no bar."""
    chosen = np.where(takes_part, close, np.nan)
    growth = growth_since_last_bar(chosen, adjusted_close, split, dividend)
    has_bar = ~np.isnan(chosen)
    returns = np.full_like(growth, np.nan)
    returns[1:] = np.where(has_bar[1:] & has_bar[:-1], growth[1:] - 1.0, np.nan)
    return PricePast(growth, returns, chosen, places)


def signals(
    past: PricePast, book: FloatArray, shares: FloatArray, quality: FloatArray
) -> Mapping[str, FloatArray]:
    """Return what the names are sorted by: each of shape (n_dates, n_assets), known at the close of t-1.

    Parameters
    ----------
    past : PricePast
    book, shares, quality : ndarray of shape (n_dates, n_assets)
        Of the profiles as of t-1; shares with the splits until then, see `shares_with_splits`. Names without
        positive book equity have no value, as with Fama and French.

    Returns
    -------
    mapping of str to ndarray
        By factor, the names with high values in the leg that is held. NaN for a name without a bar at t-1,
        and where the numbers that it needs are missing.
    """
    before = past.places - 1
    last_close = past.close[before]
    is_there = past.has_bar[before]
    values = {
        "MOM": _momentum(past),
        "STREV": -total_return(past.growth, past.has_bar, before, sessions=REVERSAL_SESSIONS),
        "LOWVOL": -realised_volatility(
            _windows(past.returns, VOLATILITY_SESSIONS, before),
            sessions_per_year=1.0,
            min_observations=MIN_RETURNS,
        ),
        "VALUE": np.where((book > 0.0) & (shares > 0.0), book / (shares * last_close), np.nan),
        "QUALITY": quality,
    }
    return {name: np.where(is_there, value, np.nan) for name, value in values.items()}


def shares_with_splits(
    shares: FloatArray, sessions_since: IntArray, split: FloatArray, places: IntArray
) -> FloatArray:
    """Return the shares that profiles told, times the splits from their dates to t-1.

    Parameters
    ----------
    shares : ndarray of shape (n_dates, n_assets)
        Of the profiles as of t-1.
    sessions_since : ndarray of shape (n_dates, n_assets), int64
        Sessions after the profile's date up to t-1; negative where that is not known.
    split : ndarray of shape (n_days, n_assets)
        New shares for an old one on the first day of trading with them; NaN for none.
    places : ndarray of shape (n_dates,), int64
        The rows of the dates, see `PricePast`.

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        NaN for profiles from before the `REACH` of prices: a split since could not be seen.

    Notes
    -----
    For closes as traded whose splits are told, see `splits_are_told`. A split between the count and the date
    of the profile that tells it is not seen.
    """
    is_seen = (sessions_since >= 0) & (sessions_since < REACH)
    out = np.where(is_seen, shares, np.nan)
    for row, asset in np.argwhere(~np.isnan(split) & (split != 1.0)).tolist():
        counts = (row < places) & (row >= places - sessions_since[:, asset])
        out[counts, asset] *= split[row, asset]
    return out


def splits_are_told(
    told: FloatArray, has_bar: BoolArray, sessions_since: IntArray, places: IntArray
) -> BoolArray:
    """Return where the close at t-1 is as traded, and no split since the profile can be missing.

    Parameters
    ----------
    told : ndarray of shape (n_days, n_assets)
        1 for a bar of a delivery that tells splits, NaN for any other.
    has_bar : ndarray of shape (n_days, n_assets)
    sessions_since, places
        See `shares_with_splits`.

    Notes
    -----
    A vendor that tells no splits may have adjusted its closes backwards: one before a split that came later
    is too low by it, beside the shares that were counted then. A name that was to split would look cheap,
    which nobody knew. Nothing that is known at t-1 shows it, so that such names have no value at all.
    """
    is_untold = has_bar & np.isnan(told)
    n_before = np.concatenate([np.zeros((1, told.shape[1]), dtype=np.int64), np.cumsum(is_untold, axis=0)])
    since = np.clip(places[:, np.newaxis] - np.maximum(sessions_since, 1), 0, None)
    n_untold = n_before[places] - np.take_along_axis(n_before, since, axis=0)
    found: BoolArray = (n_untold == 0) & ~np.isnan(told[places - 1])
    return found


def _momentum(past: PricePast) -> FloatArray:
    """Return the total return from the close of t-251 to that of t-21.

    A price at t-251 and a good return at t-21 are needed; bars may be missing between them.
    """
    start, end = past.places - MOMENTUM_FROM, past.places - MOMENTUM_TO
    growth = compounded(_windows(past.growth, MOMENTUM_FROM - MOMENTUM_TO, end))
    is_good = past.has_bar[start] & ~np.isnan(past.returns[end])
    return np.where(is_good, growth - 1.0, np.nan)


def _windows(values: FloatArray, sessions: int, ends: IntArray) -> FloatArray:
    """Return windows of shape (n_dates, sessions, n_assets) that end at rows without gaps."""
    view: FloatArray = np.lib.stride_tricks.sliding_window_view(values, sessions, axis=0)
    first = int(ends[0]) - sessions + 1
    return view[first : first + len(ends)].transpose(0, 2, 1)
