"""The pictures of the tear sheet."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from prometheus.maths.risk import drawdowns
from prometheus.reports.backtest_report import BacktestReport
from prometheus.reports.colours import BENCHMARK, LOSS, MUTED, STRATEGY, THIRD
from prometheus.reports.formats import MINUS, money, percent
from prometheus.reports.svg import inline_svg
from prometheus.reports.thinning import thinned

# Above this many years a bar a month is thinner than the gap beside it.
_MAX_YEARS_OF_MONTHS = 8
# More letters than this, and two names no longer fit beside each other.
_LONGEST_LEGEND_LINE = 80


def equity_figure(report: BacktestReport) -> str:
    """Return equity on a log scale, the benchmark from the same start, and both drawdowns beneath.

    Parameters
    ----------
    report : BacktestReport
    """
    scaled = None if report.benchmark is None else report.benchmark / report.benchmark[0] * report.equity[0]

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1.0])
        if scaled is not None:
            _line(upper, report.dates, scaled, BENCHMARK, report.benchmark_name, "--", 1.1)
            fall = -drawdowns(scaled[:, None])[:, 0]
            _line(lower, report.dates, fall, BENCHMARK, report.benchmark_name, "--", 0.9)
        _line(upper, report.dates, report.equity, STRATEGY, report.title)
        fall = -drawdowns(report.equity[:, None])[:, 0]
        _line(lower, report.dates, fall, STRATEGY, report.title, "-", 0.9)
        places = thinned(fall)
        lower.fill_between(report.dates[places], fall[places], 0.0, color=STRATEGY, alpha=0.22, linewidth=0.0)
        curves = [report.equity] if scaled is None else [report.equity, scaled]
        _log_scale(upper, min(c.min() for c in curves), max(c.max() for c in curves))
        upper.set_ylabel(f"Equity, {report.currency} (log)")
        # The strategy is drawn last, on top, and named first.
        n_columns = 2 if len(report.title) + len(report.benchmark_name) <= _LONGEST_LEGEND_LINE else 1
        upper.legend(
            *(part[::-1] for part in upper.get_legend_handles_labels()), loc="upper left", ncols=n_columns
        )
        lower.set_ylabel("Below peak")
        lower.yaxis.set_major_formatter(_percents())
        lower.set_ylim(top=0.0)
        _years(lower)

    end = money(report.equity[-1], report.currency)
    deepest = percent(report.statistics.max_drawdown)
    against = (
        "" if scaled is None else f" The benchmark would have become {money(scaled[-1], report.currency)}."
    )
    return inline_svg(
        draw,
        name="equity",
        title="Equity and drawdown",
        description=f"Equity from {money(report.equity[0], report.currency)} to {end}; "
        f"deepest drawdown {deepest}.{against}",
        height=4.6,
    )


def exposure_figure(report: BacktestReport) -> str:
    """Return gross and net exposure and cash, each over equity.

    Parameters
    ----------
    report : BacktestReport
    """
    cash = report.cash / report.equity

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        _line(axes, report.dates, report.gross_exposure, STRATEGY, "Gross")
        # Long-only books have one line under the other: the dashes leave both visible.
        _line(axes, report.dates, report.net_exposure, THIRD, "Net", (0, (4, 3)), 1.4)
        _line(axes, report.dates, cash, BENCHMARK, "Cash", "-", 1.0)
        axes.axhline(0.0, color=MUTED, linewidth=0.7)
        axes.set_ylabel("Share of equity")
        axes.yaxis.set_major_formatter(_percents())
        axes.set_ylim(*_room_for_legend(axes))
        axes.legend(loc="upper left", ncols=3)
        _years(axes)

    return inline_svg(
        draw,
        name="exposure",
        title="Exposure and cash over equity",
        description=f"Gross exposure between {percent(report.gross_exposure.min())} and "
        f"{percent(report.gross_exposure.max())}, mean {percent(report.gross_exposure.mean())}; "
        f"mean cash {percent(cash.mean())} of equity.",
        height=2.5,
    )


def turnover_figure(report: BacktestReport) -> str:
    """Return one-way turnover, a bar a month or, over long runs, a bar a year.

    Parameters
    ----------
    report : BacktestReport
    """
    n_years = float((report.dates[-1] - report.dates[0]) / np.timedelta64(365, "D"))
    is_monthly = n_years <= _MAX_YEARS_OF_MONTHS
    period, unit = ("month", "M") if is_monthly else ("year", "Y")
    periods, which = np.unique(report.dates.astype(f"datetime64[{unit}]"), return_inverse=True)
    sums = np.bincount(which, weights=report.turnover)
    starts = periods.astype("datetime64[D]")
    widths = (periods + 1).astype("datetime64[D]") - starts

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.bar(starts, sums, widths * 0.8, align="edge", color=STRATEGY, linewidth=0.0)
        axes.set_ylabel(f"Per {period}, of equity")
        axes.yaxis.set_major_formatter(_percents())
        axes.set_xlim(report.dates[0], report.dates[-1])
        _years(axes)

    return inline_svg(
        draw,
        name="turnover",
        title=f"One-way turnover per {period}",
        description=f"Mean {percent(sums.mean())} of equity a {period}, at most {percent(sums.max())}.",
        height=2.0,
    )


def cost_figure(report: BacktestReport) -> str:
    """Return costs added up from the first session on.

    Parameters
    ----------
    report : BacktestReport
    """
    total = np.cumsum(report.costs)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        _line(axes, report.dates, total, LOSS, "Costs")
        places = thinned(total)
        axes.fill_between(report.dates[places], total[places], 0.0, color=LOSS, alpha=0.15, linewidth=0.0)
        axes.set_ylabel(report.currency)
        axes.set_ylim(bottom=0.0)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_amount(value)))
        _years(axes)

    return inline_svg(
        draw,
        name="costs",
        title="Costs since the start",
        description=f"Commission and slippage add up to {money(total[-1], report.currency)}.",
        height=2.0,
    )


def short_amount(value: float) -> str:
    """Return an amount for an axis: 1.5M, 250k, 40.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> [short_amount(v) for v in (0.0, 40.0, 2.5e5, 1.5e6, -2e9)]
    ['0', '40', '250k', '1.5M', '−2B']
    """
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}".replace("-", MINUS)
    return f"{value:.4g}".replace("-", MINUS)


def _line(
    axes: Axes,
    dates: NDArray[np.datetime64],
    values: NDArray[np.float64],
    colour: str,
    label: str,
    style: str | tuple[int, tuple[int, int]] = "-",
    width: float = 1.5,
) -> None:
    places = thinned(values)
    axes.plot(dates[places], values[places], color=colour, label=label, linestyle=style, linewidth=width)


def _percents() -> FuncFormatter:
    # Rounded first: a tick that is zero but for its last bit is 0%.
    return FuncFormatter(lambda value, _: f"{round(value * 100.0, 6):.4g}%".replace("-", MINUS))


def _years(axes: Axes) -> None:
    locator = AutoDateLocator(minticks=4, maxticks=11)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.xaxis.get_offset_text().set_visible(False)


def _log_scale(axes: Axes, lowest: float, highest: float) -> None:
    """Log scale with round ticks: a few of them, whatever the span."""
    low, high = lowest * 0.97, highest * (highest / lowest) ** 0.08 * 1.02
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    if high / low < 4.0:
        # Within a factor of four evenly spaced amounts read better than powers.
        ticks = np.asarray(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    else:
        decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
            ticks = np.outer(decades, steps).ravel()
            if np.count_nonzero((ticks >= low) & (ticks <= high)) >= 4:
                break
    axes.yaxis.set_major_locator(FixedLocator([t for t in ticks.tolist() if low <= t <= high]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_amount(value)))


def _room_for_legend(axes: Axes) -> tuple[float, float]:
    low, high = axes.get_ylim()
    return low, high + 0.18 * (high - low)
