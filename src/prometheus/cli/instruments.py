"""``prometheus instruments``: who is who in a market, and what is stored of whom."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prometheus.cli.dates import day_of
from prometheus.cli.output import JsonOption, print_json, print_table, say
from prometheus.kernel.errors import UnknownInstrumentError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus.store.listings import Bars, Listing

REGISTER = "`prometheus ingest instruments` takes reference files in."

app = typer.Typer()


@app.command()
def instruments(
    symbols: Annotated[
        list[str] | None, typer.Argument(help="Only who has or had these symbols, or instrument ids.")
    ] = None,
    market: Annotated[str, typer.Option("--market", help="The market.")] = "US_EQ",
    on: Annotated[
        str | None, typer.Option("--date", help="Only who was listed that day, under the symbol of then.")
    ] = None,
    index: Annotated[
        str | None, typer.Option("--index", help="Only members of an index, that day or ever.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List instruments: symbols and their dates, issuer, sector, listing, indices and the bars on record.

    A renamed instrument stands once, with all its symbols; a symbol that went from one firm to another
    stands with both. For example the members of an index on a day, and who had a symbol:

        prometheus instruments --index SP500 --date 2013-06-28

        prometheus instruments GOOGL FB
    """
    from prometheus.bootstrap.markets import sessions_of_market
    from prometheus.store.connections import connect, driver_errors, open_databases
    from prometheus.store.listings import bars_of, read_listings

    day = None if on is None else day_of(on, option="--date")
    databases = open_databases(settings_from_environment())
    sessions_of_market(databases, market)  # refuses one that isn't there
    with (
        driver_errors(),
        connect(databases.runtime_url) as runtime,
        connect(databases.historical_url) as historical,
    ):
        known = read_listings(runtime, market)
        _refuse_unknown(known, symbols or [], index, market)
        found = [one for one in known if _is_asked(one, symbols or [], day, index)]
        bars = bars_of(historical, [one.instrument_id for one in found])
    if as_json:
        print_json([_as_object(one, bars.get(one.instrument_id), day) for one in found])
    elif found:
        headings = [
            "instrument",
            "symbols",
            "name",
            "sector",
            "listed",
            "delisted",
            "indices",
            "bars",
            "first",
            "last",
        ]
        print_table(headings, [_line(one, bars, day) for one in found])
        say(f"{len(found):,} of {len(known):,} instruments of {market}.")
    else:
        say("No instrument.")


def _is_asked(one: Listing, symbols: list[str], day: date | None, index: str | None) -> bool:
    from prometheus.domain.reference.spelling import spelled

    names = {one.instrument_id, *(span.name for span in one.symbols if day is None or span.holds(day))}
    if symbols and not any(name in names or spelled(name) in names for name in symbols):
        return False
    if day is not None and not (one.is_listed(day) and _symbol_on(one, day)):
        return False
    return index is None or any(s.name == index and (day is None or s.holds(day)) for s in one.indices)


def _refuse_unknown(known: list[Listing], symbols: list[str], index: str | None, market: str) -> None:
    from prometheus.domain.reference.spelling import spelled

    names = {name for one in known for name in (one.instrument_id, *(span.name for span in one.symbols))}
    strangers = [symbol for symbol in symbols if symbol not in names and spelled(symbol) not in names]
    if strangers:
        raise UnknownInstrumentError(
            f"No instrument of {market} has or had the symbol {', '.join(strangers)}.", remedy=REGISTER
        )
    indices = sorted({span.name for one in known for span in one.indices})
    if index is not None and index not in indices:
        raise UnknownInstrumentError(
            f"No instrument of {market} is known as a member of {index}; indices that are known:"
            f" {', '.join(indices) or 'none'}.",
            remedy="`prometheus ingest instruments MEMBERSHIPS --index ...` adds memberships.",
        )


def _symbol_on(one: Listing, day: date) -> str | None:
    return next((span.name for span in one.symbols if span.holds(day)), None)


def _line(one: Listing, bars: Mapping[str, Bars], day: date | None) -> list[object]:
    stored = bars.get(one.instrument_id)
    return [
        one.instrument_id,
        ", ".join(map(str, one.symbols)) if day is None else _symbol_on(one, day),
        one.name,
        one.sector,
        one.listed,
        one.delisted,
        ", ".join(
            str(span) if day is None else span.name for span in one.indices if day is None or span.holds(day)
        ),
        stored and stored.n,
        stored and stored.first,
        stored and stored.last,
    ]


def _as_object(one: Listing, bars: Bars | None, day: date | None) -> dict[str, Any]:
    return {
        "instrument_id": one.instrument_id,
        "symbol": one.symbol if day is None else _symbol_on(one, day),
        "name": one.name,
        "sector": one.sector,
        "industry": one.industry,
        "asset_class": one.asset_class,
        "currency": one.currency,
        "status": one.status,
        "listed": one.listed,
        "delisted": one.delisted,
        "symbols": [{"symbol": s.name, "first": s.first, "last": s.last} for s in one.symbols],
        "indices": [{"index": s.name, "first": s.first, "last": s.last} for s in one.indices],
        "bars": None if bars is None else {"n": bars.n, "first": bars.first, "last": bars.last},
    }
