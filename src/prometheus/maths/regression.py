"""Rolling regressions of many assets on a few factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prometheus.kernel.errors import InvalidRowsError, NotEnoughHistoryError
from prometheus.maths.jit import F2, I1, OUT_F2, OUT_F3, as_floats, compiled, type_b1, type_i8

COLLINEAR = 1e-10
"""Share of a factor's variance that the others must leave unexplained, for its slope to be told."""
NO_MOVE = 1e-24
"""Share of a factor's squared mean below which its variance is rounding: it does not move."""


def rolling_slopes(
    returns: NDArray[np.float64],
    factors: NDArray[np.float64],
    *,
    ends: NDArray[np.int64],
    window: int,
    min_observations: int,
) -> NDArray[np.float64]:
    """Return each asset's slopes on the factors, by least squares over the windows that end at some rows.

    Parameters
    ----------
    returns : ndarray of shape (n_days, n_assets)
        Oldest first; NaN where there is none.
    factors : ndarray of shape (n_days, n_factors)
        Of the same days; NaN where there is none.
    ends : ndarray of shape (n_dates,), int64
        The last rows of the windows, each at least ``window`` - 1.
    window : int
        Length in sessions.
    min_observations : int
        Fewest days of a window with the asset's return and every factor; more than ``n_factors`` + 1.

    Returns
    -------
    ndarray of shape (n_dates, n_assets, n_factors)
        NaN where there are too few observations, or where the factors can't be told apart: one of them is a
        linear combination of the others to 1 part in 10^10 of its variance.

    Raises
    ------
    InvalidRowsError
        If the two arrays are not of the same days.
    NotEnoughHistoryError
        If a window begins before the first row, or ``min_observations`` is not above ``n_factors`` + 1 and at
        most ``window``.

    Notes
    -----
    r = a + F b + e, ordinary least squares with an intercept. Two passes over each window from its oldest row
    to its newest: means, then centred cross products, whose equations are solved by Cholesky's method. Each
    window is computed from its own values alone. Source: Greene, *Econometric Analysis*, chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> market = np.array([0.01, -0.02, 0.03, 0.0, 0.01])
    >>> own = 0.001 + 1.5 * market
    >>> rolling_slopes(
    ...     own[:, None], market[:, None], ends=np.array([4]), window=5, min_observations=4
    ... ).round(9).tolist()
    [[[1.5]]]
    """
    if returns.ndim != 2 or factors.ndim != 2 or len(returns) != len(factors):
        raise InvalidRowsError(
            f"returns and factors: expected two arrays of the same days, found {returns.shape} and "
            f"{factors.shape}.",
            remedy="Align both on the same dates.",
        )
    if not factors.shape[1] + 1 < min_observations <= window:
        raise NotEnoughHistoryError(
            f"min_observations: expected {factors.shape[1] + 2} to {window} (the window), "
            f"found {min_observations}.",
            remedy="Read a longer window or ask for fewer observations.",
        )
    if len(ends) and not window - 1 <= ends.min() <= ends.max() < len(returns):
        raise NotEnoughHistoryError(
            f"ends: expected rows {window - 1} to {len(returns) - 1}, found {ends.min()} to {ends.max()}.",
            remedy="Read further back.",
        )
    return _rolling_slopes(
        as_floats(returns), as_floats(factors), ends.astype(np.int64), window, min_observations
    )


@compiled(type_b1, OUT_F2)
def _factorise(cross: NDArray[np.float64]) -> bool:
    """Replace the lower half of a symmetric matrix by its Cholesky factor; False where it has none."""
    for f in range(len(cross)):
        variance = cross[f, f]
        for g in range(f + 1):
            value = cross[f, g]
            for k in range(g):
                value -= cross[f, k] * cross[g, k]
            if g < f:
                cross[f, g] = value / cross[g, g]
            elif value <= COLLINEAR * variance:
                return False
            else:
                cross[f, f] = np.sqrt(value)
    return True


@compiled(OUT_F3, F2, F2, I1, type_i8, type_i8)
def _rolling_slopes(
    returns: NDArray[np.float64],
    factors: NDArray[np.float64],
    ends: NDArray[np.int64],
    window: int,
    min_observations: int,
) -> NDArray[np.float64]:
    n_dates, n_assets, n_factors = len(ends), returns.shape[1], factors.shape[1]
    out = np.full((n_dates, n_assets, n_factors), np.nan)
    own = np.empty(window)
    known = np.empty((window, n_factors))  # the factors of the days on which all are known
    rows = np.empty(window, dtype=np.int64)
    used = np.empty((window, n_factors))
    mean = np.empty(n_factors)
    cross = np.empty((n_factors, n_factors))
    right = np.empty(n_factors)
    for i in range(n_dates):
        first = ends[i] - window + 1
        n_known = 0
        for k in range(window):
            is_known = True
            for f in range(n_factors):
                known[n_known, f] = factors[first + k, f]
                if np.isnan(factors[first + k, f]):
                    is_known = False
            if is_known:
                rows[n_known] = first + k
                n_known += 1
        if n_known < min_observations:
            continue
        n_before = -1  # observations of the asset before, where it had all days that there are
        can_solve = False
        for j in range(n_assets):
            n = 0
            total = 0.0
            for k in range(n_known):
                value = returns[rows[k], j]
                if not np.isnan(value):
                    own[n] = value
                    for f in range(n_factors):
                        used[n, f] = known[k, f]
                    total += value
                    n += 1
            if n < min_observations:
                continue
            if not (n == n_known and n_before == n_known):
                # Assets without a gap share the factors' side: the same numbers in the same order.
                for f in range(n_factors):
                    mean[f] = 0.0
                    for k in range(n):
                        mean[f] += used[k, f]
                    mean[f] /= n
                for f in range(n_factors):
                    for g in range(f + 1):
                        product = 0.0
                        for k in range(n):
                            product += (used[k, f] - mean[f]) * (used[k, g] - mean[g])
                        cross[f, g] = product
                    if cross[f, f] <= NO_MOVE * n * mean[f] * mean[f]:
                        cross[f, f] = 0.0
                can_solve = _factorise(cross)
                n_before = n
            if not can_solve:
                continue
            average = total / n
            for f in range(n_factors):
                product = 0.0
                for k in range(n):
                    product += (used[k, f] - mean[f]) * (own[k] - average)
                right[f] = product
            for f in range(n_factors):  # forward
                for g in range(f):
                    right[f] -= cross[f, g] * right[g]
                right[f] /= cross[f, f]
            for f in range(n_factors - 1, -1, -1):  # back
                for g in range(f + 1, n_factors):
                    right[f] -= cross[g, f] * right[g]
                right[f] /= cross[f, f]
            for f in range(n_factors):
                out[i, j, f] = right[f]
    return out
