"""The best names of each day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prometheus.maths._checks import require_same_shape, require_within
from prometheus.maths.jit import B2, F2, OUT_I2, as_floats, compiled, type_i8


def best_n(scores: NDArray[np.float64], n: int, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the columns of each day's highest scores, the best first.

    Parameters
    ----------
    scores : ndarray of shape (n_dates, n_assets)
        Higher is better.
    n : int
        How many, at least 1.
    mask : ndarray of bool of shape (n_dates, n_assets)
        The names that may be chosen on each day.

    Returns
    -------
    ndarray of int64 of shape (n_dates, n)
        Column indices; -1 where a day has fewer than ``n`` names. NaN is never chosen. Equal scores come in
        the order of their columns, which is the fixed order of instruments.

    Raises
    ------
    ConfigError
        If ``n`` is below 1.
    InvalidRowsError
        If the shapes differ.

    Notes
    -----
    A stable sort, day by day, of the negated scores up to the n-th.

    Examples
    --------
    >>> import numpy as np
    >>> day = np.array([[0.2, np.nan, 0.9, 0.2, 0.5]])
    >>> best_n(day, 3, np.ones_like(day, dtype=bool)).tolist()
    [[2, 4, 0]]
    >>> best_n(day, 3, np.array([[True, True, False, False, False]])).tolist()
    [[0, -1, -1]]
    """
    require_same_shape(scores, mask, names="scores and mask")
    require_within(n, 1, np.inf, name="n", bounds="[)")
    return _best_n(as_floats(scores), int(n), mask)


@compiled(OUT_I2, F2, type_i8, B2)
def _best_n(scores: NDArray[np.float64], n: int, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    n_dates, n_assets = scores.shape
    out = np.full((n_dates, n), -1, dtype=np.int64)
    negated = np.empty(n_assets)
    columns = np.empty(n_assets, dtype=np.int64)
    for i in range(n_dates):
        n_present = 0
        for j in range(n_assets):
            if mask[i, j] and not np.isnan(scores[i, j]):
                negated[n_present] = -scores[i, j]
                columns[n_present] = j
                n_present += 1
        if n_present > n:
            # Of more than are wanted, only those up to the n-th are sorted: its equals by their columns.
            bound = np.partition(negated[:n_present], n - 1)[n - 1]
            n_equal = n
            for k in range(n_present):
                if negated[k] < bound:
                    n_equal -= 1
            n_kept = 0
            for k in range(n_present):
                is_equal = negated[k] == bound
                if negated[k] < bound or (is_equal and n_equal > 0):
                    n_equal -= 1 if is_equal else 0
                    negated[n_kept] = negated[k]
                    columns[n_kept] = columns[k]
                    n_kept += 1
            n_present = n_kept
        order = np.argsort(negated[:n_present], kind="mergesort")
        for k in range(n_present):
            out[i, k] = columns[order[k]]
    return out
