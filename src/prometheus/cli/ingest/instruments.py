"""``prometheus ingest instruments``: instruments and issuers from files."""

from __future__ import annotations

import typer

from prometheus.cli.ingest.arguments import MarketOption, PathsArgument, complain_of
from prometheus.cli.output import JsonOption, print_json, print_table, say
from prometheus.store.settings import settings_from_environment

app = typer.Typer()


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
        complain_of(report)
