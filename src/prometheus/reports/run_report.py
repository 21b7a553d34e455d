"""From a run's record in the tables to what its tear sheet shows."""

from __future__ import annotations

from prometheus.backtest import BacktestSpec, RunRecord, performance_of, turnover_and_costs
from prometheus.maths.performance import Performance, performance
from prometheus.reports.backtest_report import BacktestReport, Contribution, HeldPosition
from prometheus.reports.formats import called


def run_report(record: RunRecord, spec: BacktestSpec) -> BacktestReport:
    """Return a run as its tear sheet shows it.

    A contribution is what an instrument earned: sales less purchases less commission, dividends and cash in
    lieu of fractions of shares, and the value of what is left of it at the end. Together they are what the
    portfolio's value grew by.
    """
    curve = record.curve
    turnover, costs = turnover_and_costs(record, spec)
    held = sorted(record.holdings, key=lambda h: (-h.last_value, h.instrument_id))
    return BacktestReport(
        title=spec.run.name or spec.run.strategy,
        portfolio_id=record.portfolio_id,
        currency=spec.run.currency,
        dates=curve.dates,
        equity=curve.value,
        cash=curve.cash,
        gross_exposure=curve.gross_exposure,
        net_exposure=curve.net_exposure,
        turnover=turnover,
        costs=costs,
        statistics=performance_of(record, spec),
        benchmark=record.benchmark,
        benchmark_name=called(spec.run.benchmark or "", record.benchmark_name),
        benchmark_statistics=benchmark_performance(record),
        top_positions=tuple(
            HeldPosition(
                h.instrument_id,
                h.name,
                h.last_quantity,
                h.last_value / h.last_quantity,
                h.last_value,
                h.last_value / float(curve.value[-1]),
            )
            for h in held
            if h.last_quantity
        ),
        contributions=tuple(
            Contribution(
                h.instrument_id,
                h.name,
                h.net_proceeds + record.dividends.get(h.instrument_id, 0.0) + h.last_value,
                h.n_sessions_held,
            )
            for h in record.holdings
        ),
        spec={name: value for name, value in record.metadata.items() if name != "statistics"},
        example_fill_id=record.example_fill_id,
    )


def benchmark_performance(record: RunRecord) -> Performance | None:
    """Return the statistics of a run's benchmark; None without one."""
    return None if record.benchmark is None else performance(record.curve.dates, record.benchmark)
