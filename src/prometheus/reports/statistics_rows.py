"""Which statistics are shown, in which order, under which names and in which unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from prometheus.maths.performance import Performance
from prometheus.reports.formats import DASH, day, money, number, percent

# A fall that is still open is news; a dash would read as unknown.
NOT_YET = "not yet"
YEAR = 252
"""Fewest sessions from which growth a year is shown: a good month to the power of twelve is no forecast."""
GROWTH_A_YEAR = frozenset({"cagr", "excess_cagr", "calmar"})


@dataclass(frozen=True, slots=True)
class StatisticRow:
    """One line of a table of statistics.

    Attributes
    ----------
    group, label : str
        Heading and name.
    key : str
        Field of `Performance`, or of its ``relative`` part.
    show : callable
        Makes text of the value.
    is_headline : bool
        Whether the short table of the command line has it.
    """

    group: str
    label: str
    key: str
    show: Callable[..., str]
    is_headline: bool = False


ROWS: tuple[StatisticRow, ...] = (
    StatisticRow("Return", "Total return", "total_return", percent, True),
    StatisticRow("Return", "CAGR", "cagr", percent, True),
    StatisticRow("Return", "CAGR less benchmark's", "excess_cagr", partial(percent, is_signed=True)),
    StatisticRow("Return", "Best day", "best_day", partial(percent, is_signed=True)),
    StatisticRow("Return", "Worst day", "worst_day", percent),
    StatisticRow("Return", "Best month", "best_month", partial(percent, is_signed=True)),
    StatisticRow("Return", "Worst month", "worst_month", percent),
    StatisticRow("Return", "Days with a gain", "hit_rate", percent),
    StatisticRow("Risk", "Volatility, annual", "volatility", percent, True),
    StatisticRow("Risk", "Value at risk 95%, daily loss", "var_95", partial(percent, digits=2)),
    StatisticRow("Risk", "Expected shortfall 95%, daily loss", "es_95", partial(percent, digits=2), True),
    StatisticRow("Risk", "Skewness, daily", "skewness", number),
    StatisticRow("Risk", "Excess kurtosis, daily", "excess_kurtosis", number),
    StatisticRow("Ratios", "Sharpe", "sharpe", number, True),
    StatisticRow("Ratios", "Sortino", "sortino", number, True),
    StatisticRow("Ratios", "Calmar", "calmar", number, True),
    StatisticRow("Drawdown", "Deepest drawdown", "max_drawdown", percent, True),
    StatisticRow("Drawdown", "Peak", "drawdown_peak_date", day),
    StatisticRow("Drawdown", "Trough", "drawdown_trough_date", day),
    StatisticRow("Drawdown", "Recovered", "drawdown_recovery_date", day),
    StatisticRow("Drawdown", "Longest, calendar days", "longest_drawdown_days", partial(number, digits=0)),
    StatisticRow("Against the benchmark", "Beta", "beta", number, True),
    StatisticRow("Against the benchmark", "Alpha, annual", "alpha", partial(percent, is_signed=True), True),
    StatisticRow("Against the benchmark", "Correlation, daily", "correlation", number),
    StatisticRow("Against the benchmark", "Tracking error, annual", "tracking_error", percent),
    StatisticRow("Against the benchmark", "Information ratio", "information_ratio", number, True),
    StatisticRow("Against the benchmark", "Up capture, monthly", "up_capture", partial(percent, digits=0)),
    StatisticRow(
        "Against the benchmark", "Down capture, monthly", "down_capture", partial(percent, digits=0)
    ),
    StatisticRow("Trading", "Turnover a year, one way", "turnover", partial(percent, digits=0), True),
    StatisticRow("Trading", "Costs, all", "total_costs", money, True),
    StatisticRow("Trading", "Costs a year, over equity", "cost_drag", partial(percent, digits=2)),
)


def shown(row: StatisticRow, statistics: Performance | None) -> str:
    """Return the text of one statistic, a dash where it is undefined or, for growth a year, the run shorter.

    Parameters
    ----------
    row : StatisticRow
    statistics : Performance or None
    """
    if statistics is None or (row.key in GROWTH_A_YEAR and statistics.n_sessions < YEAR):
        return DASH
    if row.key == "drawdown_recovery_date" and statistics.drawdown_trough_date is not None:
        return (
            NOT_YET if statistics.drawdown_recovery_date is None else day(statistics.drawdown_recovery_date)
        )
    if hasattr(statistics, row.key):
        return row.show(getattr(statistics, row.key))
    relative = statistics.relative
    return DASH if relative is None else row.show(getattr(relative, row.key))


def growth(statistics: Performance) -> str:
    """Return the growth a year in words, or the growth in all of a run that is shorter than one."""
    if statistics.n_sessions < YEAR:
        return f"{percent(statistics.total_return, is_signed=True)} in all"
    return f"{percent(statistics.cagr, is_signed=True)} a year"


CAGR = next(row for row in ROWS if row.key == "cagr")
