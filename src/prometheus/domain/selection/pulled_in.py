"""The order among names whose values were pulled in to one bound, kept by a hair."""

from __future__ import annotations

import numpy as np

from prometheus.kernel.arrays import FloatArray
from prometheus.maths.cross_section import standardised

TIE_BREAK = 1e-9
"""Size of a tie-break, over the largest value of the day: far below what a score can tell, far above what a
sum of floats rounds away."""


def with_tie_breaks(values: FloatArray, raw: FloatArray, tails: FloatArray) -> FloatArray:
    """Return a day's standardised values with the pulled-in names in the order of their raw values.

    Parameters
    ----------
    values : ndarray of shape (n_days, n_assets)
        Standardised from ``tails``.
    raw, tails : ndarray of shape (n_days, n_assets)
        Before and after winsorising.

    Returns
    -------
    ndarray of shape (n_days, n_assets)
        Values that were not pulled in are unchanged, bit for bit. Equal raw values stay equal.

    Notes
    -----
    Winsorising makes ties of the names beyond a bound, and among them the best would be chosen by the
    alphabet. Those above get value + 1e-9 * m * (2 + r), those below value - 1e-9 * m * (2 - r): r in
    [-1, 1] is the rank of the raw value among the names at that bound, m the largest value of the day by
    size, 1 where all are 0. The rank, and not the distance from the bound, so that no outlier, however
    far out, moves a score by more than 3e-9 * m.

    Examples
    --------
    >>> raw, tails = np.array([[9.0, 1.0, 7.0, 8.0]]), np.array([[7.5, 1.0, 7.0, 7.5]])
    >>> (with_tie_breaks(tails, raw, tails) - tails).round(10).tolist()
    [[2.25e-08, 0.0, 0.0, 7.5e-09]]
    """
    is_above, is_below = raw > tails, raw < tails
    largest = np.fmax.reduce(np.abs(values), axis=1, keepdims=True, initial=0.0)
    unit = TIE_BREAK * np.where(largest > 0.0, largest, 1.0)
    above = values + unit * (2.0 + standardised(raw, is_above, method="rank"))
    below = values - unit * (2.0 - standardised(raw, is_below, method="rank"))
    return np.where(is_above, above, np.where(is_below, below, values))
