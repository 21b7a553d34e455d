"""Historical simulation: what today's weights would have earned on each past session."""

from __future__ import annotations

import numpy as np
from numba import types

from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.maths.jit import F1, F2, OUT_F1, compiled

I1 = types.Array(types.int64, 1, "A", readonly=True)


@compiled(OUT_F1, F2, I1, F1)
def simulated_returns(returns: FloatArray, places: IntArray, weights: FloatArray) -> FloatArray:
    """Return the returns of fixed weights over the sessions on which every held name has one.

    Parameters
    ----------
    returns : ndarray of shape (n_sessions, n_assets)
        Simple returns, oldest first.
    places : ndarray of shape (n_held,), int64
        Columns of the held names.
    weights : ndarray of shape (n_held,)
        Over portfolio value; cash earns nothing.

    Returns
    -------
    ndarray of shape (n_complete,)
        Oldest first. A session on which a held name has no return is left out: to count it as 0 would make
        the portfolio look calmer than it is known to be.

    Notes
    -----
    Source: McNeil, Frey and Embrechts (2015), 9.2.3, historical simulation.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.array([[0.01, 0.03], [np.nan, 0.02], [0.02, -0.02]])
    >>> simulated_returns(returns, np.array([0, 1]), np.array([0.5, 0.5])).tolist()
    [0.02, 0.0]
    """
    out = np.empty(len(returns))
    n = 0
    for t in range(len(returns)):
        total = 0.0
        for k in range(len(places)):
            total += weights[k] * returns[t, places[k]]
        if not np.isnan(total):
            out[n] = total
            n += 1
    return out[:n]
