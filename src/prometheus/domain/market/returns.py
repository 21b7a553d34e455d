"""Total returns that are right for prices as traded and for adjusted ones."""

from __future__ import annotations

import numpy as np

from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray


def growth_since_last_bar(
    close: FloatArray, adjusted_close: FloatArray, split: FloatArray, dividend: FloatArray
) -> FloatArray:
    """Return what one unit of money at each asset's last bar before a session became at the session.

    Parameters
    ----------
    close, adjusted_close : ndarray of shape (n_days, n_assets)
        Prices, NaN where there is no bar.
    split, dividend : ndarray of shape (n_days, n_assets)
        New shares for each old one, and cash a share, that take effect at the session; NaN for none. Cash
        is for each share held before.

    Returns
    -------
    ndarray of shape (n_days, n_assets)
        1 + total return; NaN without a bar, and on the first bar of the array.

    Notes
    -----
    (close * split + dividend) / former close where a split or dividend is on record, the ratio of
    adjusted closes elsewhere. Prices with their actions on record are right even where vendors have not
    adjusted the rows before the action yet; series that come adjusted have the ratio alone.
    Source: CRSP, *Data Descriptions Guide*, definition of the holding period total return.
    """
    n_days = len(close)
    day = np.where(np.isnan(close), -1, np.arange(n_days)[:, None])
    last = np.maximum.accumulate(day, axis=0)
    before = np.full_like(last, -1)
    before[1:] = last[:-1]
    place = np.maximum(before, 0)
    former = np.take_along_axis(close, place, axis=0)
    former_adjusted = np.take_along_axis(adjusted_close, place, axis=0)
    growth: FloatArray = adjusted_close / former_adjusted
    has_event = ~(np.isnan(split) & np.isnan(dividend))
    if has_event.any():
        shares = np.where(np.isnan(split), 1.0, split)
        cash = np.where(np.isnan(dividend), 0.0, dividend)
        growth = np.where(has_event, (close * shares + cash) / former, growth)
    growth[before < 0] = np.nan
    return growth


def total_return(growth: FloatArray, has_bar: BoolArray, places: IntArray, *, sessions: int) -> FloatArray:
    """Return the simple total return over a number of sessions that ends at each place.

    Parameters
    ----------
    growth : ndarray of shape (n_days, n_assets)
        See `growth_since_last_bar`.
    has_bar : ndarray of shape (n_days, n_assets)
        Where there is a bar.
    places : ndarray of shape (n_dates,)
        Rows of ``growth`` at which the returns end, each at least ``sessions``.
    sessions : int
        How many.

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        Decimal; NaN where one of both ends has no bar. Sessions without a bar between them don't matter.

    Notes
    -----
    The product over the window from its oldest session to its newest, of each window by itself.
    """
    # A bar at the window's start gives every later bar of the window a former one inside the window, so
    # that nothing before the window counts; where the start has none, the result is NaN anyway.
    factor = np.where(np.isnan(growth), 1.0, growth)
    product = np.ones((len(places), growth.shape[1]))
    for back in range(sessions - 1, -1, -1):
        product *= factor[places - back]
    is_whole = has_bar[places] & has_bar[places - sessions]
    return np.where(is_whole, product - 1.0, np.nan)
