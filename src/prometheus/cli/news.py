"""``prometheus news``: articles as they were known, with the instruments they are linked to and why."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prometheus.cli.dates import day_of
from prometheus.cli.ingest.arguments import moment_of
from prometheus.cli.output import JsonOption, print_json, print_table, say
from prometheus.kernel.errors import UnknownInstrumentError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from prometheus.store.connections import Databases
    from prometheus.store.news import Held

EARLIEST, LATEST = date(1800, 1, 1), date(2199, 12, 31)

app = typer.Typer()


@app.command()
def news(
    symbol: Annotated[
        str | None,
        typer.Argument(help="Only articles linked to whoever had it at their dates; or an instrument id."),
    ] = None,
    market: Annotated[str, typer.Option("--market", help="The market of the symbol.")] = "US_EQ",
    since: Annotated[str | None, typer.Option("--from", help="First day, e.g. 2020-07-01.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day.")] = None,
    known_at: Annotated[
        str | None, typer.Option("--known-at", help="Only what was known then, e.g. 2020-07-17T22:00Z.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--date", help="Take the symbol for whoever had it on this day.")
    ] = None,
    n_latest: Annotated[int, typer.Option("--latest", min=1, help="At most so many, the latest.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show articles: when they were published and first seen, whom they link to, and how that was found.

    A symbol is its holder's at each article's date: of a ticker that went from one firm to another, older
    articles are the one's and later ones the other's. With --date all are of the firm that had it that day.
    With --known-at links are those of that moment, too.
    """
    from prometheus.adapters.news_door import CONTEXT_ID
    from prometheus.store.connections import connect, driver_errors, open_databases
    from prometheus.store.news import read_news
    from prometheus.store.news_changes import link_changes
    from prometheus.store.unrecorded import recorded_batches

    first, last = _day("--from", since, EARLIEST), _day("--to", until, LATEST)
    moment = None if known_at is None else moment_of(known_at)
    databases = open_databases(settings_from_environment())
    day = None if on is None else _day("--date", on, LATEST)
    held = None if symbol is None else _holders(databases, market, symbol, day)
    with (
        driver_errors(),
        connect(databases.runtime_url) as runtime,
        connect(databases.historical_url) as historical,
    ):
        found = read_news(
            historical,
            first=first,
            last=last,
            known_at=moment,
            held=held,
            changes=link_changes(runtime, CONTEXT_ID, moment),
            n_latest=n_latest,
            recorded=None if moment is None else recorded_batches(runtime),
        )
    articles = [{**row, "evidence": json.loads(row["evidence"])} for row in found.iter_rows(named=True)]
    if as_json:
        print_json(articles)
    elif articles:
        print_table(
            ["published (UTC)", "first seen", "source", "headline", "linked to", "found by"],
            [_line(article) for article in articles],
        )
    else:
        say("No article.")


def _holders(databases: Databases, market: str, symbol: str, on: date | None) -> list[Held]:
    """Return who had a symbol when, or on one day."""
    from prometheus.adapters.news_listings import holders_of
    from prometheus.store.connections import connect, driver_errors
    from prometheus.store.news import Held

    with driver_errors(), connect(databases.runtime_url) as runtime:
        held = holders_of(runtime, market, symbol)
    if not held:
        raise UnknownInstrumentError(
            f"No instrument of {market} has or had the symbol {symbol}.",
            remedy="Give the instrument's id, or another --market.",
        )
    if on is None:
        return held
    then = [one for one in held if (one.first or on) <= on <= (one.last or on)]
    if len({one.instrument_id for one in then}) != 1:
        known = ", ".join(
            f"{one.instrument_id} from {one.first or 'the beginning'} to {one.last or 'now'}" for one in held
        )
        raise UnknownInstrumentError(
            f"On {on} not one instrument of {market} is known to have the symbol {symbol}, but {len(then)}.",
            remedy=f"Known are: {known}. Give another --date, or an instrument's id.",
        )
    return [Held(then[0].instrument_id)]


def _line(article: dict[str, Any]) -> list[object]:
    said = dict.fromkeys(f"{link['how']}: {link['found']}" for link in article["evidence"])
    shown = "%Y-%m-%d" if article["time_precision"] == "day" else "%Y-%m-%d %H:%M"
    return [
        f"{article['timestamp']:{shown}}",
        f"{article['first_seen']:%Y-%m-%d %H:%M}",
        article["source"],
        article["headline"],
        ", ".join(article["instrument_ids"]),
        ", ".join(said),
    ]


def _day(option: str, text: str | None, otherwise: date) -> date:
    return otherwise if text is None else day_of(text, option=option)
