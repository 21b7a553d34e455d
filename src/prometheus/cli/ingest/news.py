"""``prometheus ingest news``: news from files, linked to issuers and instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from prometheus.cli.ingest.arguments import DryRunOption, PathsArgument, complain_of, moment_of
from prometheus.cli.output import JsonOption, complain, print_json, print_table, say
from prometheus.cli.progress import Bar
from prometheus.kernel.errors import ConfigError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from prometheus.adapters.news_report import NewsReport

PUBLISHED = "published"
N_SHOWN = 5

app = typer.Typer()


@app.command(short_help="Take news in and link it.")
def news(
    paths: PathsArgument,
    source: Annotated[
        str | None, typer.Option("--source", help="Who delivers; by default the file's own source column.")
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="Zone of times that don't say theirs, e.g. America/New_York or UTC."),
    ] = None,
    language: Annotated[str, typer.Option("--language", help="Of rows that don't say theirs.")] = "en",
    market: Annotated[
        str | None, typer.Option("--market", help="Link to this market's instruments only.")
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option("--known-at", help="When it became known; 'published': each when it appeared. Now."),
    ] = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take news from CSV and JSONL files into the historical database, and link it.

    A file needs a headline and a time. The columns are found by their names, in any order and case:
    headline or title; time, date, datetime or published; and where there are such, body or description, id,
    url, ticker or symbol, source, author, language. The choice is shown.

    Times become UTC by the zone that they carry, else by --zone; without either a row is set aside. A date
    alone is known at the end of its day. Articles link to issuers and instruments by ticker, cashtag ($AAPL),
    exchange and ticker (NASDAQ: AAPL) and company name, each as of the article's date.

    A reader sees an article from the moment on that it became known: now, or --known-at. A history that
    somebody kept as it appeared is taken with --known-at published.

    Rows that break a rule are set aside under PROMETHEUS_HOME/rejects and reported; the others are stored.
    The same files again write nothing, unless reference data say something else by now: then articles
    gain and lose links, the table says how many, and a reader as of an earlier moment sees those of then.
    """
    from prometheus.adapters.news_door import ingest_news
    from prometheus.store.connections import open_databases

    try:
        own_zone = None if zone is None else ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"--zone: no time zone is called {zone!r}.", remedy="Use an IANA name such as America/New_York."
        ) from error
    moment = None if known_at in (None, PUBLISHED) else moment_of(str(known_at))
    settings = settings_from_environment()
    report = ingest_news(
        open_databases(settings),
        paths,
        zone=own_zone,
        source=source,
        language=language,
        market_id=market,
        known_at=moment,
        is_known_when_published=known_at == PUBLISHED,
        rejects_folder=settings.home / "rejects",
        dry_run=dry_run,
        progress=Bar("news"),
    )
    if as_json:
        print_json(report)
    else:
        _show(report)


def _show(report: NewsReport) -> None:
    for file in report.files:
        chosen = ", ".join(f"{name} from {header!r}" for name, header in file["columns"].items())
        say(
            f"{file['name']}: {chosen}"
            + (f"; not read: {', '.join(file['unread'])}" if file["unread"] else "")
        )
    say(f"published {report.first:%Y-%m-%d %H:%M} to {report.last:%Y-%m-%d %H:%M} UTC")
    would = " (dry run: nothing was kept)" if report.is_dry_run else ""
    print_table(
        [
            "rows",
            "blank",
            "repeated",
            "rejected",
            "new",
            "unchanged",
            "linked",
            "links",
            "new links",
            "withdrawn",
        ],
        [
            (
                report.n_rows,
                report.n_blank,
                report.n_repeated,
                report.n_rejected,
                report.n_new,
                report.n_unchanged,
                report.n_linked,
                report.n_links,
                report.n_links_new,
                report.n_links_withdrawn,
            )
        ],
    )
    if report.links_by_how:
        say("links by " + ", ".join(f"{how} {count:,}" for how, count in report.links_by_how.items()) + would)
    elif would:
        say(would.strip())
    for change in report.link_changes[:N_SHOWN]:
        verb = "now links to" if change["is_added"] else "no longer links to"
        say(f"article {change['article_id']} {verb} {change.get('instrument_id') or change.get('issuer_id')}")
    if len(report.link_changes) > N_SHOWN:
        say(f"and {len(report.link_changes) - N_SHOWN:,} more; --json shows all")
    if report.is_recorded:
        say(f"decision {report.decision_id}")
    for lost in report.healed:
        say(f"decision {lost} of an earlier delivery, lost in a crash, is on record now")
    if not report.n_instruments:
        complain("Warning: no instrument is registered, so nothing is linked. Register them, then take the")
        complain("         same files in again: only the links are added.")
    for said in report.unread_files:
        complain(f"Warning: not read: {said}")
    complain_of(report)
