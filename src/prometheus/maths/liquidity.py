"""How much of a name is usually traded."""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from prometheus.maths._checks import require_same_shape
from prometheus.maths.jit import F3, OUT_F2, as_floats, compiled

I1 = types.Array(types.int64, 1, "A", readonly=True)


def mean_dollar_volume(
    closes: NDArray[np.float64], volumes: NDArray[np.float64], places: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the mean of close times volume of some names over the bars of each window.

    Parameters
    ----------
    closes, volumes : ndarray of shape (n_dates, window, n_assets)
    places : ndarray of shape (n_names,), int64
        Columns of the names.

    Returns
    -------
    ndarray of shape (n_dates, n_names)
        Currency per session; sessions without close or volume are passed over, NaN without any. A product
        does not change when shares are split.

    Raises
    ------
    InvalidRowsError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> closes, volumes = np.array([[[10.0], [5.0]]]), np.array([[[100.0], [400.0]]])
    >>> mean_dollar_volume(closes, volumes, np.array([0])).tolist()
    [[1500.0]]
    """
    require_same_shape(closes, volumes, names="closes and volumes", n_axes=3)
    return _mean_product(as_floats(closes), as_floats(volumes), places)


@compiled(OUT_F2, F3, F3, I1)
def _mean_product(
    first: NDArray[np.float64], second: NDArray[np.float64], places: NDArray[np.int64]
) -> NDArray[np.float64]:
    n_dates, n_sessions, _ = first.shape
    out = np.zeros((n_dates, len(places)))
    n = np.empty(len(places))
    for i in range(n_dates):
        n[:] = 0.0
        for k in range(n_sessions):
            for p in range(len(places)):
                product = first[i, k, places[p]] * second[i, k, places[p]]
                if not np.isnan(product):
                    out[i, p] += product
                    n[p] += 1.0
        for p in range(len(places)):
            out[i, p] = out[i, p] / n[p] if n[p] > 0.0 else np.nan
    return out
