"""What a backtest earned and at what risk: the usual statistics of an equity curve.

1. Daily returns from the equity curve; months from the last level of each calendar month.
2. Statistics of the curve alone: growth, volatility, ratios, drawdown, tails, shape.
3. The same for the benchmark, and how the two move together, if there is one.
4. Trading: turnover and costs, if they are given.

Sums are exactly rounded (`math.fsum`), so no statistic depends on the processor's vector width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import date

import numpy as np
from numpy.typing import NDArray

from prometheus.kernel.errors import InvalidRowsError, NotEnoughHistoryError
from prometheus.maths._checks import require_within
from prometheus.maths._exact import compounded, deviation, mean, ratio
from prometheus.maths.deepest_fall import deepest_fall
from prometheus.maths.months import monthly_returns
from prometheus.maths.relative import RelativePerformance, relative_performance
from prometheus.maths.risk import historical_es, historical_var


@dataclass(frozen=True, slots=True)
class Performance:
    """Statistics of one equity curve; decimals, NaN where undefined.

    Attributes
    ----------
    first_date, last_date : datetime.date
        Ends of the curve.
    n_sessions : int
        Number of daily returns.
    total_return : float
        Last level over first, less one.
    cagr : float
        Compound growth per year of ``sessions_per_year`` sessions.
    volatility : float
        Annualised standard deviation of daily returns, ddof=1.
    sharpe : float
        Annualised mean excess return over its annualised standard deviation (Sharpe 1994).
    sortino : float
        Annualised mean excess return over annualised downside deviation, both against the risk-free rate;
        the downside's mean is over all days (Sortino and Price 1994).
    calmar : float
        ``cagr`` over ``max_drawdown`` (Young 1991, here over the whole curve).
    max_drawdown : float
        Deepest fall from a peak, positive.
    drawdown_peak_date, drawdown_trough_date, drawdown_recovery_date : datetime.date or None
        Of the deepest fall; recovery is the first session at or above the peak, None if there is none yet.
    longest_drawdown_days : int
        Calendar days of the longest time below a peak, an unfinished one included.
    var_95, es_95 : float
        Daily historical value at risk and expected shortfall at 95%, positive losses.
    skewness, excess_kurtosis : float
        Moment coefficients of daily returns without small-sample correction; a normal law has 0 and 0.
    best_day, worst_day, best_month, worst_month : float
        Highest and lowest return. Months are calendar months, the first and last may be partial.
    best_day_date, worst_day_date : datetime.date
        The days on which they fell (the first one, where several are equal).
    hit_rate : float
        Days with a gain over days with a gain or a loss.
    turnover : float
        Value traded one way, over equity, per year; NaN if not given.
    total_costs : float
        Commission and slippage, in the currency of the equity; NaN if not given.
    cost_drag : float
        Costs over the equity of the session before, per year; NaN if not given.
    relative : RelativePerformance or None
        Against the benchmark.
    """

    first_date: date
    last_date: date
    n_sessions: int
    total_return: float
    cagr: float
    volatility: float
    sharpe: float
    sortino: float
    calmar: float
    max_drawdown: float
    drawdown_peak_date: date | None
    drawdown_trough_date: date | None
    drawdown_recovery_date: date | None
    longest_drawdown_days: int
    var_95: float
    es_95: float
    skewness: float
    excess_kurtosis: float
    best_day: float
    best_day_date: date
    worst_day: float
    worst_day_date: date
    best_month: float
    worst_month: float
    hit_rate: float
    turnover: float
    total_costs: float
    cost_drag: float
    relative: RelativePerformance | None


def performance(
    dates: NDArray[np.datetime64],
    equity: NDArray[np.float64],
    *,
    benchmark: NDArray[np.float64] | None = None,
    turnover: NDArray[np.float64] | None = None,
    costs: NDArray[np.float64] | None = None,
    risk_free_rate: float = 0.0,
    sessions_per_year: float = 252.0,
) -> Performance:
    """Return the statistics of an equity curve.

    Parameters
    ----------
    dates : ndarray of datetime64[D] of shape (n_days,)
        Sessions, ascending.
    equity : ndarray of shape (n_days,)
        Portfolio value at each close, after costs; the first is the capital put in. No deposits between.
    benchmark : ndarray of shape (n_days,), optional
        Level of the benchmark at each close.
    turnover : ndarray of shape (n_days,), optional
        Value traded one way, half of purchases plus sales, over that session's equity.
    costs : ndarray of shape (n_days,), optional
        Costs of each session, in the currency of the equity.
    risk_free_rate : float, default 0.0
        Simple annual rate; ``risk_free_rate / sessions_per_year`` is taken from each daily return.
    sessions_per_year : float, default 252

    Returns
    -------
    Performance

    Raises
    ------
    NotEnoughHistoryError
        If there are fewer than 3 days: two returns are the least that have a deviation.
    InvalidRowsError
        If lengths differ, dates don't ascend, or a level is missing or not positive.
    ConfigError
        If ``sessions_per_year`` is not positive.

    Notes
    -----
    Missing levels are refused rather than filled: money is never invented. Definitions are those of
    empyrical-reloaded, checked in the tests; where the field differs, `Performance` says which one it is.
    Reference: Bacon, *Practical Portfolio Performance Measurement and Attribution* (2008).

    Examples
    --------
    >>> import numpy as np
    >>> days = np.arange("2024-01-02", "2024-01-07", dtype="datetime64[D]")
    >>> result = performance(days, np.array([100.0, 102.0, 99.96, 100.9596, 103.0]))
    >>> round(result.total_return, 4), round(result.max_drawdown, 4), str(result.drawdown_trough_date)
    (0.03, 0.02, '2024-01-04')
    """
    require_within(sessions_per_year, 0.0, math.inf, name="sessions_per_year", bounds="()")
    levels = _require_levels(dates, equity, name="equity")
    for name, series in (("turnover", turnover), ("costs", costs)):
        if series is not None and (series.shape != dates.shape or not np.isfinite(series).all()):
            raise InvalidRowsError(
                f"{name}: expected a finite number for each of the {dates.shape[0]} dates.",
                remedy="Give 0 for sessions without trades.",
            )
    days = dates.astype("datetime64[D]")
    returns = levels[1:] / levels[:-1] - 1.0
    excess = returns - risk_free_rate / sessions_per_year
    n_years = returns.size / sessions_per_year
    months = monthly_returns(days, levels)[1]
    falls = deepest_fall(days, levels)
    growth = float(levels[-1] / levels[0])
    cagr = compounded(math.log(growth), 1.0 / n_years)
    yearly_excess = mean(excess) * sessions_per_year
    root = math.sqrt(sessions_per_year)
    downside = math.sqrt(mean(np.minimum(excess, 0.0) ** 2)) * root
    n_gains, n_losses = int((returns > 0.0).sum()), int((returns < 0.0).sum())
    best, worst = int(returns.argmax()), int(returns.argmin())
    skewness, kurtosis = _shape(returns)
    return Performance(
        first_date=days[0].item(),
        last_date=days[-1].item(),
        n_sessions=returns.size,
        total_return=growth - 1.0,
        cagr=cagr,
        volatility=deviation(returns) * root,
        sharpe=ratio(yearly_excess, deviation(excess) * root),
        sortino=ratio(yearly_excess, downside),
        calmar=ratio(cagr, falls.depth),
        max_drawdown=falls.depth,
        drawdown_peak_date=falls.peak_date,
        drawdown_trough_date=falls.trough_date,
        drawdown_recovery_date=falls.recovery_date,
        longest_drawdown_days=falls.longest_days,
        var_95=float(historical_var(returns[None, :, None])[0, 0]),
        es_95=float(historical_es(returns[None, :, None])[0, 0]),
        skewness=skewness,
        excess_kurtosis=kurtosis,
        best_day=float(returns[best]),
        best_day_date=days[best + 1].item(),
        worst_day=float(returns[worst]),
        worst_day_date=days[worst + 1].item(),
        best_month=float(months.max()),
        worst_month=float(months.min()),
        hit_rate=ratio(n_gains, n_gains + n_losses),
        turnover=math.nan if turnover is None else math.fsum(turnover) / n_years,
        total_costs=math.nan if costs is None else math.fsum(costs),
        cost_drag=math.nan if costs is None else math.fsum(costs[1:] / levels[:-1]) / n_years,
        relative=None
        if benchmark is None
        else relative_performance(
            days,
            levels,
            _require_levels(dates, benchmark, name="benchmark"),
            risk_free_rate=risk_free_rate,
            sessions_per_year=sessions_per_year,
        ),
    )


def statistics_mapping(result: Performance) -> dict[str, float | int | str | None]:
    """Return the statistics as plain values, ready for JSON.

    Parameters
    ----------
    result : Performance

    Returns
    -------
    dict
        One entry a statistic, in the order of the class, then those against the benchmark. Dates are ISO
        texts; NaN and infinities, which JSON doesn't have, are None.

    Examples
    --------
    >>> import numpy as np
    >>> days = np.arange("2024-01-02", "2024-01-05", dtype="datetime64[D]")
    >>> values = statistics_mapping(performance(days, np.array([100.0, 101.0, 103.0])))
    >>> values["last_date"], values["n_sessions"], values["turnover"]
    ('2024-01-04', 2, None)
    """
    found: dict[str, float | int | str | None] = {}
    for part in (result, result.relative):
        if part is None:
            continue
        for field in fields(part):
            value = getattr(part, field.name)
            if isinstance(value, date):
                found[field.name] = value.isoformat()
            elif isinstance(value, float) and not math.isfinite(value):
                found[field.name] = None
            elif field.name != "relative":
                found[field.name] = value
    return found


def _shape(returns: NDArray[np.float64]) -> tuple[float, float]:
    if returns.min() == returns.max():
        return math.nan, math.nan
    centred = returns - mean(returns)
    second = mean(centred**2)
    # Products, not powers: a float power of a negative base goes through the C library and may differ.
    return (
        ratio(mean(centred * centred * centred), second * math.sqrt(second)),
        ratio(mean((centred * centred) ** 2), second * second) - 3.0,
    )


def _require_levels(
    dates: NDArray[np.datetime64], levels: NDArray[np.float64], *, name: str
) -> NDArray[np.float64]:
    if dates.ndim != 1 or levels.shape != dates.shape:
        raise InvalidRowsError(
            f"{name}: expected one level for each of the {dates.size} dates, found shape {levels.shape}.",
            remedy="Align the series on the sessions of the run.",
        )
    if dates.size < 3:
        raise NotEnoughHistoryError(
            f"{name}: expected at least 3 sessions, found {dates.size}.", remedy="Run over a longer period."
        )
    if not (np.diff(dates) > np.timedelta64(0, "D")).all():
        raise InvalidRowsError(f"{name}: expected ascending dates.", remedy="Sort the sessions.")
    values = np.asarray(levels, dtype=np.float64)
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0.0)))
    if bad.size:
        raise InvalidRowsError(
            f"{name}: expected positive levels, found {values[bad[0]]} on {dates[bad[0]]}.",
            remedy="A portfolio that lost everything has no returns from that day on: end before it.",
        )
    return values
