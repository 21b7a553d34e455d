"""``prometheus ingest prices``: daily prices from files."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
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
from prometheus.cli.output import JsonOption, complain, print_json, print_table, say
from prometheus.cli.progress import Bar
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from prometheus.adapters.ingest_report import IngestReport
    from prometheus.domain.market.config import QualityConfig
    from prometheus.store.settings import Settings

app = typer.Typer()


class Symbols(StrEnum):
    """By which of its symbols a vendor names an instrument."""

    then = "then"
    last = "last"


@app.command(short_help="Take daily prices in.")
def prices(
    paths: PathsArgument,
    market: MarketOption,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help="Vendor's shape: yahoo, yfinance, stooq, stooq-old, wiki, lean, pystock, kaggle, nasdaq, "
            "investing, generic.",
        ),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", metavar="FILE.toml", help="A shape of your own, in a file.")
    ] = None,
    create: Annotated[bool, typer.Option("--create", help="Register symbols that are not known.")] = False,
    symbols: Annotated[
        Symbols | None,
        typer.Option(
            "--symbols",
            help="then: a symbol is whose it was on the bar's date. last: on its last date here. "
            "By default what the preset or mapping says, else then.",
        ),
    ] = None,
    quality: Annotated[
        Path | None,
        typer.Option("--quality", metavar="FILE.toml", help="Settings of the soft rules and of the limits."),
    ] = None,
    source: SourceOption = "files",
    known_at: KnownAtOption = None,
    dry_run: DryRunOption = False,
    no_derive: Annotated[
        bool, typer.Option("--no-derive", help="Leave the tables that follow from prices as they are.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take daily prices from files into the historical database.

    A path is a file, a folder or an archive (zip, tar.gz, gz) of CSV files of any delimiter, or of Parquet
    files. Columns are found by their headers, in any order and case, and the choice is shown: date, close
    and any of symbol (ticker, name), open, high, low, volume, adj close, split, dividend and currency. A
    file without a symbol column is named after its symbol. What headers don't say, a preset or a mapping
    file does.

    Rows that break a hard rule are set aside in a file under PROMETHEUS_HOME/rejects: mend their values
    there, and take that file in. Rows that look wrong by a soft rule are stored with a flag. A delivery with
    too much wrong is refused whole; how much that is, --quality says.

    The same files again write nothing. A changed value is a correction: the former one is kept, and
    `prometheus prices SYMBOL DATE` shows both. Splits and dividends come from columns, factor files, or
    the gap between close and adjusted close; adjusted closes are computed where the vendor gives none.
    """
    from prometheus.adapters.price_door import ingest_prices
    from prometheus.adapters.price_files import price_delivery
    from prometheus.store.connections import open_databases

    moment = None if known_at is None else moment_of(known_at)
    settings = settings_from_environment()
    report = ingest_prices(
        open_databases(settings),
        price_delivery(paths, source=source, preset=preset, mapping=mapping),
        market_id=market,
        create=create,
        naming=None if symbols is None else symbols.value,
        quality=None if quality is None else _quality(quality),
        known_at=moment,
        rejects_folder=settings.home / "rejects",
        dry_run=dry_run,
        progress=Bar("prices"),
    )
    derived = {} if no_derive or dry_run else _derived(settings, report)
    if as_json:
        print_json({**_as_object(report), "derived": derived})
    else:
        _show(report, derived)


def _quality(path: Path) -> QualityConfig:
    import tomllib

    from prometheus.domain.market.config import QualityConfig
    from prometheus.kernel.errors import ConfigError

    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"--quality: {path} can't be read: {error}.", remedy="Write a line a key: max_flagged_share = 0.5"
        ) from error
    return QualityConfig.parsed(body, where=path.name)


def _derived(settings: Settings, report: IngestReport) -> Mapping[str, int]:
    """Recompute what follows from the rows that changed; all of it if an earlier run did not come to that."""
    import numpy as np

    from prometheus.bootstrap import derive_changes, derive_if_stale

    bar = Bar("derived")
    if report.first_changed is None or report.last_changed is None:
        return derive_if_stale(settings, report.market_id, progress=bar)
    return derive_changes(
        settings,
        report.market_id,
        first=np.datetime64(report.first_changed, "D"),
        last=np.datetime64(report.last_changed, "D"),
        instruments=report.changed,
        progress=bar,
    )


def _tell_apart(report: IngestReport) -> None:
    """Say on stderr that corrections replaced what other sources had delivered."""
    named = ", ".join(f"{source} {n:,}" for source, n in report.n_corrected_by_source.items())
    complain(
        f"Warning: {sum(report.n_corrected_by_source.values()):,} of {report.n_corrected:,} corrected rows"
        f" came from another source than {report.source} ({named}), e.g. {report.corrected_example}."
    )
    complain("         Two sources of one market never settle: see docs/how-to/bring-your-own-data.md.")


def _as_object(report: IngestReport) -> dict[str, object]:
    return {name: getattr(report, name) for name in report.__slots__}


def _show(report: IngestReport, derived: Mapping[str, int]) -> None:
    for line in report.choice:
        say(line)
    verb = "would be" if report.is_dry_run else "were"
    counts: list[tuple[str, int]] = [
        ("rows read", report.n_rows),
        ("new", report.n_new),
        ("unchanged", report.n_unchanged),
        ("corrected", report.n_corrected),
        *((f"  from {source}", n) for source, n in report.n_corrected_by_source.items()),
        ("flagged", report.n_flagged),
        ("rejected", report.n_rejected),
    ]
    if report.n_repeated:
        counts.append(("repeated", report.n_repeated))
    counts.append(("rows per second", round(report.n_rows / max(report.seconds, 1e-9))))
    kept = " (nothing was kept)" if report.is_dry_run else ""
    say(f"{report.market_id}, {report.first_date} to {report.last_date}{kept}")
    print_table(["", "rows"], counts)
    if report.flagged_by_rule:
        print_table(["flag", "rows"], list(report.flagged_by_rule.items()))
    if report.created:
        say(f"{len(report.created):,} instruments {verb} registered.")
    for batch in report.healed:
        say(f"Batch {batch}, which a crash had cut off, is on record now.")
    if report.n_corrected_by_source:
        _tell_apart(report)
    if report.is_recorded:
        say(f"Decision {report.decision_id}")
    if derived:
        print_table(["derived table", "rows written"], list(derived.items()))
    complain_of(report)
