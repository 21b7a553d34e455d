"""Realised volatility of a window of returns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prometheus.kernel.errors import NotEnoughHistoryError
from prometheus.maths._checks import require_windows, require_within
from prometheus.maths.jit import F3, OUT_F2, as_floats, compiled, type_f8, type_i8


def realised_volatility(
    windows: NDArray[np.float64],
    *,
    sessions_per_year: float = 252.0,
    min_observations: int | None = None,
) -> NDArray[np.float64]:
    """Return the annualised sample standard deviation of each window of returns.

    Parameters
    ----------
    windows : ndarray of shape (n_dates, window, n_assets)
        Simple returns, decimal per session, oldest first; row ``i`` ends at date ``i``.
    sessions_per_year : float, default 252
        Annualisation; 1.0 leaves the result per session.
    min_observations : int, optional
        Fewest returns that must be present in a window, at least 2. By default all of them.

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        Decimal per year. NaN where fewer than ``min_observations`` returns are present.

    Raises
    ------
    NotEnoughHistoryError
        If the window is shorter than 2 or than ``min_observations``, or that is below 2.
    ConfigError
        If ``sessions_per_year`` is not positive.

    Notes
    -----
    sqrt(sessions_per_year * sum((r - mean)^2) / (n - 1)), ddof=1, two passes in the order of time: the
    mean first, then the squared deviations. Equal returns give exactly 0. Source: Hull, *Options, Futures,
    and Other Derivatives*, "Estimating volatility from historical data", here with simple returns.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.array([0.01, -0.01, 0.02, 0.0])
    >>> realised_volatility(returns[None, :, None]).round(6).tolist()
    [[0.204939]]
    """
    require_windows(windows, at_least=2)
    require_within(sessions_per_year, 0.0, np.inf, name="sessions_per_year", bounds="()")
    n_required = windows.shape[1] if min_observations is None else min_observations
    if not 2 <= n_required <= windows.shape[1]:
        raise NotEnoughHistoryError(
            f"min_observations: expected 2 to {windows.shape[1]} (the window), found {n_required}.",
            remedy="Read a longer window or ask for fewer observations.",
        )
    return _realised_volatility(as_floats(windows), float(sessions_per_year), n_required)


@compiled(OUT_F2, F3, type_f8, type_i8)
def _realised_volatility(
    windows: NDArray[np.float64], sessions_per_year: float, n_required: int
) -> NDArray[np.float64]:
    n_dates, n_sessions, n_assets = windows.shape
    out = np.empty((n_dates, n_assets))
    count = np.empty(n_assets)
    mean = np.empty(n_assets)
    squares = np.empty(n_assets)
    low = np.empty(n_assets)
    high = np.empty(n_assets)
    # Sessions outside, assets inside: memory is read in its own order, and still each asset's sums are
    # added up from its oldest return to its newest.
    for i in range(n_dates):
        count[:] = 0.0
        mean[:] = 0.0
        squares[:] = 0.0
        low[:] = np.inf
        high[:] = -np.inf
        for k in range(n_sessions):
            for j in range(n_assets):
                value = windows[i, k, j]
                if not np.isnan(value):
                    count[j] += 1.0
                    mean[j] += value
                    low[j] = min(low[j], value)
                    high[j] = max(high[j], value)
        for j in range(n_assets):
            mean[j] = mean[j] / count[j] if count[j] > 0.0 else np.nan
        for k in range(n_sessions):
            for j in range(n_assets):
                deviation = windows[i, k, j] - mean[j]
                if not np.isnan(deviation):
                    squares[j] += deviation * deviation
        for j in range(n_assets):
            if count[j] < n_required:
                out[i, j] = np.nan
            elif low[j] == high[j]:
                out[i, j] = 0.0
            else:
                out[i, j] = np.sqrt(squares[j] / (count[j] - 1.0) * sessions_per_year)
    return out
