"""Simple returns: over a window, and from one session's close to the next with what happened between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prometheus.kernel.errors import NotEnoughHistoryError
from prometheus.maths._checks import require_windows
from prometheus.maths._jit import F3, OUT_F2, as_floats, compiled, type_i8


def simple_return(windows: NDArray[np.float64], *, skip: int = 0) -> NDArray[np.float64]:
    """Return the simple return from the first level of each window to its last.

    Parameters
    ----------
    windows : ndarray of shape (n_dates, window, n_assets)
        Prices or total-return levels, oldest first; row ``i`` ends at date ``i``. A return over k sessions
        takes a window of k + 1 levels.
    skip : int, default 0
        Sessions left out at the end: the return ends ``skip`` sessions before date ``i``. Momentum "12-1"
        is a window of 253 with ``skip=21``: level[t-21] / level[t-252] - 1.

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        Decimal, not annualised. NaN where either end is missing, or the first level is not positive.
        Levels between the two ends are not looked at.

    Raises
    ------
    NotEnoughHistoryError
        If the window holds fewer than ``skip`` + 2 levels, or ``skip`` is negative.

    Notes
    -----
    Sees nothing after date ``i``. Source: Jegadeesh and Titman (1993) for returns that skip the last month.

    Examples
    --------
    >>> import numpy as np
    >>> levels = np.array([100.0, 104.0, 110.0])
    >>> simple_return(levels[None, :, None]).round(4).tolist()
    [[0.1]]
    >>> simple_return(levels[None, :, None], skip=1).round(4).tolist()
    [[0.04]]
    """
    if skip < 0:
        raise NotEnoughHistoryError(
            f"skip: expected 0 or more sessions, found {skip}.",
            remedy="A window can't end after its own date.",
        )
    require_windows(windows, at_least=skip + 2)
    return _simple_return(as_floats(windows), skip)


def total_return_1d(
    close: NDArray[np.float64],
    previous_close: NDArray[np.float64],
    split: NDArray[np.float64] | float = 1.0,
    dividend: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Return what a holder earned from the previous close to this one.

    Parameters
    ----------
    close, previous_close : ndarray of shape (n_dates, n_assets)
        Prices as traded on their own day, adjusted for nothing, in the instrument's currency.
    split : ndarray of shape (n_dates, n_assets) or float, default 1.0
        New shares for each old one that take effect at this session's open (7.0 for seven for one). NaN
        means none happened.
    dividend : ndarray of shape (n_dates, n_assets) or float, default 0.0
        Cash for each share held at the previous close that goes ex at this session. NaN means none.

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        Simple total return, decimal. NaN where a close is missing or the previous one is not positive.

    Notes
    -----
    (close * split + dividend) / previous_close - 1. The dividend is per old share; where a vendor states it
    per new share and both fall on one session, multiply it by the split first. Source: CRSP, *Data
    Descriptions Guide*, definition of the holding period total return.

    Examples
    --------
    Apple, 9 June 2014, seven for one: 645.57 became 93.70.

    >>> import numpy as np
    >>> total_return_1d(np.array([[93.70]]), np.array([[645.57]]), split=7.0).round(4).tolist()
    [[0.016]]
    """
    close, previous_close = as_floats(close), as_floats(previous_close)
    new_shares = np.where(np.isnan(split), 1.0, split)
    cash = np.where(np.isnan(dividend), 0.0, dividend)
    held = np.where(previous_close > 0.0, previous_close, np.nan)
    result: NDArray[np.float64] = (close * new_shares + cash) / held - 1.0
    return result


@compiled(OUT_F2, F3, type_i8)
def _simple_return(windows: NDArray[np.float64], skip: int) -> NDArray[np.float64]:
    n_dates, n_sessions, n_assets = windows.shape
    out = np.empty((n_dates, n_assets))
    last = n_sessions - 1 - skip
    for i in range(n_dates):
        for j in range(n_assets):
            start = windows[i, 0, j]
            out[i, j] = windows[i, last, j] / start - 1.0 if start > 0.0 else np.nan
    return out
