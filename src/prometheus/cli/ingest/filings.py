"""``prometheus ingest filings``: regulatory filings from files."""

from __future__ import annotations

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


@app.command(short_help="Take regulatory filings in.")
def filings(
    paths: PathsArgument,
    market: MarketOption,
    create: CreateOption = False,
    source: SourceOption = "files",
    known_at: KnownAtOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take filings, as text or HTML, with their accession, acceptance time, period and reported facts.

    Beside the texts an index.csv says accession, form, ticker (or cik), period_end, file, and accepted_at or
    filing_date. Full submissions of EDGAR say all that themselves. HTML becomes text; from inline XBRL the
    reported facts are taken too.

    A filing counts from its acceptance. Where there is only a date, from the end of that day; a date that is
    a guess (approx_filing_date...) is marked "estimated", and profiles leave it out.

    Texts go to the artifacts by their content; the same filings again add nothing.
    """
    from prometheus.adapters.filings_door import ingest_filings
    from prometheus.store.artifacts import Artifacts
    from prometheus.store.connections import open_databases

    settings = settings_from_environment()
    report = ingest_filings(
        open_databases(settings),
        Artifacts(settings.artifacts_url),
        paths,
        market_id=market,
        source=source,
        create=create,
        known_at=None if known_at is None else moment_of(known_at),
        rejects_folder=settings.home / "rejects",
        dry_run=dry_run,
        progress=Bar("filings"),
    )
    show_documents(report, as_json=as_json)
