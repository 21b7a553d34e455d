"""Each statistic against empyrical-reloaded or scipy, and against values by hand."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from prometheus.kernel.errors import ConfigError, InvalidRowsError, NotEnoughHistoryError
from prometheus.maths.months import monthly_returns
from prometheus.maths.performance import performance, statistics_mapping


def sessions(n: int, first: str = "2015-01-30") -> np.ndarray:
    return np.busday_offset(first, np.arange(n))


def curve(seed: int, n: int = 700) -> np.ndarray:
    returns = np.random.default_rng(seed).standard_t(4, n - 1) * 0.008 + 0.0004
    return 1e6 * np.cumprod(np.concatenate([[1.0], 1.0 + returns]))


def pair(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.Series, pd.Series]:
    dates, equity = sessions(700), curve(seed)
    benchmark = np.sqrt(equity / equity[0]) * curve(seed + 1000) / 1e4
    index = pd.DatetimeIndex(dates[1:])
    return (
        dates,
        equity,
        benchmark,
        pd.Series(equity[1:] / equity[:-1] - 1.0, index=index),
        pd.Series(benchmark[1:] / benchmark[:-1] - 1.0, index=index),
    )


@pytest.mark.parametrize("seed", range(5))
def test_statistics_of_the_curve_are_those_of_empyrical(seed: int) -> None:
    dates, equity, _, own, _ = pair(seed)
    result = performance(dates, equity, risk_free_rate=0.0252)
    expected = {
        "total_return": empyrical.cum_returns_final(own),
        "cagr": empyrical.cagr(own),
        "volatility": empyrical.annual_volatility(own),
        "sharpe": empyrical.sharpe_ratio(own, risk_free=0.0001),
        "sortino": empyrical.sortino_ratio(own, required_return=0.0001),
        "calmar": empyrical.calmar_ratio(own),
        "max_drawdown": -empyrical.max_drawdown(own),
        "skewness": stats.skew(own),
        "excess_kurtosis": stats.kurtosis(own),
        "best_day": own.max(),
        "worst_day": own.min(),
    }
    assert {name: getattr(result, name) for name in expected} == pytest.approx(expected, rel=1e-9)
    assert result.best_day_date == own.idxmax().date()
    assert result.worst_day_date == own.idxmin().date()


@pytest.mark.parametrize("seed", range(5))
def test_statistics_against_the_benchmark_are_those_of_empyrical(seed: int) -> None:
    dates, equity, benchmark, own, other = pair(seed)
    relative = performance(dates, equity, benchmark=benchmark, risk_free_rate=0.0252).relative
    assert relative is not None
    own_months = empyrical.aggregate_returns(own, "monthly")
    other_months = empyrical.aggregate_returns(other, "monthly")
    expected = {
        "beta": empyrical.beta(own, other, risk_free=0.0001),
        "correlation": np.corrcoef(own, other)[0, 1],
        "tracking_error": empyrical.annual_volatility(own - other),
        "information_ratio": empyrical.excess_sharpe(own, other) * math.sqrt(252),
        "up_capture": empyrical.up_capture(own_months, other_months, period="monthly"),
        "down_capture": empyrical.down_capture(own_months, other_months, period="monthly"),
        "excess_cagr": empyrical.cagr(own) - empyrical.cagr(other),
    }
    assert {name: getattr(relative, name) for name in expected} == pytest.approx(expected, rel=1e-9)
    # empyrical compounds the daily alpha, Jensen's is the plain sum.
    compounded = empyrical.alpha(own, other, risk_free=0.0001)
    assert (1.0 + relative.alpha / 252) ** 252 - 1.0 == pytest.approx(compounded, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_months_are_those_of_empyrical(seed: int) -> None:
    dates, equity, _, own, _ = pair(seed)
    months, returns = monthly_returns(dates, equity)
    expected = empyrical.aggregate_returns(own, "monthly")
    assert [(m.item().year, m.item().month) for m in months] == list(expected.index)
    assert returns == pytest.approx(expected.to_numpy())
    result = performance(dates, equity)
    assert (result.best_month, result.worst_month) == (returns.max(), returns.min())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1.0, 1000.0), min_size=3, max_size=120))
def test_months_compound_to_the_whole_and_bounds_hold(levels: list[float]) -> None:
    equity = np.array(levels)
    dates = sessions(equity.size)
    _, months = monthly_returns(dates, equity)
    result = performance(dates, equity)
    assert np.prod(1.0 + months) == pytest.approx(1.0 + result.total_return)
    assert 0.0 <= result.max_drawdown < 1.0
    assert result.worst_day <= result.best_day
    assert result.es_95 >= result.var_95 - 1e-12
    assert math.isnan(result.hit_rate) or 0.0 <= result.hit_rate <= 1.0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1.0, 1000.0), min_size=3, max_size=60), st.floats(0.01, 1e6))
def test_the_currency_unit_changes_nothing(levels: list[float], factor: float) -> None:
    dates, equity = sessions(len(levels)), np.array(levels)
    first, second = performance(dates, equity), performance(dates, equity * factor)
    assert first.max_drawdown == pytest.approx(second.max_drawdown, abs=1e-12)
    assert first.volatility == pytest.approx(second.volatility, abs=1e-9)
    assert first.total_return == pytest.approx(second.total_return, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_a_portfolio_that_is_its_benchmark_has_beta_one_and_captures_all(seed: int) -> None:
    equity = curve(seed)
    relative = performance(sessions(700), equity, benchmark=equity).relative
    assert relative is not None
    assert (relative.beta, relative.correlation) == pytest.approx((1.0, 1.0))
    assert (relative.alpha, relative.tracking_error, relative.excess_cagr) == pytest.approx(
        (0, 0, 0), abs=1e-12
    )
    assert (relative.up_capture, relative.down_capture) == pytest.approx((1.0, 1.0))
    assert math.isnan(relative.information_ratio)


def test_the_deepest_drawdown_has_its_dates() -> None:
    dates = sessions(8, "2024-01-02")
    equity = np.array([100.0, 110.0, 99.0, 104.0, 110.0, 120.0, 114.0, 118.0])
    result = performance(dates, equity)
    assert result.max_drawdown == pytest.approx(0.1)
    assert result.drawdown_peak_date == date(2024, 1, 3)
    assert result.drawdown_trough_date == date(2024, 1, 4)
    assert result.drawdown_recovery_date == date(2024, 1, 8)
    assert result.longest_drawdown_days == 5


def test_a_fall_that_is_not_recovered_has_no_recovery_date_and_counts_to_the_end() -> None:
    result = performance(sessions(4, "2024-01-02"), np.array([100.0, 90.0, 80.0, 85.0]))
    assert result.drawdown_recovery_date is None
    assert result.longest_drawdown_days == 3


def test_a_curve_that_only_rises_has_no_drawdown() -> None:
    result = performance(sessions(4), np.array([1.0, 2.0, 3.0, 4.0]))
    assert (result.max_drawdown, result.drawdown_peak_date, result.longest_drawdown_days) == (0.0, None, 0)
    assert math.isnan(result.calmar)
    assert math.isnan(result.sortino)
    assert result.hit_rate == 1.0


def test_a_flat_curve_has_no_ratios_instead_of_infinite_ones() -> None:
    result = performance(sessions(5), np.full(5, 100.0), benchmark=np.full(5, 7.0))
    assert (result.total_return, result.volatility) == (0.0, 0.0)
    assert all(math.isnan(v) for v in (result.sharpe, result.sortino, result.skewness, result.hit_rate))
    assert result.relative is not None
    assert all(
        math.isnan(v) for v in (result.relative.beta, result.relative.alpha, result.relative.correlation)
    )


def test_turnover_and_costs_are_per_year() -> None:
    equity = np.array([100.0, 100.0, 200.0, 200.0, 200.0])
    result = performance(
        sessions(5),
        equity,
        turnover=np.array([0.0, 0.5, 0.0, 0.25, 0.0]),
        costs=np.array([0.0, 1.0, 0.0, 4.0, 0.0]),
        sessions_per_year=2.0,
    )
    assert result.turnover == pytest.approx(0.75 / 2)
    assert result.total_costs == 5.0
    assert result.cost_drag == pytest.approx((1 / 100 + 4 / 200) / 2)


def test_the_mapping_is_plain_json_without_nan() -> None:
    result = performance(sessions(40), curve(1, 40), benchmark=curve(2, 40))
    values = statistics_mapping(result)
    again = json.loads(json.dumps(values, allow_nan=False))
    assert again == values
    assert values["first_date"] == "2015-01-30"
    assert values["turnover"] is None
    assert "relative" not in values
    assert {"beta", "alpha", "up_capture"} <= set(values)


def bad_cases() -> dict[str, tuple[dict[str, Any], type[Exception], str]]:
    good = {"dates": sessions(5), "equity": np.array([1.0, 2.0, 3.0, 2.0, 1.0])}
    return {
        "lengths": ({**good, "equity": np.ones(4)}, InvalidRowsError, "equity: expected one level for each"),
        "benchmark": ({**good, "benchmark": np.ones(4)}, InvalidRowsError, "benchmark: expected one level"),
        "short": ({"dates": sessions(2), "equity": np.ones(2)}, NotEnoughHistoryError, "at least 3 sessions"),
        "order": ({**good, "dates": sessions(5)[::-1]}, InvalidRowsError, "ascending dates"),
        "broke": (
            {**good, "equity": np.array([1.0, 2.0, 0.0, 1.0, 1.0])},
            InvalidRowsError,
            "found 0.0 on 2015-02-03",
        ),
        "missing": (
            {**good, "equity": np.array([1.0, 2.0, np.nan, 1.0, 1.0])},
            InvalidRowsError,
            "found nan",
        ),
        "costs": ({**good, "costs": np.full(5, np.nan)}, InvalidRowsError, "costs: expected a finite number"),
        "year": ({**good, "sessions_per_year": 0.0}, ConfigError, "sessions_per_year"),
    }


@pytest.mark.parametrize("case", bad_cases())
def test_what_can_not_be_measured_is_refused_by_name(case: str) -> None:
    arguments, error, message = bad_cases()[case]
    with pytest.raises(error, match=message):
        performance(**arguments)
