"""The tear sheet: one run on one page, in one file that fetches nothing.

1. A sentence and the headline numbers.
2. Equity with drawdown, monthly returns.
3. Statistics beside the benchmark's.
4. What was held and traded: exposures, turnover, costs, positions at the end.
5. Who earned and who lost it, best and worst days.
6. What the run was made of, and how to ask why.

A run without a single fill has a sentence that says so in place of 1 to 5.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files

from prometheus.reports.backtest_report import BacktestReport
from prometheus.reports.figures import cost_figure, equity_figure, exposure_figure, turnover_figure
from prometheus.reports.formats import as_html, money, number, percent
from prometheus.reports.statistics_rows import CAGR, growth, shown
from prometheus.reports.tables import (
    contributions_note,
    contributions_tables,
    days_tables,
    monthly_table,
    positions_table,
    specification_table,
    statistics_table,
)


def tear_sheet_html(run: BacktestReport) -> str:
    """Return the tear sheet of a run.

    Parameters
    ----------
    run : BacktestReport

    Returns
    -------
    str
        A whole HTML page: style and pictures inside, no script, no outside link; the browser is told to
        fetch nothing. Light, dark and print. The same run gives the same text.
    """
    style = files("prometheus.reports").joinpath("tear_sheet.css").read_text(encoding="utf-8")
    sections = _sections(run) if _has_fills(run) else _sections_without_fills(run)
    body = "\n".join(
        f"<section><h2>{name}</h2>\n{content}\n</section>" for name, content in sections if content
    )
    headline = f"<p>{as_html(_summary(run))}</p>\n{_tiles(run)}" if _has_fills(run) else _no_fills(run)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(run.title)} · {run.dates[0]} to {run.dates[-1]}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{escape(run.title)}</h1>
<p class="muted">Backtest · portfolio <code>{escape(run.portfolio_id)}</code></p>
{headline}
</header>
<main>
{body}
</main>
</body>
</html>
"""


def _has_fills(run: BacktestReport) -> bool:
    return run.example_fill_id is not None or bool(run.contributions) or bool(run.turnover.any())


def _sections(run: BacktestReport) -> tuple[tuple[str, str], ...]:
    return (
        ("Equity", f"<figure>{equity_figure(run)}</figure>"),
        ("Monthly returns", monthly_table(run)),
        ("Statistics", statistics_table(run) + _definitions(run)),
        ("Exposure", f"<figure>{exposure_figure(run)}</figure>"),
        (
            "Trading",
            (
                f"<figure><figcaption>Turnover, one way; the first and last bar may be partial"
                f"</figcaption>{turnover_figure(run)}</figure>"
                "<figure><figcaption>Costs since the start: commission and slippage</figcaption>"
                f"{cost_figure(run)}</figure>"
            ),
        ),
        ("Positions at the end", positions_table(run)),
        (
            "Best and worst",
            f'{contributions_tables(run)}{contributions_note(run)}<div class="two">{days_tables(run)}</div>',
        ),
        ("Specification", specification_table(run.spec)),
        ("Why? Explaining a number", _how_to_explain(run)),
    )


def _sections_without_fills(run: BacktestReport) -> tuple[tuple[str, str], ...]:
    return (
        ("Specification", specification_table(run.spec)),
        ("Why? Explaining an order", _how_to_explain_orders(run)),
    )


def _no_fills(run: BacktestReport) -> str:
    return (
        f"<p>{as_html(f'From {run.dates[0]} to {run.dates[-1]}.')} <strong>No order of this run was filled, "
        "so there is nothing to show: see the table <code>orders</code> and "
        "<code>prometheus explain order</code>.</strong></p>"
    )


def _summary(run: BacktestReport) -> str:
    own = run.statistics
    text = (
        f"From {run.dates[0]} to {run.dates[-1]}, {money(run.equity[0], run.currency)} became "
        f"{money(run.equity[-1], run.currency)}: {growth(own)}"
    )
    if run.benchmark_statistics is not None:
        text += f", against {growth(run.benchmark_statistics)} for {run.benchmark_name}"
    return (
        f"{text}. All results are hypothetical, after the simulated costs shown below, before fees and taxes."
    )


def _tiles(run: BacktestReport) -> str:
    own, other = run.statistics, run.benchmark_statistics
    tiles = (
        ("CAGR", shown(CAGR, own), other and shown(CAGR, other)),
        ("Volatility", percent(own.volatility), other and percent(other.volatility)),
        ("Sharpe", number(own.sharpe), other and number(other.sharpe)),
        ("Deepest drawdown", percent(own.max_drawdown), other and percent(other.max_drawdown)),
        ("Turnover a year", percent(own.turnover, 0), None),
        ("Costs a year", percent(own.cost_drag, 2), None),
    )
    cells = "".join(
        f"<div><dt>{label}</dt><dd>{value}"
        + (f'<span class="beside">benchmark {beside}</span>' if beside else "")
        + "</dd></div>"
        for label, value, beside in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def _definitions(run: BacktestReport) -> str:
    return (
        f'<p class="note">From {run.statistics.n_sessions:,} daily returns of closing equity, 252 sessions '
        "a year. Volatility and tracking error: sample deviation. Sharpe and Sortino: arithmetic mean over "
        "deviation, risk-free rate as in the specification, else 0. Value at risk and expected shortfall: "
        "historical, positive losses. Drawdown: share of the highest equity so far. Alpha: Jensen's, "
        "arithmetic. Captures: geometric means of the months in which the benchmark rose or fell. Turnover: "
        "half of purchases plus sales, over equity.</p>"
    )


def _how_to_explain(run: BacktestReport) -> str:
    fill = escape(run.example_fill_id) if run.example_fill_id else "FILL_ID"
    return (
        "<p>Every order, fill and position of this run is a row in the databases, with the decision that "
        "made it and the fingerprint of what that decision had read. To see why something was bought or "
        "sold, down to the prices it was decided on:</p>"
        f"<pre>prometheus explain fill {fill}</pre>"
        "<p>The answer names the order and the decision; <code>prometheus explain order ID</code> and "
        "<code>prometheus explain decision ID</code> start from those. For other fills of this run, open "
        "<code>prometheus db psql</code> and look in the table <code>fills</code> for those whose order has "
        f"the portfolio <code>{escape(run.portfolio_id)}</code>.</p>"
    )


def _how_to_explain_orders(run: BacktestReport) -> str:
    return (
        "<p>Every order is a row, with its <code>status</code> and, in <code>metadata</code>, the reason. "
        "Open <code>prometheus db psql</code> and look in the table <code>orders</code> for "
        f"those of the portfolio <code>{escape(run.portfolio_id)}</code>. To follow one back to the decision "
        "that planned it, and to the prices that decision was made on:</p>"
        "<pre>prometheus explain order ORDER_ID</pre>"
        "<p>No such row means that no decision asked for a trade: a name needs a score, a place in the "
        "universe and a target weight before it is ordered.</p>"
    )
