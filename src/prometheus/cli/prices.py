"""``prometheus prices``: a bar with all its versions."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prometheus.cli.dates import day_of
from prometheus.cli.ingest.arguments import moment_of
from prometheus.cli.output import JsonOption, print_json, print_table, say
from prometheus.kernel.errors import DateOutsideDataError, UnknownInstrumentError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from prometheus.store.connections import Databases
    from prometheus.store.price_versions import Bar, BarsAround, BarVersion

N_FILES = 3

app = typer.Typer()


@app.command()
def prices(
    symbol: Annotated[str, typer.Argument(help="Symbol on that date, or an instrument id.")],
    day: Annotated[str, typer.Argument(metavar="DATE", help="The session, e.g. 2015-06-09.")],
    market: Annotated[str, typer.Option("--market", help="The market.")] = "US_EQ",
    known_at: Annotated[
        str | None, typer.Option("--known-at", help="Only what was believed then, e.g. 2018-02-08T22:00Z.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show a bar with all its versions: the values, when each was believed, and the delivery it came from."""
    from prometheus.store.connections import open_databases

    trade_date = day_of(day)
    moment = None if known_at is None else moment_of(known_at)
    bar = _bar(open_databases(settings_from_environment()), market, symbol, trade_date)
    if moment is not None:
        believed = bar.believed_at(moment)
        if believed is None:
            raise DateOutsideDataError(
                f"The bar of {bar.instrument_id} on {trade_date} was not known at {moment.isoformat()}.",
                remedy="Leave --known-at out to see when it became known.",
            )
        versions: tuple[BarVersion, ...] = (believed,)
    else:
        versions = bar.versions
    if as_json:
        print_json(_as_object(bar, versions))
    else:
        _show(bar, versions)


def _bar(databases: Databases, market: str, symbol: str, trade_date: date) -> Bar:
    from prometheus.adapters.price_naming import instrument_on
    from prometheus.store.connections import connect, driver_errors
    from prometheus.store.price_versions import bars_around, read_bar

    with (
        driver_errors(),
        connect(databases.runtime_url) as runtime,
        connect(databases.historical_url) as historical,
    ):
        instrument = instrument_on(runtime, market, symbol, trade_date)
        if instrument is None:
            raise UnknownInstrumentError(
                f"No instrument of {market} had the symbol {symbol} on {trade_date}.",
                remedy="Give the instrument's id, or another --market.",
            )
        bar = read_bar(runtime, historical, instrument, trade_date)
        if bar is None:
            others = bars_around(historical, instrument, trade_date)
            raise DateOutsideDataError(
                f"{instrument} has no bar on {trade_date}: {_said(others)}.",
                remedy="Choose a session that has been delivered.",
            )
    return bar


def _said(others: BarsAround) -> str:
    if not others.n_bars:
        return "it has none at all"
    sides = [f"the last one before it is of {others.before}"] if others.before else []
    sides += [f"the next one is of {others.after}"] if others.after else []
    return f"it has {others.n_bars:,} from {others.first} to {others.last}; {', '.join(sides)}"


def _show(bar: Bar, versions: tuple[BarVersion, ...]) -> None:
    from prometheus.store.price_versions import FIELDS

    names = [name for name in FIELDS if any(version.values[name] is not None for version in versions)]
    headings = [*(name.replace("_", " ") for name in names), "known at", "until", "batch", "source", "files"]
    rows = [
        [
            *(_number(version.values[name]) for name in names),
            _moment(version.delivered.known_at),
            _moment(version.until),
            version.delivered.batch,
            version.delivered.source,
            _files(version.delivered.files),
        ]
        for version in versions
    ]
    print_table(headings, rows, title=f"{bar.instrument_id}, {bar.trade_date}, {bar.currency}")
    for number, version in enumerate(versions, 1):
        if version.flags:
            say(f"Version {number} was flagged: {', '.join(version.flags)}.")


def _as_object(bar: Bar, versions: tuple[BarVersion, ...]) -> dict[str, Any]:
    return {
        "instrument_id": bar.instrument_id,
        "trade_date": str(bar.trade_date),
        "currency": bar.currency,
        "versions": [
            {
                **version.values,
                "flags": list(version.flags),
                "until": _moment(version.until),
                "replaced_by": version.replaced_by,
                "batch": version.delivered.batch,
                "decision_id": version.delivered.decision_id,
                "known_at": _moment(version.delivered.known_at),
                "source": version.delivered.source,
                "files": list(version.delivered.files),
            }
            for version in versions
        ],
    }


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.15g}"


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _files(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - N_FILES:,} more" if len(names) > N_FILES else ""
    return ", ".join(names[:N_FILES]) + more
