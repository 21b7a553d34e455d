"""Losses of a window: value at risk, expected shortfall, drawdowns. Losses are positive numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prometheus.maths._checks import require_windows, require_within
from prometheus.maths.jit import F2, F3, OUT_F2, as_floats, compiled, type_f8


def historical_var(windows: NDArray[np.float64], *, level: float = 0.95) -> NDArray[np.float64]:
    """Return the loss that is not exceeded with probability ``level`` in each window.

    Parameters
    ----------
    windows : ndarray of shape (n_dates, window, n_assets)
        Simple returns, decimal per session; row ``i`` ends at date ``i``.
    level : float, default 0.95
        Confidence level, in (0, 1).

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        Decimal loss per session, positive for a loss; negative when even that outcome is a gain. NaN where
        the window holds a NaN.

    Raises
    ------
    NotEnoughHistoryError
        If the window is empty.
    ConfigError
        If ``level`` is outside (0, 1).

    Notes
    -----
    The generalised inverse of the empirical distribution of losses, inf{x : F_n(x) >= level}: the
    ceil(n * level)-th smallest loss, an observed one, never interpolated. Where n * (1 - level) is a whole
    number k this is the (k + 1)-th largest loss; libraries that take the upper quantile give the k-th.
    Source: McNeil, Frey and Embrechts, *Quantitative Risk Management* (2015), 2.3.2 and 9.2.3.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.array([-0.05, -0.03, -0.01, 0.0, 0.01, 0.01, 0.02, 0.02, 0.03, 0.04])
    >>> historical_var(returns[None, :, None], level=0.9).tolist()
    [[0.03]]
    """
    require_windows(windows, at_least=1)
    require_within(level, 0.0, 1.0, name="level", bounds="()")
    return _historical_var(_ascending(windows), float(level))


def historical_es(windows: NDArray[np.float64], *, level: float = 0.95) -> NDArray[np.float64]:
    """Return the mean loss of the worst 1 - ``level`` of each window.

    Parameters
    ----------
    windows : ndarray of shape (n_dates, window, n_assets)
        Simple returns, decimal per session; row ``i`` ends at date ``i``.
    level : float, default 0.95
        Confidence level, in (0, 1).

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        Decimal loss per session, positive for a loss, at least the value at risk. NaN where the window
        holds a NaN.

    Raises
    ------
    NotEnoughHistoryError
        If the window is empty.
    ConfigError
        If ``level`` is outside (0, 1).

    Notes
    -----
    (1 / (1 - level)) times the integral of VaR_u over u in (level, 1) under the empirical distribution: the
    k = floor(n (1 - level)) largest losses whole and the next one by the fraction that is left. Coherent
    for every sample size. Source: McNeil, Frey and Embrechts (2015), definition 2.12; Acerbi and Tasche
    (2002), proposition 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.array([-0.05, -0.03, -0.01, 0.0, 0.01, 0.01, 0.02, 0.02, 0.03, 0.04])
    >>> historical_es(returns[None, :, None], level=0.8).round(6).tolist()
    [[0.04]]
    >>> historical_es(returns[None, :, None], level=0.85).round(6).tolist()
    [[0.043333]]
    """
    require_windows(windows, at_least=1)
    require_within(level, 0.0, 1.0, name="level", bounds="()")
    return _historical_es(_ascending(windows), float(level))


def drawdowns(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each level stands below the highest one so far.

    Parameters
    ----------
    levels : ndarray of shape (n_days, n_assets)
        Equity, prices or total-return levels, oldest first.

    Returns
    -------
    ndarray of shape (n_days, n_assets)
        Decimal share of the peak that is lost, 0 at a peak, 0.25 a quarter below it. NaN where the level is
        missing; the peak is carried over the gap.

    Notes
    -----
    1 - level / max(levels so far). The peak counts from the first row given: unlike the window kernels, row
    t depends on where the array starts. Source: Magdon-Ismail and Atiya (2004).

    Examples
    --------
    >>> import numpy as np
    >>> drawdowns(np.array([[100.0], [120.0], [90.0], [130.0]])).round(4).ravel().tolist()
    [0.0, 0.0, 0.25, 0.0]
    """
    return _drawdowns(as_floats(levels))


def _ascending(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each window's returns from the worst to the best, NaN last."""
    return np.sort(as_floats(windows), axis=1)


@compiled(OUT_F2, F3, type_f8)
def _historical_var(ascending: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    n_dates, n_sessions, n_assets = ascending.shape
    out = np.full((n_dates, n_assets), np.nan)
    # n * level is a product of floats: 100 * 0.95 must be 95, not 95.00000000000001 rounded up to 96.
    place = int(np.ceil(n_sessions * level - 1e-9))
    place = min(max(place, 1), n_sessions)
    for i in range(n_dates):
        for j in range(n_assets):
            if not np.isnan(ascending[i, n_sessions - 1, j]):
                out[i, j] = -ascending[i, n_sessions - place, j] + 0.0
    return out


@compiled(OUT_F2, F3, type_f8)
def _historical_es(ascending: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    n_dates, n_sessions, n_assets = ascending.shape
    out = np.full((n_dates, n_assets), np.nan)
    tail = n_sessions * (1.0 - level)
    n_whole = min(int(np.floor(tail + 1e-9)), n_sessions)
    fraction = max(tail - n_whole, 0.0) if n_whole < n_sessions else 0.0
    for i in range(n_dates):
        for j in range(n_assets):
            if np.isnan(ascending[i, n_sessions - 1, j]):
                continue
            total = 0.0
            for k in range(n_whole):
                total -= ascending[i, k, j]
            if fraction > 0.0:
                total -= fraction * ascending[i, n_whole, j]
            out[i, j] = total / (n_whole + fraction) + 0.0
    return out


@compiled(OUT_F2, F2)
def _drawdowns(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    n_days, n_assets = levels.shape
    out = np.empty((n_days, n_assets))
    for j in range(n_assets):
        peak = np.nan
        for t in range(n_days):
            level = levels[t, j]
            if not np.isnan(level) and not level <= peak:
                peak = level
            out[t, j] = 1.0 - level / peak
    return out
