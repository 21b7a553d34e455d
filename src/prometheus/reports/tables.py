"""The tables of the tear sheet, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby

import numpy as np

from prometheus.maths.months import monthly_returns
from prometheus.reports.backtest_report import BacktestReport, Contribution
from prometheus.reports.formats import DASH, as_html, called, money, number, percent
from prometheus.reports.statistics_rows import ROWS, shown

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A month of this size has the fullest colour.
_FULL_COLOUR_RETURN = 0.10
# Head of the benchmark's columns: its own name may be long, and stands above and in the legend.
_BENCHMARK = "Benchmark"


def table(
    header: Iterable[str], rows: Iterable[Iterable[str]], *, caption: str, n_text_columns: int = 1
) -> str:
    """Return a table of texts, which are escaped; nothing if it has no rows.

    Parameters
    ----------
    header : iterable of str
    rows : iterable of iterable of str
        The first text of each is the row's heading.
    caption : str
    n_text_columns : int, default 1
        Columns from the left that are words; the others are numbers and stand on the right.
    """

    def cell(place: int, text: str) -> str:
        mark = "" if place < n_text_columns else ' class="n"'
        if place == 0:
            return f'<th scope="row"{mark}>{as_html(text)}</th>'
        return f"<td{mark}>{as_html(text)}</td>"

    head = "".join(
        f'<th scope="col"{"" if place < n_text_columns else " class=" + chr(34) + "n" + chr(34)}>'
        f"{escape(text)}</th>"
        for place, text in enumerate(header)
    )
    body = "\n".join(
        "<tr>" + "".join(cell(place, text) for place, text in enumerate(row)) + "</tr>" for row in rows
    )
    if not body:
        return ""
    return (
        f'<div class="wide"><table><caption>{as_html(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def monthly_table(report: BacktestReport) -> str:
    """Return the heat map of monthly returns: a row a year, its total at the end.

    Parameters
    ----------
    report : BacktestReport
    """
    months, returns = monthly_returns(report.dates, report.equity)
    of_year: dict[int, dict[int, float]] = {}
    for month, value in zip(months, returns, strict=True):
        on = month.item()
        of_year.setdefault(on.year, {})[on.month] = float(value)
    benchmark_years: dict[int, float] = {}
    if report.benchmark is not None:
        for month, value in zip(*monthly_returns(report.dates, report.benchmark), strict=True):
            year = month.item().year
            benchmark_years[year] = (1.0 + benchmark_years.get(year, 0.0)) * (1.0 + float(value)) - 1.0
    head = "".join(f'<th scope="col" class="n">{name}</th>' for name in (*_MONTHS, "Year"))
    if benchmark_years:
        head += '<th scope="col" class="n">Bench.</th>'
    lines = []
    for year, values in of_year.items():
        cells = "".join(_heat(values.get(month)) for month in range(1, 13))
        total = float(np.prod([1.0 + value for value in values.values()])) - 1.0
        cells += f'<td class="n total">{percent(total)}</td>'
        if benchmark_years:
            cells += f'<td class="n">{percent(benchmark_years[year])}</td>'
        lines.append(f'<tr><th scope="row">{year}</th>{cells}</tr>')
    body = "\n".join(lines)
    return (
        '<div class="wide" tabindex="0"><table class="heat"><caption>Monthly returns, %. The first '
        f'and last month may be partial.</caption><thead><tr><th scope="col">Year</th>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def statistics_table(report: BacktestReport) -> str:
    """Return the statistics, strategy beside benchmark, in groups.

    Parameters
    ----------
    report : BacktestReport
    """
    has_benchmark = report.benchmark_statistics is not None
    columns = [report.statistics, report.benchmark_statistics] if has_benchmark else [report.statistics]
    names = ["Strategy", _BENCHMARK] if has_benchmark else ["Strategy"]
    parts = []
    for group, rows in groupby(ROWS, key=lambda row: row.group):
        texts = [(row.label, *(shown(row, column) for column in columns)) for row in rows]
        texts = [line for line in texts if any(text != DASH for text in line[1:])]
        # A benchmark trades nothing and has no benchmark: a column of dashes is left out.
        used = [0, *(place for place in range(1, len(names) + 1) if any(t[place] != DASH for t in texts))]
        if texts:
            header = [group, *names]
            parts.append(
                table(
                    [header[place] for place in used],
                    [[line[place] for place in used] for line in texts],
                    caption=group,
                )
            )
    return '<div class="statistics">' + "\n".join(parts) + "</div>"


def positions_table(report: BacktestReport) -> str:
    """Return the largest positions at the end.

    Parameters
    ----------
    report : BacktestReport
    """
    if not report.top_positions:
        return "<p>Nothing but cash was held at the end.</p>"
    rows = [
        (
            called(held.instrument_id, held.name),
            number(held.quantity, 0 if float(held.quantity).is_integer() else 4),
            number(held.price),
            money(held.market_value),
            percent(held.weight),
        )
        for held in report.top_positions
    ]
    header = ("Instrument", "Shares", "Close", f"Value, {report.currency}", "Of equity")
    return table(header, rows, caption=f"Largest positions on {report.dates[-1]}")


def contributions_tables(report: BacktestReport, *, n_each: int = 10) -> str:
    """Return the instruments that earned most and those that lost most.

    Parameters
    ----------
    report : BacktestReport
    n_each : int, default 10
        Longest length of each table.
    """
    ordered = sorted(report.contributions, key=lambda c: (-c.pnl, c.instrument_id))
    best = [c for c in ordered if c.pnl > 0.0][:n_each]
    worst = [c for c in reversed(ordered) if c.pnl < 0.0][:n_each]
    return _contributions(report, best, "Instruments that earned most") + _contributions(
        report, worst, "Instruments that lost most"
    )


def contributions_note(report: BacktestReport) -> str:
    """Return what the tables of contributions mean by points of return; nothing without contributions.

    Parameters
    ----------
    report : BacktestReport
    """
    if not report.contributions:
        return ""
    start = money(float(report.equity[0]), report.currency)
    total = number(float(report.equity[-1] / report.equity[0] - 1.0) * 100.0, 1, is_signed=True)
    return (
        f'<p class="note">Points of return: profit or loss over the whole run for every 100 of the equity it '
        f"began with ({escape(start)}). All instruments together make the total return, {total}. A loss can "
        "pass 100 points when earlier gains were at stake.</p>"
    )


def days_tables(report: BacktestReport, *, n_each: int = 5) -> str:
    """Return the best and the worst days, with the benchmark's return on them.

    Parameters
    ----------
    report : BacktestReport
    n_each : int, default 5
        Length of each table.
    """
    returns = report.equity[1:] / report.equity[:-1] - 1.0
    other = None if report.benchmark is None else report.benchmark[1:] / report.benchmark[:-1] - 1.0
    order = np.argsort(returns, kind="stable")

    def rows(places: Iterable[int]) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = []
        for place in places:
            line: tuple[str, ...] = (
                str(report.dates[place + 1]),
                percent(float(returns[place]), 2, is_signed=True),
            )
            if other is not None:
                line = (*line, percent(float(other[place]), 2, is_signed=True))
            found.append(line)
        return found

    header = ("Day", "Strategy") if other is None else ("Day", "Strategy", _BENCHMARK)
    best = [int(place) for place in order[::-1][:n_each] if returns[place] > 0.0]
    worst = [int(place) for place in order[:n_each] if returns[place] < 0.0]
    return table(header, rows(best), caption="Best days") + table(header, rows(worst), caption="Worst days")


def specification_table(spec: Mapping[str, object]) -> str:
    """Return the run's specification, nested keys joined with dots.

    Parameters
    ----------
    spec : mapping
    """
    return table(("Key", "Value"), _flat(spec), caption="Specification of the run", n_text_columns=2)


def _flat(spec: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for key, value in spec.items():
        if isinstance(value, Mapping):
            lines.extend(_flat(value, f"{prefix}{key}."))
        elif isinstance(value, list | tuple):
            lines.append((f"{prefix}{key}", ", ".join(str(item) for item in value) or DASH))
        else:
            lines.append((f"{prefix}{key}", DASH if value is None else str(value)))
    return lines


def _contributions(report: BacktestReport, found: list[Contribution], caption: str) -> str:
    if not found:
        return f"<p>{escape(caption)}: none.</p>"
    start = float(report.equity[0])
    rows = [
        (
            called(c.instrument_id, c.name),
            money(c.pnl, is_signed=True),
            number(c.pnl / start * 100.0, 1, is_signed=True),
            number(c.n_sessions_held, 0),
        )
        for c in found
    ]
    header = ("Instrument", f"P&L, {report.currency}", "Points of return", "Sessions held")
    return table(header, rows, caption=caption)


def _heat(value: float | None) -> str:
    if value is None:
        return "<td></td>"
    strength = round(min(abs(value) / _FULL_COLOUR_RETURN, 1.0) * 0.75, 3)
    side = "gain" if value >= 0.0 else "loss"
    return f'<td class="n {side}" style="--strength:{strength}">{number(value * 100.0, 1)}</td>'
