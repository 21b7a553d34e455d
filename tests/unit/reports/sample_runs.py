"""Runs made of seeded random returns, for the tests of what is drawn from a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from prometheus.maths.performance import performance
from prometheus.reports.backtest_report import BacktestReport, Contribution, HeldPosition


def sample_run(n_days: int = 700, *, has_benchmark: bool = True, first: str = "2015-01-30") -> BacktestReport:
    generator = np.random.default_rng(n_days)
    dates = np.busday_offset(first, np.arange(n_days))
    market = np.concatenate([[0.0], generator.standard_t(4, n_days - 1) * 0.007 + 0.0004])
    own = np.concatenate([[0.0], 0.9 * market[1:] + generator.normal(0.0002, 0.004, n_days - 1)])
    equity, benchmark = 1e6 * np.cumprod(1.0 + own), 2000.0 * np.cumprod(1.0 + market)
    gross = np.full(n_days, 0.97)
    gross[0] = 0.0
    turnover = np.where(np.arange(n_days) % 21 == 1, 0.3, 0.0)
    costs = turnover * equity * 0.001
    return BacktestReport(
        title="Momentum 12-1",
        portfolio_id="momentum-4f1c2a9e",
        currency="USD",
        dates=dates,
        equity=equity,
        cash=equity * (1.0 - gross),
        gross_exposure=gross,
        net_exposure=gross,
        turnover=turnover,
        costs=costs,
        statistics=performance(
            dates, equity, benchmark=benchmark if has_benchmark else None, turnover=turnover, costs=costs
        ),
        benchmark=benchmark if has_benchmark else None,
        benchmark_name="S&P 500" if has_benchmark else "",
        benchmark_statistics=performance(dates, benchmark) if has_benchmark else None,
        top_positions=(
            HeldPosition("US_EQ:AAPL", "Apple Inc.", 1200.0, 150.25, 180300.0, 0.0512),
            HeldPosition("US_EQ:XOM", "", -12.5, 60.0, -750.0, -0.0002),
        ),
        contributions=tuple(
            Contribution(f"US_EQ:N{place:02d}", "", float(pnl), 100 + place)
            for place, pnl in enumerate(generator.normal(1e3, 4e3, 30))
        ),
        spec={
            "config": {"alpha": {"families": ["momentum", "reversal"], "winsorise": 0.01}, "n": 50},
            "data_fingerprint": "9b1f0e37c2",
            "code_version": "0.1.0",
            "seed": None,
        },
        example_fill_id="0b0c9f1e-52f7-5b6c-8e5e-2b86a30df8c1",
    )


def idle_run() -> BacktestReport:
    """Three sessions in cash: nothing moves, nothing is held."""
    run = sample_run(3, has_benchmark=False)
    flat, nothing = np.full(3, 1e6), np.zeros(3)
    return replace(
        run,
        equity=flat,
        cash=flat,
        gross_exposure=nothing,
        net_exposure=nothing,
        turnover=nothing,
        costs=nothing,
        statistics=performance(run.dates, flat, turnover=nothing, costs=nothing),
        top_positions=(),
        contributions=(),
        spec={},
        example_fill_id=None,
    )
