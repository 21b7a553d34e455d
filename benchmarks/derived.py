"""Derived tables: all of them from the stored prices, beside a plain COPY of the rows that came out.

Ours begins with stored prices and ends when the DERIVE decisions are committed: reading, digests, returns,
volatilities, factors, exposures, correlations with their artifacts, and every row stored. The plain COPY
takes the very rows into the same tables, empty, with their keys and checks, one table after the other.

One more session: its prices are new, everything before it is derived. Of several sessions in a row, one ends
a week and one a month, so that exposures and correlations are among them; the slowest counts.
"""

from __future__ import annotations

import numpy as np

from benchmarks import plain_copy
from benchmarks.clock import timed
from benchmarks.figure import Figure, Report, at_most, beside, seconds
from benchmarks.place import MARKET, Place, name_in
from prometheus.bootstrap import derived_tables, sessions_of_market
from prometheus.flow.affected import Change
from prometheus.kernel.arrays import DateArray
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect
from prometheus.store.ledger import price_span

MOST = 1.5
MOST_SECONDS = 1.0
N_SESSIONS = 6
TABLES = (
    "returns_daily",
    "volatility_daily",
    "factors_daily",
    "instrument_factors_daily",
    "correlation_panels",
)


def derived(place: Place, repeats: int) -> Report:
    """Measure the derivation of the whole panel, and of single sessions."""
    filled, _ = place.filled()
    ours: list[float] = []
    limits: list[float] = []
    n_rows: dict[str, int] = {}
    for _ in range(repeats):
        with place.clone("empty_runtime") as runtime, place.clone(name_in(filled.historical_url)) as prices:
            databases = Databases(runtime, prices)
            _forget(databases)
            _take_over(filled, databases)
            place.checkpoint()
            settings = place.settings(databases)
            took, counts = timed(lambda: derived_tables(settings, MARKET))  # noqa: B023
            ours.append(took)
            rows = plain_copy.copied_out(prices, TABLES, layout="text")
            n_rows = {table: found.n_new for table, found in counts.items()}
        with place.clone("empty_historical") as url:
            place.checkpoint()
            limits.append(plain_copy.seconds_in(url, rows, layout="text"))
            stored = plain_copy.n_rows(url, TABLES)
            assert stored == n_rows, f"plain COPY stored {stored}, derivation {n_rows}"
    singles = _single_sessions(place)
    slowest = max(singles.values())
    total = sum(n_rows.values())
    return Report(
        "derived",
        "Derived tables",
        (
            beside(f"{total:,} derived rows", min(ours), "plain COPY", min(limits), most=MOST),
            at_most("one more session, derived and stored", slowest, MOST_SECONDS),
            Figure("the same, on an ordinary day", seconds(min(singles.values()))),
        ),
        (
            "Rows: " + ", ".join(f"{table} {n:,}" for table, n in sorted(n_rows.items())) + ".",
            "Single sessions: " + ", ".join(f"{day} {seconds(took)}" for day, took in singles.items()) + ".",
            f"Best of {repeats}.",
        ),
    )


def _single_sessions(place: Place) -> dict[str, float]:
    """Derive the last sessions one by one, after everything before them."""
    filled, _ = place.filled()
    with (
        place.clone(name_in(filled.runtime_url)) as runtime,
        place.clone(name_in(filled.historical_url)) as prices,
    ):
        databases = Databases(runtime, prices)
        sessions = sessions_of_market(databases, MARKET)
        dates = _around_a_month_end(databases)
        _forget(databases, since=dates[0])
        place.checkpoint()
        settings = place.settings(databases)
        out = {}
        for date in dates:
            day = sessions.index(date)
            took, counts = timed(
                lambda date=date, day=day: derived_tables(  # type: ignore[misc]
                    settings, MARKET, last=date, changes=[Change(day, day)]
                )
            )
            assert counts["returns_daily"].n_new > 0
            out[str(date)] = took
        return out


def _around_a_month_end(databases: Databases) -> DateArray:
    """Return sessions in a row, the last one of a month and the last one of a week among them."""
    sessions = sessions_of_market(databases, MARKET)
    with connect(databases.runtime_url) as runtime:
        ids = read_assets(runtime, market_id=MARKET).ids
    with connect(databases.historical_url) as historical:
        span = price_span(historical, ids)
    assert span is not None
    days = sessions.between(*span)
    end = int(sessions.rebalances(days, frequency="monthly")[-1])
    chosen: DateArray = sessions.dates[end - 1 : end - 1 + N_SESSIONS]
    return chosen[chosen <= span[1]]


def _forget(databases: Databases, *, since: np.datetime64 | None = None) -> None:
    """Empty the derived tables, from a date on; the space is given back."""
    with connect(databases.historical_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in TABLES:
            column = "end_date" if table == "correlation_panels" else "trade_date"
            if since is None:
                connection.execute(f"TRUNCATE {table}".encode())
            else:
                connection.execute(f"DELETE FROM {table} WHERE {column} >= '{since}'".encode())
        connection.execute("VACUUM ANALYZE")


def _take_over(source: Databases, target: Databases) -> None:
    """Copy the market and its instruments into a runtime database without decisions."""
    tables = ("markets", "issuers", "instruments")
    raw = plain_copy.copied_out(source.runtime_url, tables, layout="text")
    plain_copy.seconds_in(target.runtime_url, raw, layout="text")
