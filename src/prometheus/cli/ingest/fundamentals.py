"""``prometheus ingest fundamentals``: reported facts from files."""

from __future__ import annotations

from typing import Annotated

import typer

from prometheus.cli.ingest.arguments import (
    DryRunOption,
    KnownAtOption,
    MarketOption,
    PathsArgument,
    SourceOption,
    moment_of,
)
from prometheus.cli.ingest.documents import CreateOption, show_documents
from prometheus.cli.output import JsonOption
from prometheus.cli.progress import Bar
from prometheus.store.settings import settings_from_environment

app = typer.Typer()


@app.command(short_help="Take reported facts in.")
def fundamentals(
    paths: PathsArgument,
    market: MarketOption,
    create: CreateOption = False,
    lag_days: Annotated[
        int | None,
        typer.Option("--lag-days", min=1, help="Days from a period's end until its report counts as known."),
    ] = None,
    source: SourceOption = "files",
    known_at: KnownAtOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take what companies reported into filings: revenue, income, assets and so on, with their periods.

    Layouts are seen by their columns: reports of pystock (CSV, Parquet or its daily archives), the NYSE panel
    of Kaggle, EDGAR's company facts (CIK##########.json) and the SEC's Financial Statement Data Sets (sub.txt
    and num.txt), and your own: symbol, period_end, months, filing_type, accepted_at or filing_date, and facts
    under the names that docs/how-to/bring-your-own-fundamentals.md lists.

    A report counts from the moment it became known, never from its period's end. A file that only has
    period ends is refused unless --lag-days says how long reports take; they are marked "lagged".

    The same report again adds nothing; other values for the same period are a restatement, stored beside the
    former. `prometheus profiles` computes ratios from them.
    """
    from prometheus.adapters.fundamentals_door import ingest_fundamentals
    from prometheus.store.connections import open_databases

    settings = settings_from_environment()
    report = ingest_fundamentals(
        open_databases(settings),
        paths,
        market_id=market,
        source=source,
        create=create,
        lag_days=lag_days,
        known_at=None if known_at is None else moment_of(known_at),
        rejects_folder=settings.home / "rejects",
        dry_run=dry_run,
        progress=Bar("fundamentals"),
    )
    show_documents(report, as_json=as_json)
