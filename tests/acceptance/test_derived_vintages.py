"""Two vintages of one panel: of each derived table exactly the rows that differ are written, and counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from prometheus.adapters.ingest_report import IngestReport
from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derived_tables, sessions_of_market
from prometheus.flow.affected import Change
from prometheus.store.connections import Databases, connect
from tests.deliveries import count_of, shared
from tests.steps.worlds import as_owner, stored
from tests.world import settings_at

MARKET = "US_EQ"
KEYS = {
    "returns_daily": ("instrument_id", "trade_date"),
    "volatility_daily": ("instrument_id", "trade_date"),
    "factors_daily": ("factor_id", "trade_date"),
    "instrument_factors_daily": ("instrument_id", "factor_id", "trade_date"),
}
PANELS = "correlation_panels"
TABLES = (*KEYS, PANELS)
EARLY, LATE = datetime(2017, 8, 15, 12, tzinfo=UTC), datetime(2018, 2, 8, 12, tzinfo=UTC)
Rows = dict[tuple[str, ...], dict[str, object]]


def take(databases: Databases, paths: list[Path], known_at: datetime) -> IngestReport:
    delivery = price_delivery(paths, source="tests")
    return ingest_prices(databases, delivery, market_id=MARKET, create=True, known_at=known_at)


def rows_of(databases: Databases, *, versions: bool = False) -> dict[str, Rows]:
    """Return the rows of the tables that are replaced, by key."""
    found = stored(databases, tables=tuple(KEYS), versions=versions)
    out: dict[str, Rows] = {}
    for table, key in KEYS.items():
        rows = [json.loads(text) for text in found[table]]
        out[table] = {tuple(str(row[name]) for name in key): row for row in rows}
    return out


def panels_of(databases: Databases) -> dict[str, tuple[str, str]]:
    """Return the content of the panel that counts, by session."""
    with connect(databases.historical_url) as connection:
        found = connection.execute(
            "SELECT end_date::text, split_part(panel_id, '/', 1), matrix_ref FROM correlation_panels"
            " ORDER BY created_at, panel_id"
        ).fetchall()
    return {end: (content, ref) for end, content, ref in found}


def derived_from_nothing(databases: Databases, home: Path) -> None:
    as_owner(databases, "historical", *(f"TRUNCATE {table}" for table in TABLES))
    as_owner(databases, "runtime", "DELETE FROM engine_decisions WHERE engine_name = 'DERIVE'")
    derived_tables(settings_at(databases, home), MARKET)


def returns_by_pandas(databases: Databases) -> dict[str, pd.DataFrame]:
    """Return the returns over 1, 5 and 21 sessions; the panel comes without splits and dividends."""
    with connect(databases.historical_url) as connection:
        found = connection.execute(
            "SELECT trade_date, instrument_id, adjusted_close FROM prices_daily"
        ).fetchall()
    prices = pd.DataFrame(found, columns=["date", "name", "close"]).pivot(
        index="date", columns="name", values="close"
    )
    sessions = sessions_of_market(databases, MARKET)
    dates = sessions.dates[sessions.between(np.datetime64(prices.index[0]), np.datetime64(prices.index[-1]))]
    prices = prices.reindex([date.item() for date in dates])
    return {f"ret_{k}d": prices / prices.shift(k) - 1.0 for k in (1, 5, 21)}


def moved(before: pd.DataFrame, after: pd.DataFrame) -> set[tuple[str, str]]:
    """Return where two panels differ by more than a rounding."""
    old = before.reindex(index=after.index, columns=after.columns)
    is_other = ((old - after).abs() > 1e-12) | (old.isna() != after.isna())
    day, name = np.nonzero(is_other.to_numpy())
    return {(str(after.columns[n]), str(after.index[d])) for d, n in zip(day, name, strict=True)}


def test_the_second_vintage_writes_the_rows_that_differ_in_each_table_and_no_others(
    databases: Databases, home: Path, tmp_path: Path
) -> None:
    early = sorted(shared("prices/kaggle_sp500_5yr/vintage_2017-08-15").glob("*.csv"))
    late = pl.read_parquet(shared("prices/kaggle_sp500_5yr/all_stocks_5yr.parquet"))
    names = pl.concat([pl.read_csv(path).select("Name") for path in early])["Name"].unique()
    restated = tmp_path / "late.parquet"
    late.filter(pl.col("Name").is_in(names.implode())).write_parquet(restated)
    settings = settings_at(databases, home)
    take(databases, early, EARLY)
    derived_tables(settings, MARKET)
    before, panels_before = rows_of(databases), panels_of(databases)
    versions = rows_of(databases, versions=True)
    old = returns_by_pandas(databases)

    report = take(databases, [restated], LATE)
    assert report.n_corrected > 0
    assert report.first_changed is not None
    assert report.last_changed is not None
    sessions = sessions_of_market(databases, MARKET)
    places = sessions.between(np.datetime64(report.first_changed), np.datetime64(report.last_changed))
    change = Change(int(places[0]), int(places[-1]), frozenset(report.changed))
    counts = derived_tables(settings, MARKET, changes=[change])
    after, panels_after = rows_of(databases), panels_of(databases)
    written = {
        table: {key for key, row in rows.items() if versions[table].get(key) != row}
        for table, rows in rows_of(databases, versions=True).items()
    }
    new = returns_by_pandas(databases)

    derived_from_nothing(databases, home)
    expected, expected_panels = rows_of(databases), panels_of(databases)
    assert after == expected
    assert panels_after == expected_panels
    assert all(written.values())
    # Half of the bars are restated to the tenth of a cent: no window of exposures is without one.
    for table in ("returns_daily", "volatility_daily", "factors_daily"):
        assert written[table] < set(expected[table])
    for table, rows in expected.items():
        differ = {key for key, row in rows.items() if before[table].get(key) != row}
        gone = set(before[table]) - set(rows)
        assert written[table] == differ, table
        found = counts[table]
        assert (found.n_new + found.n_changed, found.n_removed) == (len(differ), len(gone)), table
        assert found.n_new == len(differ - set(before[table])), table
    differ_panels = [end for end, one in expected_panels.items() if panels_before.get(end) != one]
    assert counts[PANELS].n_new == len(differ_panels) > 0

    # What was computed lies within the reach of the changed bars: counted by the sessions after them.
    reach = {"returns_daily": 21, "volatility_daily": 21 + 62}
    for table, n in reach.items():
        first = str(report.first_changed)
        last = str(sessions.dates[min(int(places[-1]) + n, len(sessions.dates) - 1)])
        named = "'{" + ",".join(report.changed) + "}'"
        query = (
            f"SELECT count(*) FROM {table} WHERE trade_date BETWEEN '{first}' AND '{last}'"
            f" AND instrument_id = ANY({named})"
        )
        one = counts[table]
        assert one.n_new + one.n_changed + one.n_same == count_of(databases, query)

    # Returns that differ by more than a rounding are all written, and nothing but roundings besides.
    by_pandas = set.union(*(moved(old[name], new[name]) for name in new))
    with_row = {key for key in by_pandas if key in expected["returns_daily"]}
    assert with_row <= written["returns_daily"]
    for key in written["returns_daily"] - with_row:
        was, now = before["returns_daily"][key], expected["returns_daily"][key]
        assert all(abs(float(str(was[name])) - float(str(now[name]))) < 1e-12 for name in new if now[name])
    assert {name for name, _ in written["returns_daily"]} <= set(report.changed)
