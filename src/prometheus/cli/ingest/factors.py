"""``prometheus ingest factors``: a vendor's factors from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from prometheus.cli.ingest.arguments import (
    DryRunOption,
    KnownAtOption,
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
    from prometheus.adapters.factors_door import SeriesReport

app = typer.Typer()

UnitOption = Annotated[
    Literal["percent", "decimal", "index"] | None,
    typer.Option("--unit", help="Unit of every series in the files; percents are divided by 100."),
]
LagOption = Annotated[
    int | None,
    typer.Option(
        "--release-lag",
        min=0,
        metavar="DAYS",
        help="Days from a value's date to its publication: it counts as known at the end of that day, UTC.",
    ),
]
CalendarOption = Annotated[
    Path | None,
    typer.Option(
        "--release-calendar",
        metavar="FILE",
        help="When each value was published: a table of date, released and perhaps series_id.",
    ),
]


@app.command(short_help="Take a vendor's factors in.")
def factors(
    paths: PathsArgument,
    unit: UnitOption = None,
    release_lag: LagOption = None,
    release_calendar: CalendarOption = None,
    source: SourceOption = "files",
    known_at: KnownAtOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take daily factors from files into factors_daily.

    Files of Kenneth French's data library become FF:MKT_RF, FF:SMB, FF:HML, FF:RMW, FF:CMA, FF:RF, FF:MOM in
    decimals; the SMB of three-factor files is another factor and becomes FF:SMB_FF3. Any other CSV or
    Parquet has a date column and one column a factor, or the columns factor_id, date and value, in decimals
    unless --unit says otherwise.

    A value counts as known when its delivery was, unless --release-lag or --release-calendar says when it
    was published. The same files again write nothing; restated values keep the former ones.
    """
    take_series(
        "factors",
        paths,
        unit=unit,
        release_lag=release_lag,
        release_calendar=release_calendar,
        source=source,
        known_at=known_at,
        dry_run=dry_run,
        as_json=as_json,
    )


def take_series(
    kind: Literal["macro", "factors"],
    paths: list[Path],
    *,
    unit: Literal["percent", "decimal", "index"] | None,
    release_lag: int | None,
    release_calendar: Path | None,
    source: str,
    known_at: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read series, store them and say what became of them."""
    from prometheus.adapters.factor_files import series_delivery
    from prometheus.adapters.factor_releases import release_calendar as calendar_of
    from prometheus.adapters.factors_door import ingest_series
    from prometheus.adapters.vintages_door import has_vintages, ingest_vintages
    from prometheus.domain.market.factor_deliveries import Releases
    from prometheus.store.connections import open_databases

    if release_lag is not None and release_calendar is not None:
        raise ConfigError(
            "--release-lag and --release-calendar both say when values were published.",
            remedy="Give one of them.",
        )
    moment = None if known_at is None else moment_of(known_at)
    calendar = {} if release_calendar is None else calendar_of(release_calendar)
    settings = settings_from_environment()
    delivery = series_delivery(paths, kind=kind, source=source, unit=unit, progress=Bar(f"ingest {kind}"))
    take = ingest_vintages if has_vintages(delivery) else ingest_series
    report = take(
        open_databases(settings),
        delivery,
        context_id=kind.upper(),
        releases=Releases(release_lag, calendar),
        known_at=moment,
        rejects_folder=settings.home / "rejects",
        dry_run=dry_run,
    )
    if as_json:
        print_json({name: getattr(report, name) for name in report.__slots__})
    else:
        _show(report)


def _show(report: SeriesReport) -> None:
    print_table(
        ["series", "first", "last", "values", "unit"],
        [(name, *facts) for name, facts in report.series.items()],
    )
    print_table(
        ["read", "no value", "new", "corrected", "unchanged", "repeated", "rejected"],
        [
            (report.n_rows, report.n_missing, report.n_new, report.n_corrected, report.n_unchanged,
             report.n_repeated, report.n_rejected)
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
