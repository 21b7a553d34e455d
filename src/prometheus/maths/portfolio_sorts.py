"""Portfolios formed by sorting: what the names with high values returned beyond those with low ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from prometheus.maths._checks import require_same_shape, require_within
from prometheus.maths.jit import F1, F2, OUT_F1, OUT_F2, as_floats, compiled, type_f8


class Spread(NamedTuple):
    """What two legs returned, each day.

    Attributes
    ----------
    value : ndarray of shape (n_dates,)
        Mean return of the high leg less that of the low leg; NaN where a leg is empty.
    n_high, n_low, n_sorted : ndarray of shape (n_dates,)
        Names whose returns are averaged in each leg, and names that were sorted.
    """

    value: NDArray[np.float64]
    n_high: NDArray[np.float64]
    n_low: NDArray[np.float64]
    n_sorted: NDArray[np.float64]


def high_minus_low(values: NDArray[np.float64], returns: NDArray[np.float64], *, tail: float = 0.3) -> Spread:
    """Return how the names with the highest values did against those with the lowest, equally weighted.

    Parameters
    ----------
    values : ndarray of shape (n_dates, n_assets)
        What the names are sorted by, known before the returns begin; NaN takes no part.
    returns : ndarray of shape (n_dates, n_assets)
        What each name returned afterwards.
    tail : float
        Share of the names in each leg, above 0 and at most 0.5.

    Returns
    -------
    Spread

    Raises
    ------
    ConfigError
        If ``tail`` is outside (0, 0.5].
    InvalidRowsError
        If the shapes differ.

    Notes
    -----
    The low leg holds the names at or below the day's quantile ``tail``, the high leg those above the quantile
    1 - ``tail``; quantiles are interpolated linearly between the values of all names that have one, whether
    or not they return something afterwards. A name without a return leaves its leg smaller. Each leg is
    added up in the order of the assets. Source: Fama and French (1993); French, *Data Library*, "Detail for
    Daily Momentum Factor": breakpoints at the 30th and 70th percentiles.

    Examples
    --------
    >>> import numpy as np
    >>> signal = np.array([[1.0, 2.0, 3.0, 4.0]])
    >>> spread = high_minus_low(signal, np.array([[0.01, 0.5, 0.5, 0.03]]), tail=0.25)
    >>> spread.value.round(6).tolist(), spread.n_high.tolist(), spread.n_low.tolist()
    ([0.02], [1.0], [1.0])
    """
    require_same_shape(values, returns, names="values and returns")
    require_within(tail, 0.0, 0.5, name="tail", bounds="(]")
    out = _high_minus_low(as_floats(values), as_floats(returns), float(tail))
    return Spread(out[:, 0], out[:, 1], out[:, 2], out[:, 3])


@compiled(type_f8, F1, type_f8)
def _quantile(ordered: NDArray[np.float64], share: float) -> float:
    """Return a quantile of sorted values: definition 7 of Hyndman and Fan (1996), numpy's default."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    # Equal neighbours are taken as they are: a mean of two equal numbers may be off by a bit.
    if ordered[above] == ordered[below]:
        return float(ordered[below])
    return float(ordered[below] + (position - below) * (ordered[above] - ordered[below]))


@compiled(OUT_F2, F2, F2, type_f8)
def _high_minus_low(
    values: NDArray[np.float64], returns: NDArray[np.float64], tail: float
) -> NDArray[np.float64]:
    n_dates, n_assets = values.shape
    out = np.zeros((n_dates, 4))
    present = np.empty(n_assets)
    for i in range(n_dates):
        n = 0
        for j in range(n_assets):
            if not np.isnan(values[i, j]):
                present[n] = values[i, j]
                n += 1
        out[i, 0] = np.nan
        out[i, 3] = n
        if n == 0:
            continue
        ordered = np.sort(present[:n])
        low = _quantile(ordered, tail)
        high = _quantile(ordered, 1.0 - tail)
        high_total = 0.0
        low_total = 0.0
        for j in range(n_assets):
            if np.isnan(values[i, j]) or np.isnan(returns[i, j]):
                continue
            if values[i, j] > high:
                high_total += returns[i, j]
                out[i, 1] += 1.0
            elif values[i, j] <= low:
                low_total += returns[i, j]
                out[i, 2] += 1.0
        if out[i, 1] > 0.0 and out[i, 2] > 0.0:
            out[i, 0] = high_total / out[i, 1] - low_total / out[i, 2]
    return out


def equally_weighted(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each day's mean over the names that have a return, added up in their order.

    Parameters
    ----------
    returns : ndarray of shape (n_dates, n_assets)

    Returns
    -------
    ndarray of shape (n_dates,)
        NaN where no name has one. A name without returns changes no bit, wherever it stands.

    Examples
    --------
    >>> import numpy as np
    >>> equally_weighted(np.array([[0.01, np.nan, 0.03]])).round(6).tolist()
    [0.02]
    """
    return _row_means(as_floats(returns))


@compiled(OUT_F1, F2)
def _row_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    n_dates, n_assets = values.shape
    out = np.empty(n_dates)
    for i in range(n_dates):
        n = 0.0
        total = 0.0
        for j in range(n_assets):
            if not np.isnan(values[i, j]):
                total += values[i, j]
                n += 1.0
        out[i] = total / n if n > 0.0 else np.nan
    return out
