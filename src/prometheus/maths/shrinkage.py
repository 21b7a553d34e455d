"""Correlations of many names from few sessions, shrunk so that they can be inverted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from prometheus.kernel.errors import InvalidRowsError, NotEnoughHistoryError
from prometheus.maths.jit import F2, OUT_F2, as_floats, compiled, pair_f8


class ShrunkCorrelation(NamedTuple):
    """A correlation matrix and how far it was pulled towards the identity.

    Attributes
    ----------
    matrix : ndarray of shape (n_assets, n_assets)
        Symmetric, ones on its diagonal, positive definite where ``shrinkage`` is above 0.
    shrinkage : float
        0 for the sample's correlations, 1 for the identity.
    """

    matrix: NDArray[np.float64]
    shrinkage: float


def ledoit_wolf_correlation(returns: NDArray[np.float64]) -> ShrunkCorrelation:
    """Return the Ledoit-Wolf correlations of returns, with the identity as their target.

    Parameters
    ----------
    returns : ndarray of shape (n_observations, n_assets)
        None missing, each asset with at least two different values.

    Returns
    -------
    ShrunkCorrelation

    Raises
    ------
    NotEnoughHistoryError
        With fewer than two observations.
    InvalidRowsError
        For a value that is missing or an asset that never moves.

    Notes
    -----
    Each asset is standardised (ddof=0) first, so that its variance does not count twice: the target, the
    average variance on the diagonal, is then the identity, and the result has ones there. With the sample's
    correlation S of n observations z_k, d^2 = ||S - I||^2 / p and b^2 = min(d^2, (1/n^2) sum_k
    ||z_k z_k' - S||^2 / p), the shrinkage is b^2 / d^2 and the matrix (1 - b^2/d^2) S + (b^2/d^2) I.
    Sums run from the oldest observation to the newest, compiled without a linear algebra library, whose
    last bits differ from processor to processor.
    Source: Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices",
    *Journal of Multivariate Analysis* 88, lemmas 3.2 to 3.4.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.random.default_rng(1).normal(size=(60, 3))
    >>> found = ledoit_wolf_correlation(draws)
    >>> found.matrix.diagonal().tolist(), 0.0 <= found.shrinkage <= 1.0
    ([1.0, 1.0, 1.0], True)
    """
    if returns.ndim != 2 or len(returns) < 2:
        raise NotEnoughHistoryError(
            f"returns: expected at least 2 observations of each asset, found shape {returns.shape}.",
            remedy="Read a longer window.",
        )
    values = as_floats(returns)
    if not np.isfinite(values).all() or (values == values[0]).all(axis=0).any():
        raise InvalidRowsError(
            "returns: expected finite values that differ within each asset.",
            remedy="Leave out assets with missing returns, and those that never move.",
        )
    correlation = np.empty((values.shape[1], values.shape[1]))
    spread, noise = _correlated(values, correlation)
    shrinkage = 0.0 if spread == 0.0 else min(noise, spread) / spread
    matrix = (1.0 - shrinkage) * correlation + 0.0  # no minus zero
    np.fill_diagonal(matrix, 1.0)
    return ShrunkCorrelation(matrix, float(shrinkage))


@compiled(pair_f8, F2, OUT_F2)
def _correlated(returns: NDArray[np.float64], correlation: NDArray[np.float64]) -> tuple[float, float]:
    """Fill in the sample's correlations; return d^2 and the unbounded b^2 of `ledoit_wolf_correlation`."""
    n, n_assets = returns.shape
    scaled = np.empty((n, n_assets))
    for j in range(n_assets):
        mean = 0.0
        for k in range(n):
            mean += returns[k, j]
        mean /= n
        squares = 0.0
        for k in range(n):
            squares += (returns[k, j] - mean) * (returns[k, j] - mean)
        deviation = np.sqrt(squares / n)
        for k in range(n):
            scaled[k, j] = (returns[k, j] - mean) / deviation
    correlation[:, :] = 0.0
    fourth = 0.0  # sum over observations of (z_k' z_k)^2
    for k in range(n):
        length = 0.0
        for i in range(n_assets):
            own = scaled[k, i]
            length += own * own
            for j in range(i):
                correlation[i, j] += own * scaled[k, j]
        fourth += length * length
    apart = 0.0
    for i in range(n_assets):
        correlation[i, i] = 1.0
        for j in range(i):
            correlation[i, j] /= n
            correlation[j, i] = correlation[i, j]
            apart += 2.0 * correlation[i, j] * correlation[i, j]
    spread = apart / n_assets
    noise = (fourth / n - (apart + n_assets)) / n / n_assets
    return spread, noise
