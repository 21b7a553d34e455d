"""Growth over a window, each window by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prometheus.maths._checks import require_windows
from prometheus.maths.jit import F3, OUT_F2, as_floats, compiled


def compounded(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the product of each window of growth factors.

    Parameters
    ----------
    windows : ndarray of shape (n_dates, window, n_assets)
        1 + simple return per session, oldest first; NaN where nothing happened.

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        What one unit of money became; 1 for a window of NaN alone.

    Raises
    ------
    NotEnoughHistoryError
        If the window is empty.

    Notes
    -----
    Multiplied from the oldest factor to the newest, so that a window's product does not depend on the windows
    around it, as a ratio of two running products would.

    Examples
    --------
    >>> import numpy as np
    >>> growth = np.array([1.1, np.nan, 0.5, 2.0])
    >>> compounded(growth[None, :, None]).round(6).tolist()
    [[1.1]]
    """
    require_windows(windows, at_least=1)
    return _compounded(as_floats(windows))


@compiled(OUT_F2, F3)
def _compounded(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    n_dates, n_sessions, n_assets = windows.shape
    out = np.ones((n_dates, n_assets))
    for i in range(n_dates):
        for k in range(n_sessions):
            for j in range(n_assets):
                factor = windows[i, k, j]
                out[i, j] *= 1.0 if np.isnan(factor) else factor
    return out
