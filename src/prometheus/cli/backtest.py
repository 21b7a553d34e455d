"""``prometheus backtest``: run a strategy over the past."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from errno import ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.output import JsonOption, print_json, print_table, say, shown_path, shown_program
from prometheus.kernel.errors import DiskFullError, UsageError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from prometheus.backtest import BacktestSpec, RunRecord

app = typer.Typer()


@app.command()
def backtest(
    config: Annotated[
        Path,
        typer.Argument(
            help="A TOML file with a section [run] and, where they differ "
            "from the defaults, sections for the steps."
        ),
    ],
    start: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], metavar="DATE", help="First session; all the data by default."
        ),
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last session.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Put a setting over the file's; repeatable."),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            "--tear-sheet", metavar="FILE", help="Where the HTML goes; reports/ in the home by default."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a strategy over the past; every decision, order, fill and position is stored.

    A run is a portfolio of its own. The same specification on the same data is the same run: it is not
    computed again, and nothing is written.

    \b
    [run]
    strategy  = "momentum"        # an id of your choice
    market    = "US_EQ"           # whose instruments are scored
    rebalance = "monthly"         # or weekly, daily
    benchmark = "US_INDEX:SPX"    # any instrument with prices

    \b
    [scores.weights]              # alpha families and their weights
    momentum_12_1 = 1.0

    \b
    [targets]
    n_names   = 10
    weighting = "inverse_volatility"

    \b
    [fills]
    price = "open"                # "close" for data without opens

    Sections: run, scores, universes, targets, fills, orders, risk, outcomes.
    `prometheus graph` shows the steps; docs/how-to/run-a-backtest.md says where every key is described.
    """  # noqa: D301  \b keeps the lines of the paragraph after it as they are
    from prometheus.backtest import performance_of, spec_from_file
    from prometheus.bootstrap import run_backtest
    from prometheus.cli.progress import Bar
    from prometheus.maths.performance import statistics_mapping
    from prometheus.reports.results_table import results_table
    from prometheus.reports.run_report import benchmark_performance

    settings = settings_from_environment()
    given = list(overrides or [])
    given += [] if start is None else [f"run.start={start:%Y-%m-%d}"]
    given += [] if end is None else [f"run.end={end:%Y-%m-%d}"]
    spec = spec_from_file(config, overrides=given)
    record = run_backtest(settings, spec, progress=Bar(spec.run.strategy))
    target = sheet or settings.home / "reports" / f"{record.portfolio_id}.html"
    write_tear_sheet(record, spec, target)
    own = performance_of(record, spec)
    if as_json:
        print_json(
            {
                "portfolio_id": record.portfolio_id,
                "statistics": statistics_mapping(own),
                "written": dict(record.written),
                "tear_sheet": str(target),
                "orders": record.order_states,
                "example_fill_id": record.example_fill_id,
            }
        )
        return
    columns = [(spec.run.name or spec.run.strategy, own)]
    other = benchmark_performance(record)
    if other is not None and spec.run.benchmark is not None:
        columns.append((record.benchmark_name or spec.run.benchmark, other))
    table = results_table(columns)
    print_table(table.header, table.rows)
    say(f"portfolio   {record.portfolio_id}")
    for line in orders_in_words(record):
        say(line)
    n_rows = sum(record.written.values())
    say(f"written     {n_rows:,} rows" if n_rows else "written     nothing: this run was on record")
    say(f"tear sheet  {shown_path(target)}")
    if record.example_fill_id:
        say(f"try         {shown_program()} explain fill {record.example_fill_id}")


def orders_in_words(record: RunRecord) -> list[str]:
    """Return what became of a run's orders, with a warning where most of them did not trade."""
    n_orders = sum(state.n_orders for state in record.order_states)
    if not n_orders:
        return ["orders      none: no name had a score and was eligible on any rebalance date"]
    parts = [
        f"{state.n_orders:,} {state.status.lower().replace('_', ' ')}"
        + (f" ({state.reason})" if state.reason else "")
        for state in record.order_states
    ]
    lines = [f"orders      {n_orders:,}: " + ", ".join(parts)]
    n_filled = sum(state.n_orders for state in record.order_states if state.status == "FILLED")
    if n_filled < n_orders / 2:
        lines.append(
            "Warning: less than half of the orders were filled; the figures above rest on few trades."
        )
    return lines


def write_tear_sheet(record: RunRecord, spec: BacktestSpec, target: Path) -> None:
    """Write a run's tear sheet as one HTML file."""
    from prometheus.reports.run_report import run_report
    from prometheus.reports.tear_sheet import tear_sheet_html

    text = tear_sheet_html(run_report(record, spec))
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(text, encoding="utf-8")
        half.replace(target)  # whole or not at all: half a sheet would pass for one that is there
    except OSError as error:
        with suppress(OSError):
            half.unlink()
        if error.errno == ENOSPC:
            raise DiskFullError(
                f"No room is left for {target}.", remedy="Free some; the run itself is on record."
            ) from error
        raise UsageError(
            f"The tear sheet can't be written to {target}: {error.strerror}.", remedy="Choose another file."
        ) from error
