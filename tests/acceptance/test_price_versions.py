"""Corrections of prices: every version stays, the past reads as before, what follows is recomputed."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derive_changes, derive_market
from prometheus.domain.market.delivery import Delivery
from prometheus.kernel.sessions import sessions_of
from prometheus.store.assets import read_assets
from prometheus.store.connections import connect
from prometheus.store.postgres import PostgresStorage
from tests.deliveries import count_of, seeded_bars, shared
from tests.steps.worlds import stored
from tests.world import settings_at

MARKET = "US_EQ"
COLUMNS = ("open", "high", "low", "close", "adjusted_close", "volume", "split", "dividend")
EARLY, LATE = datetime(2017, 8, 15, 12, tzinfo=UTC), datetime(2018, 2, 8, 12, tzinfo=UTC)


def take(databases, paths, known_at, **options):
    delivery = price_delivery(paths, source="tests")
    return ingest_prices(databases, delivery, market_id=MARKET, create=True, known_at=known_at, **options)


def read_at(databases, moment, first="2012-08-13", last="2018-02-07"):
    """Return the bytes of every price that was known at a moment, instruments named."""
    calendar = sessions_of({"calendar": "XNYS"})
    dates = calendar.dates[calendar.between(np.datetime64(first), np.datetime64(last))]
    with connect(databases.runtime_url) as connection:
        assets = read_assets(connection, market_id=MARKET)
    known_at = np.datetime64(moment.replace(tzinfo=None), "us")
    with PostgresStorage(databases, calendar, market_id=MARKET) as storage:
        found = storage.panels("prices_daily", COLUMNS, assets=assets, dates=dates, known_at=known_at)
    return {
        (instrument, name): found[name][:, place].tobytes()
        for place, instrument in enumerate(assets.ids)
        for name in COLUMNS
        if not np.isnan(found[name][:, place]).all()
    }


def touched(before, after, table):
    """Return the keys of the rows of a table that were written since."""
    return {
        (row["instrument_id"], row["trade_date"])
        for row in map(json.loads, set(after[table]) - set(before[table]))
    }


def test_derived_rows_of_the_window_of_a_correction_are_written_and_no_others(databases, tmp_path):
    bars = seeded_bars(4, 160)
    path, mended = tmp_path / "a.csv", tmp_path / "b.csv"
    bars.write_csv(path)
    take(databases, [path], EARLY)
    settings = settings_at(databases, tmp_path)
    derive_market(settings, MARKET)
    tables = ("returns_daily", "volatility_daily")
    before = stored(databases, tables=tables, versions=True)
    dates = bars["date"].unique().sort().to_list()
    wrong = dates[60]
    is_mended = (pl.col("symbol") == "N1") & (pl.col("date") == wrong)
    bars.with_columns(
        pl.when(is_mended).then(pl.col("close") * 1.001).otherwise("close").alias("close")
    ).filter(pl.col("symbol") == "N1").write_csv(mended)
    report = take(databases, [mended], LATE)
    assert (report.n_corrected, report.changed) == (1, ("US_EQ:N1",))
    assert (report.first_changed, report.last_changed) == (wrong, wrong)
    written = derive_changes(
        settings,
        MARKET,
        first=np.datetime64(wrong),
        last=np.datetime64(wrong),
        instruments=report.changed,
    )
    after = stored(databases, tables=tables, versions=True)
    # A close is an end of the returns of its own day and of those 1, 5 and 21 sessions later. Longer ones
    # that only span it are products that it is in twice: they may move by a rounding.
    returns = touched(before, after, "returns_daily")
    assert {("US_EQ:N1", str(dates[60 + back])) for back in (0, 1, 5, 21)} <= returns
    assert returns <= {("US_EQ:N1", str(day)) for day in dates[60 : 60 + 22]}
    # Its two one-day returns are in the volatilities of 63 sessions, the second one a session longer.
    volatilities = {("US_EQ:N1", str(day)) for day in dates[60 : 60 + 64]}
    assert touched(before, after, "volatility_daily") == volatilities
    assert (written["returns_daily"], written["volatility_daily"]) == (len(returns), 64)


def test_a_read_at_an_earlier_moment_gives_the_same_bytes_before_and_after_corrections(databases, tmp_path):
    bars = seeded_bars(4, 60)
    path = tmp_path / "a.csv"
    bars.write_csv(path)
    take(databases, [path], EARLY)
    before = read_at(databases, EARLY, "2014-01-02", "2014-04-01")
    assert before
    for hour, factor in enumerate((1.01, 0.99, 1.0)):
        bars.with_columns(pl.col("open", "high", "low", "close") * factor).write_csv(path)
        assert take(databases, [path], LATE.replace(hour=13 + hour)).n_corrected == bars.height
        assert read_at(databases, EARLY, "2014-01-02", "2014-04-01") == before
    assert read_at(databases, LATE, "2014-01-02", "2014-04-01") == before


def test_flags_are_of_the_version_that_they_came_with_and_are_no_correction(databases, tmp_path):
    quiet = seeded_bars(4, 90)
    day = quiet["date"].unique().sort()[70]
    spiked = (pl.col("symbol") == "N1") & (pl.col("date") == day)
    names = ("open", "high", "low", "close")
    path = tmp_path / "a.csv"
    quiet.with_columns(
        pl.when(spiked).then(pl.col(name) * 3).otherwise(name).alias(name) for name in names
    ).write_csv(path)
    first = take(databases, [path], EARLY)
    assert first.n_flagged > 0
    flagged = "SELECT count(*) FROM prices_daily WHERE metadata ? 'flags'"
    assert count_of(databases, flagged) == first.n_flagged
    mine = f"{flagged} AND instrument_id = 'US_EQ:N1' AND trade_date = '{day}'"
    assert count_of(databases, mine) == 1
    alone = tmp_path / "alone.csv"
    pl.read_csv(path).filter((pl.col("symbol") == "N1") & (pl.col("date") == str(day))).write_csv(alone)
    assert not take(databases, [alone], LATE).has_changed  # it would get other flags by itself
    quiet.write_csv(path)
    assert take(databases, [path], LATE).n_corrected == 1
    assert count_of(databases, mine) == 0
    kept = "SELECT count(*) FROM prices_daily WHERE metadata -> 'revisions' -> 0 ? 'flags'"
    assert count_of(databases, kept) == 1


def delivery(close, **more):
    row = {
        "file": ["memory"],
        "row": [1],
        "symbol": ["A"],
        "trade_date": [date(2018, 2, 5)],
        "close": [close],
    }
    return Delivery("vendor", pl.DataFrame(row | {name: [value] for name, value in more.items()}), ())


def test_deliveries_that_come_at_once_are_ordered_by_the_time_at_which_they_became_known(databases):
    ingest_prices(databases, delivery(10.0), market_id=MARKET, create=True)

    def deliver(close):
        ingest_prices(databases, delivery(close), market_id=MARKET)

    threads = [threading.Thread(target=deliver, args=(11.0 + i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(databases.historical_url) as historical, connect(databases.runtime_url) as runtime:
        close, metadata = historical.execute("SELECT close, metadata FROM prices_daily").fetchone()
        known = dict(
            runtime.execute(
                "SELECT right(decision_id::text, 12), (input_refs ->> 'known_at')::timestamptz"
                " FROM engine_decisions WHERE engine_name = 'INGEST'"
            ).fetchall()
        )
    revisions = metadata["revisions"]
    assert sorted([close, *(r["close"] for r in revisions)]) == [10.0, *(11.0 + i for i in range(6))]
    untils = [datetime.fromisoformat(r["until"].replace("Z", "+00:00")) for r in revisions]
    assert untils == sorted(untils)
    seen = [known[r["replaced_by"]] for r in revisions]  # a moment after what it replaces was last believed
    both = [moment for pair in zip(untils, seen, strict=True) for moment in pair]
    assert both == sorted(both)


def test_a_bar_is_shown_with_all_its_versions_and_their_deliveries(at_databases, prometheus, tmp_path):
    path = tmp_path / "AAA.csv"
    for close, day in ((11.0, "2018-02-05T23:00Z"), (11.5, "2018-02-07T23:00Z")):
        path.write_text(f"Date,Close\n2018-02-05,{close}\n")
        words = ("--market", MARKET, "--create", "--source", "vendor", "--known-at", day, "--no-derive")
        assert prometheus("ingest", "prices", path, *words).exit_code == 0
    shown = json.loads(prometheus("prices", "AAA", "2018-02-05", "--json").out)
    first, second = shown["versions"]
    assert (first["close"], second["close"]) == (11.0, 11.5)
    assert (first["until"], first["replaced_by"]) == (second["known_at"], second["batch"])
    assert (second["until"], second["source"], second["files"]) == (None, "vendor", ["AAA.csv"])
    assert first["decision_id"].endswith(first["batch"])
    page = prometheus("prices", "US_EQ:AAA", "2018-02-05").out
    assert "11.5" in page
    assert "2018-02-07T23:00:00Z" in page
    words = ("prices", "AAA", "2018-02-05", "--json", "--known-at")
    (then,) = json.loads(prometheus(*words, "2018-02-06T12:00Z").out)["versions"]
    assert then["close"] == 11.0
    assert prometheus(*words, "2018-02-05T12:00Z").exit_code == 2


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("NOPE", "2018-02-05"), 3, "No instrument of US_EQ had the symbol NOPE"),
        (
            ("A", "2018-02-06"),
            2,
            "on 2018-02-06: it has 1 from 2018-02-05 to 2018-02-05; the last one before it is of 2018-02-05.",
        ),
        (("A", "someday"), 2, "'someday' is no date"),
    ],
)
def test_a_bar_that_is_not_there_is_a_named_error(at_databases, prometheus, words, exit_code, said):
    ingest_prices(at_databases, delivery(10.0), market_id=MARKET, create=True)
    refused = prometheus("prices", *words)
    assert refused.exit_code == exit_code
    assert said in refused.err


def test_the_two_vintages_of_the_panel_keep_every_version(databases, tmp_path):
    early = sorted(shared("prices/kaggle_sp500_5yr/vintage_2017-08-15").glob("*.csv"))
    late = shared("prices/kaggle_sp500_5yr/all_stocks_5yr.parquet")
    names = pl.concat([pl.read_csv(path).select("Name") for path in early])["Name"].unique()
    restated = tmp_path / "late.parquet"
    pl.read_parquet(late).filter(pl.col("Name").is_in(names.implode())).write_parquet(restated)
    first = take(databases, early, EARLY)
    settings = settings_at(databases, tmp_path)
    derive_market(settings, MARKET)
    before, rows = read_at(databases, EARLY), stored(databases, tables=("returns_daily",), versions=True)
    second = take(databases, [restated], LATE)
    assert second.n_corrected > 0
    assert read_at(databases, EARLY) == before
    kept = "SELECT count(*) FROM prices_daily WHERE jsonb_array_length(metadata -> 'revisions') = 1"
    assert count_of(databases, kept) == second.n_corrected
    lost = f"SELECT count(*) FROM prices_daily WHERE metadata ->> 'batch' = '{first.batch}'"
    assert count_of(databases, lost) == first.n_new - second.n_corrected
    written = derive_changes(
        settings,
        MARKET,
        first=np.datetime64(second.first_changed),
        last=np.datetime64(second.last_changed),
        instruments=second.changed,
    )
    after = stored(databases, tables=("returns_daily",), versions=True)
    assert len(touched(rows, after, "returns_daily")) == written["returns_daily"]
    with connect(databases.historical_url) as connection:
        moved = {
            (i, str(d))
            for i, d in connection.execute(
                "SELECT DISTINCT r.instrument_id, r.trade_date FROM returns_daily r JOIN prices_daily p"
                " USING (instrument_id) WHERE p.trade_date BETWEEN r.trade_date - 40 AND r.trade_date"
                " AND (p.metadata ? 'revisions' OR p.metadata ->> 'batch' = %s)",
                [second.batch],
            )
        }
    assert touched(rows, after, "returns_daily") <= moved
    again = take(databases, [restated], LATE)
    assert not again.has_changed
    assert derive_market(settings, MARKET) == {}
