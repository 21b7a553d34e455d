"""``prometheus ingest macro``: macro series from files."""

from __future__ import annotations

import typer

from prometheus.cli.ingest.arguments import DryRunOption, KnownAtOption, PathsArgument, SourceOption
from prometheus.cli.ingest.factors import CalendarOption, LagOption, UnitOption, take_series
from prometheus.cli.output import JsonOption

app = typer.Typer()


@app.command(short_help="Take macro series in.")
def macro(
    paths: PathsArgument,
    unit: UnitOption = None,
    release_lag: LagOption = None,
    release_calendar: CalendarOption = None,
    source: SourceOption = "files",
    known_at: KnownAtOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take macro series from files into factors_daily, as MACRO:<name>.

    Files of FRED have DATE or observation_date and one column a series, the Treasury's par yields Date and
    one column a tenor (MACRO:UST_10Y); a table of series_id, date and value will do as well. Yields and rates
    that are published in percent are stored as decimals, indices as published; the table says which. A
    value that FRED leaves out (".") makes no row.

    The dates of such files say what a value is about, not when it was published. A value counts as known
    when its delivery was, unless --release-lag or --release-calendar says more. Files of ALFRED say it
    themselves (realtime_start, or columns such as CPIAUCSL_20180112): each vintage counts from its day. The
    same files again write nothing; restated values keep the former ones, with the moment until which they
    were believed.

    prometheus ingest macro DGS10.csv --release-lag 1
    """
    take_series(
        "macro",
        paths,
        unit=unit,
        release_lag=release_lag,
        release_calendar=release_calendar,
        source=source,
        known_at=known_at,
        dry_run=dry_run,
        as_json=as_json,
    )
