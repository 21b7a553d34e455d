"""One day's values of all instruments, made comparable: tails pulled in, centred, scaled or ranked."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from prometheus.kernel.errors import ConfigError
from prometheus.maths._checks import require_same_shape, require_within
from prometheus.maths.jit import B2, F2, I2, OUT_F2, as_floats, compiled, type_f8

Standardisation = Literal["zscore", "rank", "none"]


def winsorised(
    values: NDArray[np.float64], mask: NDArray[np.bool_], *, quantile: float
) -> NDArray[np.float64]:
    """Return each day's values with both tails pulled in to that day's quantiles.

    Parameters
    ----------
    values : ndarray of shape (n_dates, n_assets)
    mask : ndarray of bool of shape (n_dates, n_assets)
        The names that take part on each day.
    quantile : float
        Share of the names in each tail, 0 to below 0.5; 0 changes nothing.

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        Same unit. NaN and infinities come out as NaN and take no part; names outside the mask are NaN.

    Raises
    ------
    ConfigError
        If ``quantile`` is outside [0, 0.5).
    InvalidRowsError
        If the shapes differ.

    Notes
    -----
    Quantiles are interpolated linearly between order statistics: definition 7 of Hyndman and Fan (1996),
    numpy's default.

    Examples
    --------
    >>> import numpy as np
    >>> day = np.array([[0.0, 1.0, 2.0, 3.0, 100.0]])
    >>> winsorised(day, np.isfinite(day), quantile=0.25).tolist()
    [[1.0, 1.0, 2.0, 3.0, 3.0]]
    """
    require_same_shape(values, mask, names="values and mask")
    require_within(quantile, 0.0, 0.5, name="quantile", bounds="[)")
    return _winsorised(as_floats(values), mask, float(quantile))


def standardised(
    values: NDArray[np.float64], mask: NDArray[np.bool_], *, method: Standardisation, ddof: int = 0
) -> NDArray[np.float64]:
    """Return each day's values on a scale that is the same every day.

    Parameters
    ----------
    values : ndarray of shape (n_dates, n_assets)
    mask : ndarray of bool of shape (n_dates, n_assets)
        The names that take part on each day.
    method : {"zscore", "rank", "none"}
        ``zscore``: distance from the day's mean in standard deviations. ``rank``: the rank from the lowest,
        spread evenly over [-1, 1], equal values sharing their average rank. ``none``: as it came.
    ddof : {0, 1}, default 0
        Of the standard deviation. 0, because the names of a day are the whole population, not a sample.

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        No unit, except ``none``. NaN and infinities come out as NaN and take no part; names outside the
        mask are NaN. A day with one name, or on which all are equal, gives 0: it says nothing about who is
        better.

    Raises
    ------
    ConfigError
        If the method or ``ddof`` is unknown.
    InvalidRowsError
        If the shapes differ.

    Notes
    -----
    Source: Grinold and Kahn, *Active Portfolio Management*, chapter 10 (standardised exposures); ranks in
    place of values: Conover and Iman (1981).

    Examples
    --------
    >>> import numpy as np
    >>> day = np.array([[1.0, 3.0, np.nan, 3.0, 9.0]])
    >>> standardised(day, np.isfinite(day), method="zscore").round(3).tolist()
    [[-1.0, -0.333, nan, -0.333, 1.667]]
    >>> standardised(day, np.isfinite(day), method="rank").round(3).tolist()
    [[-1.0, 0.0, nan, 0.0, 1.0]]
    """
    require_same_shape(values, mask, names="values and mask")
    if ddof not in (0, 1):
        raise ConfigError(
            f"ddof: expected 0 or 1, found {ddof!r}.", remedy="Use 0 for a whole cross-section."
        )
    if method == "zscore":
        return _zscored(as_floats(values), mask, float(ddof))
    if method == "rank":
        # numpy sorts rows several times faster than a compiled loop can, but not those with a NaN: what takes
        # no part stands as infinity and comes last. Equal values may come in any order, because they share
        # their rank.
        present = np.where(mask & np.isfinite(values), as_floats(values), np.inf)
        return _ranked(present, np.argsort(present, axis=1))
    if method == "none":
        result: NDArray[np.float64] = np.where(mask & np.isfinite(values), as_floats(values), np.nan)
        return result
    raise ConfigError(
        f"method: expected one of zscore, rank, none; found {method!r}.", remedy="Choose one of the three."
    )


@compiled(OUT_F2, F2, B2, type_f8)
def _winsorised(values: NDArray[np.float64], mask: NDArray[np.bool_], quantile: float) -> NDArray[np.float64]:
    n_dates, n_assets = values.shape
    out = np.full((n_dates, n_assets), np.nan)
    present = np.empty(n_assets)
    for i in range(n_dates):
        n = 0
        for j in range(n_assets):
            if mask[i, j] and np.isfinite(values[i, j]):
                present[n] = values[i, j]
                n += 1
        if n == 0:
            continue
        low = -np.inf
        high = np.inf
        if quantile > 0.0:
            ordered = np.sort(present[:n])
            position = quantile * (n - 1)
            below = int(position)
            share = position - below
            above = min(below + 1, n - 1)
            # Equal neighbours are taken as they are: a mean of two equal numbers may be off by a bit.
            low = ordered[below]
            if share > 0.0 and ordered[above] != low:
                low = low + share * (ordered[above] - low)
            high = ordered[n - 1 - below]
            if share > 0.0 and ordered[n - 1 - above] != high:
                high = high - share * (high - ordered[n - 1 - above])
        for j in range(n_assets):
            if mask[i, j] and np.isfinite(values[i, j]):
                out[i, j] = min(max(values[i, j], low), high)
    return out


@compiled(OUT_F2, F2, B2, type_f8)
def _zscored(values: NDArray[np.float64], mask: NDArray[np.bool_], ddof: float) -> NDArray[np.float64]:
    n_dates, n_assets = values.shape
    out = np.full((n_dates, n_assets), np.nan)
    for i in range(n_dates):
        n = 0.0
        total = 0.0
        low = np.inf
        high = -np.inf
        for j in range(n_assets):
            if mask[i, j] and np.isfinite(values[i, j]):
                n += 1.0
                total += values[i, j]
                low = min(low, values[i, j])
                high = max(high, values[i, j])
        if n == 0.0:
            continue
        mean = total / n
        squares = 0.0
        for j in range(n_assets):
            if mask[i, j] and np.isfinite(values[i, j]):
                squares += (values[i, j] - mean) * (values[i, j] - mean)
        deviation = np.sqrt(squares / (n - ddof)) if n > ddof else 0.0
        # Equal values are told by their range, not by the deviation, which rounding may leave above zero.
        is_flat = low == high or deviation == 0.0
        for j in range(n_assets):
            if mask[i, j] and np.isfinite(values[i, j]):
                out[i, j] = 0.0 if is_flat else (values[i, j] - mean) / deviation
    return out


@compiled(OUT_F2, F2, I2)
def _ranked(present: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.float64]:
    n_dates, n_assets = present.shape
    out = np.full((n_dates, n_assets), np.nan)
    for i in range(n_dates):
        n = n_assets
        while n > 0 and np.isinf(present[i, order[i, n - 1]]):
            n -= 1
        first = 0
        while first < n:
            last = first
            while last + 1 < n and present[i, order[i, last + 1]] == present[i, order[i, first]]:
                last += 1
            # Ranks count from 0 here: first..last share (first + last) / 2 of at most n - 1.
            score = (first + last) / (n - 1.0) - 1.0 if n > 1 else 0.0
            for k in range(first, last + 1):
                out[i, order[i, k]] = score
            first = last + 1
    return out
