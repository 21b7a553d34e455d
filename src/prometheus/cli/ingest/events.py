"""``prometheus ingest events``: macro events from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.ingest.arguments import (
    DryRunOption,
    PathsArgument,
    SourceOption,
    complain_of,
    moment_of,
)
from prometheus.cli.output import JsonOption, complain, print_json, print_table, say
from prometheus.cli.progress import Bar
from prometheus.kernel.errors import ConfigError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from prometheus.adapters.events_door import EventsReport

PUBLISHED = "published"

app = typer.Typer()


@app.command(short_help="Take macro events in.")
def events(
    paths: PathsArgument,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", help="FOMC_STATEMENT, FOMC_MINUTES, or the type of rows that don't say theirs."
        ),
    ] = None,
    release_dates: Annotated[
        Path | None,
        typer.Option(
            "--release-dates",
            metavar="FILE",
            help="When the texts of meetings came out: a table of meeting and released.",
        ),
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Time zone of times without one, e.g. America/New_York.")
    ] = None,
    source: SourceOption = "files",
    known_at: Annotated[
        str | None,
        typer.Option("--known-at", help="When it became known; 'published': each when it happened. Now."),
    ] = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take statements and minutes of the FOMC, and calendars of events, into macro_events.

    With --kind FOMC_STATEMENT or FOMC_MINUTES each text is one file, named after the last day of its meeting
    (20130130.txt). It counts from its release, never from the meeting: statements at 14:15 or 14:00 New York
    time of the day, minutes three weeks later; --release-dates says it where the rule does not.

    Otherwise the files are CSV with event_type, timestamp and any of country, description, actual, previous,
    forecast, unit and id. A reader sees an event from the moment on that it became known: now, or --known-at.
    A history that somebody kept as it appeared is taken with --known-at published. A later delivery that
    says more, such as the actual value, becomes a version of its own.

    The same files again write nothing.

    prometheus ingest events minutes/ --kind FOMC_MINUTES
    """
    from prometheus.adapters.event_files import event_delivery, zone_of
    from prometheus.adapters.event_files import release_dates as dates_of
    from prometheus.adapters.events_door import ingest_events, known_meetings
    from prometheus.domain.text.fomc_releases import DOCUMENTS
    from prometheus.store.artifacts import Artifacts
    from prometheus.store.connections import open_databases

    if release_dates is not None and kind not in DOCUMENTS:
        raise ConfigError(
            "--release-dates is for texts of meetings.", remedy=f"Add --kind {' or '.join(DOCUMENTS)}."
        )
    moment = None if known_at in (None, PUBLISHED) else moment_of(str(known_at))
    given = {} if release_dates is None or kind is None else dates_of(release_dates, kind)
    settings = settings_from_environment()
    databases = open_databases(settings)
    meetings, now = known_meetings(databases)
    delivery = event_delivery(
        paths,
        kind=kind,
        source=source,
        known_at=moment or now,
        zone=zone_of(zone),
        releases=given,
        meetings=meetings,
        progress=Bar("ingest events"),
    )
    report = ingest_events(
        databases,
        delivery,
        artifacts=Artifacts(settings.artifacts_url),
        known_at=moment or now,
        is_known_when_published=known_at == PUBLISHED,
        rejects_folder=settings.home / "rejects",
        dry_run=dry_run,
    )
    if as_json:
        print_json({name: getattr(report, name) for name in report.__slots__})
    else:
        _show(report)


def _show(report: EventsReport) -> None:
    print_table(["event type", "kept"], list(report.event_types.items()))
    print_table(
        ["read", "new", "changed", "unchanged", "repeated", "rejected", "first", "last"],
        [
            (report.n_rows, report.n_new, report.n_changed, report.n_unchanged, report.n_repeated,
             report.n_rejected, report.first, report.last)
        ],
    )  # fmt: skip
    if report.is_dry_run:
        say("Nothing was kept.")
    if report.is_recorded:
        say(f"decision {report.decision_id}")
    for lost in report.healed:
        say(f"decision {lost} of an earlier delivery, which a crash had lost, is on record now")
    for fault in report.faults:
        complain(f"Warning: {fault}")
    complain_of(report)
