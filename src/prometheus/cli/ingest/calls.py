"""``prometheus ingest calls``: transcripts of earnings calls from files."""

from __future__ import annotations

from enum import StrEnum
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
from prometheus.store.settings import settings_from_environment

app = typer.Typer()


class _Completeness(StrEnum):
    WHOLE = "whole"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


@app.command(short_help="Take transcripts of earnings calls in.")
def calls(
    paths: PathsArgument,
    market: MarketOption,
    completeness: Annotated[
        _Completeness | None,
        typer.Option("--completeness", help="Whether the transcripts hold all that was said."),
    ] = None,
    create: CreateOption = False,
    source: SourceOption = "files",
    known_at: KnownAtOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take transcripts of earnings calls, whose names say day and symbol.

    Names are 20150226_ANSS.txt, ANSS_2015-02-26.txt, or a folder 20150226_ANSS with a text.txt as in MAEC,
    whose transcripts are partial and marked so. The symbol is resolved at the day of the call.

    What was said is known at the end of that day. Transcripts go to the artifacts by their content; the same
    ones again add nothing.
    """
    from prometheus.adapters.calls_door import ingest_calls
    from prometheus.store.artifacts import Artifacts
    from prometheus.store.connections import open_databases

    settings = settings_from_environment()
    report = ingest_calls(
        open_databases(settings),
        Artifacts(settings.artifacts_url),
        paths,
        market_id=market,
        source=source,
        completeness=None if completeness is None else completeness.value,
        create=create,
        known_at=None if known_at is None else moment_of(known_at),
        rejects_folder=settings.home / "rejects",
        dry_run=dry_run,
    )
    show_documents(report, as_json=as_json)
