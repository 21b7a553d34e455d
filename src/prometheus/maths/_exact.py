"""Exactly rounded sums of short series, and ratios that are NaN instead of an error."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# exp of more than this is beyond a float64.
_LARGEST_EXPONENT = 709.0


def mean(values: NDArray[np.float64]) -> float:
    """Return the mean, NaN of nothing.

    Parameters
    ----------
    values : ndarray of shape (n,)
    """
    return math.fsum(values) / values.size if values.size else math.nan


def deviation(values: NDArray[np.float64]) -> float:
    """Return the sample standard deviation (ddof=1), NaN of fewer than two, exactly 0 of equal values.

    Parameters
    ----------
    values : ndarray of shape (n,)
    """
    if values.size < 2:
        return math.nan
    if values.min() == values.max():
        return 0.0
    return math.sqrt(math.fsum((values - mean(values)) ** 2) / (values.size - 1))


def ratio(numerator: float, denominator: float) -> float:
    """Return the quotient, NaN where the denominator is 0.

    Parameters
    ----------
    numerator, denominator : float
    """
    return numerator / denominator if denominator != 0.0 else math.nan


def compounded(log_return: float, times: float) -> float:
    """Return the simple return of ``times`` periods of a continuously compounded return, inf beyond floats.

    Parameters
    ----------
    log_return : float
    times : float
    """
    exponent = log_return * times
    return math.inf if exponent > _LARGEST_EXPONENT else math.expm1(exponent)
