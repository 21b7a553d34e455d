"""``prometheus demo``: the whole product at work on real prices, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from prometheus.cli.output import JsonOption, print_json, print_table, say, shown_path, shown_program
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from prometheus.bootstrap import DemoRecord
    from prometheus.store.settings import Settings

app = typer.Typer()


@app.command()
def demo(as_json: JsonOption = False) -> None:
    """See it all at work on real prices, offline.

    Builds both databases, takes in the prices that installed packages ship (twenty US large caps, the
    S&P 500 and the VIX, five stocks with bars as traded), derives returns and volatilities, runs three
    strategies over decades of sessions, and says where to look further. A second run finds all of it on
    record and writes nothing.
    """
    from prometheus.bootstrap import run_demo
    from prometheus.cli.backtest import write_tear_sheet
    from prometheus.cli.progress import Bar

    settings = settings_from_environment()
    record = run_demo(settings, progress=Bar)
    sheets = {}
    for spec, run in record.runs:
        sheets[run.portfolio_id] = settings.home / "reports" / f"{run.portfolio_id}.html"
        if run.written or not sheets[run.portfolio_id].exists():
            write_tear_sheet(run, spec, sheets[run.portfolio_id])
    if as_json:
        print_json(
            {
                "written": dict(record.written),
                "runs": [
                    {
                        "portfolio_id": run.portfolio_id,
                        "statistics": run.metadata["statistics"],
                        "example_fill_id": run.example_fill_id,
                        "tear_sheet": str(sheets[run.portfolio_id]),
                    }
                    for _, run in record.runs
                ],
            }
        )
        return
    _show(record, settings)


def _show(record: DemoRecord, settings: Settings) -> None:
    from prometheus.backtest import performance_of
    from prometheus.reports.results_table import results_table
    from prometheus.reports.run_report import benchmark_performance

    print_table(
        ["market", "source", "rows read", "new", "unchanged", "from", "to"],
        [
            [r.market_id, r.source, r.n_rows, r.n_new, r.n_unchanged, r.first_date, r.last_date]
            for r in record.ingested
        ],
        title="Prices",
    )
    columns = []
    for spec, run in record.runs:
        columns.append((spec.run.name, performance_of(run, spec)))
        other = benchmark_performance(run)
        if other is not None and spec.run.benchmark is not None:
            columns.append((run.benchmark_name or spec.run.benchmark, other))
    kept = [column for i, column in enumerate(columns) if column not in columns[:i]]
    table = results_table(kept)
    print_table(table.header, table.rows, title="Results, beside the benchmark over the same sessions")
    if record.written:
        print_table(
            ["table", "rows written", "rows stored"],
            [[table, record.written.get(table, 0), n] for table, n in sorted(record.stored.items()) if n],
            title="Tables",
        )
        say(f"{sum(record.written.values()):,} rows were written to both databases.")
    else:
        say("All of it was on record: nothing was written.")
    first = record.runs[0][1]
    program = shown_program()
    say()
    say("Look further:")
    if first.example_fill_id is not None:
        say(f"  {program} explain fill {first.example_fill_id}")
    for spec, run in record.runs:
        say(f"  {shown_path(settings.home / 'reports' / run.portfolio_id)}.html    # {spec.run.name}")
    say(f"  {program} db psql runtime    # then: table current_portfolio_risk_reports limit 10;")
    say(f"  {program} db status          # what is stored, table by table")
    say(f"  {program} graph              # what comes before what")
