"""``prometheus ingest prices``: daily prices from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.ingest.arguments import (
    DryRunOption,
    KnownAtOption,
    MarketOption,
    PathsArgument,
    SourceOption,
    complain_of,
    moment_of,
)
from prometheus.cli.output import JsonOption, print_json, say
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from prometheus.adapters.ingest_report import IngestReport

app = typer.Typer()


@app.command(short_help="Take daily prices in.")
def prices(
    paths: PathsArgument,
    market: MarketOption,
    create: Annotated[bool, typer.Option("--create", help="Register symbols that are not known.")] = False,
    source: SourceOption = "files",
    known_at: KnownAtOption = None,
    dry_run: DryRunOption = False,
    no_derive: Annotated[
        bool, typer.Option("--no-derive", help="Leave returns and volatilities as they are.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take daily prices from CSV and Parquet files into the historical database.

    Columns are date, close and any of symbol (ticker, name), open, high, low, volume, adj close, split and
    dividend, in any order and case. A file without a symbol column is named after its symbol.

    Rows that break a rule are set aside under PROMETHEUS_HOME/rejects and reported; the others are
    stored. The same files again write nothing; changed values are kept beside the former ones.
    """
    from prometheus.adapters.price_door import ingest_prices
    from prometheus.adapters.price_files import price_delivery
    from prometheus.store.connections import open_databases

    moment = None if known_at is None else moment_of(known_at)
    settings = settings_from_environment()
    delivery = price_delivery(paths, source=source)
    report = ingest_prices(
        open_databases(settings),
        delivery,
        market_id=market,
        create=create,
        known_at=moment,
        rejects_folder=settings.home / "rejects",
        dry_run=dry_run,
    )
    derived: dict[str, int] = {}
    if report.has_changed and not no_derive:
        import numpy as np

        from prometheus.bootstrap import derive_market

        # To the last session there is: windows that reach back to a changed row end long after it.
        derived = dict(derive_market(settings, market, np.datetime64(report.first_date, "D")))
    if as_json:
        print_json({**_as_object(report), "derived": derived})
    else:
        _show(report, derived)


def _as_object(report: IngestReport) -> dict[str, object]:
    return {name: getattr(report, name) for name in report.__slots__}


def _show(report: IngestReport, derived: dict[str, int]) -> None:
    verb = "would be" if report.is_dry_run else "were"
    say(
        f"{report.market_id}: {report.n_rows:,} rows from {report.first_date} to {report.last_date}: "
        f"{report.n_new:,} {verb} new, {report.n_corrected:,} corrected, {report.n_unchanged:,} unchanged"
        + (f", {report.n_repeated:,} repeated" if report.n_repeated else "")
    )
    if report.created:
        say(f"{len(report.created):,} instruments {verb} registered")
    if report.is_recorded:
        say(f"decision {report.decision_id}")
    for table, count in derived.items():
        say(f"{table}: {count:,} rows written")
    complain_of(report)
