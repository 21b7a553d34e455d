"""``prometheus ingest instruments``: instruments, issuers and index memberships from files."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.ingest.arguments import (
    DryRunOption,
    KnownAtOption,
    MarketOption,
    PathsArgument,
    complain_of,
    moment_of,
)
from prometheus.cli.output import JsonOption, print_json, print_table, say
from prometheus.cli.progress import Bar
from prometheus.kernel.errors import ConfigError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from prometheus.adapters.reference_files.report import InstrumentsReport

app = typer.Typer()
N_SHOWN = 3


class PresetName(StrEnum):
    """What the files are."""

    CONSTITUENTS = "constituents"
    SECURITIES = "securities"
    LISTINGS = "listings"
    MEMBERSHIPS = "memberships"
    LEAN_MAP = "lean-map"


@app.command(short_help="Register instruments, issuers and index memberships.")
def instruments(
    paths: PathsArgument,
    market: MarketOption,
    preset: Annotated[
        PresetName | None, typer.Option("--preset", help="What the files are; by default by their columns.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Who they come from; by default their names.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The day that they describe; by default in their names.")
    ] = None,
    index: Annotated[
        str | None, typer.Option("--index", help="Their index, e.g. SP500; by default in their names.")
    ] = None,
    known_at: KnownAtOption = None,
    dry_run: DryRunOption = False,
    no_derive: Annotated[
        bool, typer.Option("--no-derive", help="Leave the tables that follow from prices as they are.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Register the instruments that files name, with their issuers, symbols and index memberships.

    A table has a column symbol (ticker) and any of name (security), sector, industry, country, headquarters,
    exchange, currency, asset_class, cik, lei, isin, figi, cusip, sedol, listed (first session), delisted
    (first session without trading), added (to the index), index, first and last (day under the symbol),
    instrument_id and issuer_id, under whatever header vendors use; other columns are left out and named.
    Memberships are symbol, start and end, or date, add and remove. Map files of Lean tell of renames.

    Facts have a date: what a file of 2018 says never replaces what a later one says. Statements that differ
    are named; the later-dated holds and the other is kept. A renamed instrument stays one, a reused symbol
    is two. Another asset class or issuer of an instrument has what follows from prices computed again. Rows
    that break a rule are set aside under PROMETHEUS_HOME/rejects; the others are registered.
    The same files again write nothing.
    """
    from prometheus.adapters.instrument_files import ingest_instruments
    from prometheus.bootstrap import derive_if_stale
    from prometheus.store.connections import open_databases

    settings = settings_from_environment()
    report = ingest_instruments(
        open_databases(settings),
        paths,
        market_id=market,
        preset=None if preset is None else preset.value,
        source=source,
        as_of=None if as_of is None else _day(as_of),
        index=index,
        known_at=None if known_at is None else moment_of(known_at),
        rejects_folder=settings.home / "rejects",
        dry_run=dry_run,
    )
    derived: Mapping[str, int] = {}
    if report.n_reclassified and not (no_derive or dry_run):
        derived = derive_if_stale(settings, market, progress=Bar("derived"))
    if as_json:
        print_json(
            {name: getattr(report, name) for name in report.__slots__}
            | {"n_differences": report.n_differences, "derived": derived}
        )
        return
    _show(report)
    if derived:
        print_table(["derived table", "rows written"], list(derived.items()))


def _day(text: str) -> date:
    from prometheus.domain.reference.rules import iso_date

    found = iso_date(text)
    if found is None:
        raise ConfigError(f"--as-of: {text!r} is no date.", remedy="Write it as 2018-02-08.")
    return found


def _show(report: InstrumentsReport) -> None:
    print_table(
        ["file", "taken as", "of", "index", "rows", "columns left out"],
        [[f.name, f.kind, str(f.as_of), f.index, f.n_rows, ", ".join(f.ignored)] for f in report.files],
    )
    for file in report.files:
        for what, count in file.left_out.items():
            say(f"{file.name}: {count:,} {'line' if count == 1 else 'lines'} left out: {what}")
    if any(report.written.values()):
        verb = "would be written" if report.is_dry_run else "written"
        print_table(
            ["table", f"rows {verb}", "of them new"],
            [[table, count, report.n_new.get(table)] for table, count in report.written.items()],
        )
    else:
        say("Nothing new; nothing was written.")
    for field, count in report.n_differences.items():
        say(f"{count:,} statements of {field} differ; the later-dated hold, the others are kept beside them:")
        for one in [d for d in report.differences if d.field == field][:N_SHOWN]:
            held = f"{one.later!r} ({one.later_source})"
            say(f"  {one.symbol}: {held}, not {one.earlier!r} ({one.earlier_source})")
    if report.decision_id is not None:
        say(f"decision {report.decision_id}")
    complain_of(report)
