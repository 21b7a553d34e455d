"""``prometheus ingest``: prices and instruments from files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.output import JsonOption, complain, print_json, print_table, say
from prometheus.kernel.errors import ConfigError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from prometheus.adapters.ingest_report import IngestReport, InstrumentsReport

app = typer.Typer()

PathsArgument = Annotated[list[Path], typer.Argument(help="CSV or Parquet files, or folders of them.")]
MarketOption = Annotated[str, typer.Option("--market", help="Market of the instruments, e.g. US_EQ.")]


@app.command(short_help="Take daily prices in.")
def prices(
    paths: PathsArgument,
    market: MarketOption,
    create: Annotated[bool, typer.Option("--create", help="Register symbols that are not known.")] = False,
    source: Annotated[str, typer.Option("--source", help="Who the prices come from.")] = "files",
    known_at: Annotated[
        str | None, typer.Option("--known-at", help="When they became known, e.g. 2018-02-08T22:00Z; now.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything and keep nothing.")] = False,
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

    moment = None if known_at is None else _moment(known_at)
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


@app.command(short_help="Register instruments and issuers.")
def instruments(paths: PathsArgument, market: MarketOption, as_json: JsonOption = False) -> None:
    """Register the instruments that CSV or Parquet files name.

    Columns are symbol and any of name, sector, industry, country, exchange (MIC), currency, asset_class,
    listed (first session), delisted (first session without trading), instrument_id and issuer_id. What is
    known already and not named stays as it is.

    Rows that break a rule are set aside under PROMETHEUS_HOME/rejects and reported; the others are
    registered.
    """
    from prometheus.adapters.instrument_files import ingest_instruments
    from prometheus.store.connections import open_databases

    settings = settings_from_environment()
    report = ingest_instruments(
        open_databases(settings), paths, market_id=market, rejects_folder=settings.home / "rejects"
    )
    if as_json:
        print_json(report)
    else:
        if any(report.written.values()):
            print_table(["table", "rows written"], list(report.written.items()))
        else:
            say("Nothing new; nothing was written.")
        _complain(report)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"--known-at: {text!r} is no time.", remedy="Write it as 2018-02-08T22:00:00Z."
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


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
    _complain(report)


def _complain(report: IngestReport | InstrumentsReport) -> None:
    if not report.n_rejected:
        return
    complain(f"Warning: {report.n_rejected:,} rows were rejected.")
    for rule, count in report.rejected_by_rule.items():
        complain(f"         {rule}: {count:,}")
    for example in report.examples:
        complain(f"         {example}")
    if report.rejects_file is not None:
        complain(f"         All are in {report.rejects_file}.")
