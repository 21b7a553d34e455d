"""How an equity curve moves with its benchmark."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prometheus.maths._exact import compounded, deviation, mean, ratio
from prometheus.maths.months import monthly_returns


@dataclass(frozen=True, slots=True)
class RelativePerformance:
    """Statistics against a benchmark; decimals, NaN where undefined.

    Attributes
    ----------
    beta : float
        Covariance of daily excess returns over the benchmark's variance (Sharpe 1964).
    alpha : float
        Jensen's alpha: mean daily excess return less beta times the benchmark's, times sessions per year
        (Jensen 1968). Arithmetic, not compounded.
    correlation : float
        Pearson's, of daily returns.
    tracking_error : float
        Annualised standard deviation (ddof=1) of the daily difference in return.
    information_ratio : float
        Annualised mean difference over tracking error (Grinold and Kahn 2000).
    up_capture, down_capture : float
        Annualised geometric mean return of the months in which the benchmark rose (fell), over the
        benchmark's own in those months. NaN without such months.
    excess_cagr : float
        Compound growth per year less the benchmark's.
    """

    beta: float
    alpha: float
    correlation: float
    tracking_error: float
    information_ratio: float
    up_capture: float
    down_capture: float
    excess_cagr: float


def relative_performance(
    dates: NDArray[np.datetime64],
    equity: NDArray[np.float64],
    benchmark: NDArray[np.float64],
    *,
    risk_free_rate: float = 0.0,
    sessions_per_year: float = 252.0,
) -> RelativePerformance:
    """Return how an equity curve moves with its benchmark.

    Parameters
    ----------
    dates : ndarray of datetime64[D] of shape (n_days,)
        Sessions, ascending.
    equity, benchmark : ndarray of shape (n_days,)
        Positive levels at each close, none missing.
    risk_free_rate : float, default 0.0
        Simple annual rate.
    sessions_per_year : float, default 252

    Returns
    -------
    RelativePerformance
        NaN for beta and what follows from it when the benchmark never moves.

    Notes
    -----
    Reference: Bacon (2008), chapter 4, and the methodology papers of fund data vendors for capture ratios.

    Examples
    --------
    >>> import numpy as np
    >>> days = np.arange("2024-01-02", "2024-01-06", dtype="datetime64[D]")
    >>> index = np.array([100.0, 101.0, 99.99, 102.0])
    >>> round(relative_performance(days, 3.0 * index, index).beta, 6)
    1.0
    """
    own = equity[1:] / equity[:-1] - 1.0
    other = benchmark[1:] / benchmark[:-1] - 1.0
    n_years = own.size / sessions_per_year
    rate = risk_free_rate / sessions_per_year
    beta = math.nan
    correlation = math.nan
    if other.min() != other.max():
        own_centred, other_centred = own - mean(own), other - mean(other)
        covariance = mean(own_centred * other_centred)
        beta = ratio(covariance, mean(other_centred**2))
        if own.min() != own.max():
            correlation = ratio(
                covariance, math.sqrt(mean(own_centred**2)) * math.sqrt(mean(other_centred**2))
            )
            correlation = min(max(correlation, -1.0), 1.0)
    difference = own - other
    tracking_error = deviation(difference) * math.sqrt(sessions_per_year)
    _, own_months = monthly_returns(dates, equity)
    _, other_months = monthly_returns(dates, benchmark)
    return RelativePerformance(
        beta=beta,
        alpha=(mean(own - rate) - beta * mean(other - rate)) * sessions_per_year,
        correlation=correlation,
        tracking_error=tracking_error,
        information_ratio=ratio(mean(difference) * sessions_per_year, tracking_error),
        up_capture=_capture(own_months, other_months, other_months > 0.0),
        down_capture=_capture(own_months, other_months, other_months < 0.0),
        excess_cagr=compounded(math.log(equity[-1] / equity[0]), 1.0 / n_years)
        - compounded(math.log(benchmark[-1] / benchmark[0]), 1.0 / n_years),
    )


def _capture(own: NDArray[np.float64], other: NDArray[np.float64], which: NDArray[np.bool_]) -> float:
    def yearly(returns: NDArray[np.float64]) -> float:
        # The C library's log1p a value: numpy's vectorised one differs by processor.
        return compounded(mean(np.array([math.log1p(value) for value in returns])), 12.0)

    return ratio(yearly(own[which]), yearly(other[which]))
