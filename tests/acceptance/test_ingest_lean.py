"""QuantConnect Lean's raw bars with factor and map files: returns of adjusted vendors, names by date."""

from __future__ import annotations

import csv
import json
import zipfile
from bisect import bisect_left

import numpy as np
import polars as pl
import pytest

from prometheus.store.connections import connect
from tests.deliveries import count_of, shared

ROWS = (
    "SELECT trade_date::text, adjusted_close, coalesce((metadata ->> 'dividend')::float8, 0) / close"
    " FROM prices_daily WHERE instrument_id = %s ORDER BY 1"
)


@pytest.fixture
def lean(at_databases, prometheus):
    folder = shared("prices/lean_usa_equity")
    words = ("--market", "US_EQ")
    assert prometheus("ingest", "instruments", folder / "map_files", *words).exit_code == 0
    done = prometheus("ingest", "prices", folder, *words, "--preset", "lean", "--create", "--no-derive")
    assert done.exit_code == 0
    return folder


def returns_of(databases, instrument):
    """Return the total returns between stored bars, and the yields of their dividends, by date."""
    with connect(databases.historical_url) as connection:
        days, closes, yields = zip(*connection.execute(ROWS, [instrument]).fetchall(), strict=True)
    returns = np.divide(closes[1:], closes[:-1]) - 1.0
    return dict(zip(days[1:], returns, strict=True)), dict(zip(days, yields, strict=True))


def lean_returns(folder, ticker):
    """Return the returns of raw closes times both factors of the first row on or after the bar's date."""
    with zipfile.ZipFile(folder / "daily" / f"{ticker}.zip") as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    bars = [line.split(",") for line in lines]
    days = [bar[0].split(" ")[0] for bar in bars]
    with (folder / "factor_files" / f"{ticker}.csv").open() as file:
        rows = list(csv.reader(file))
    dates = [row[0] for row in rows]
    adjusted = []
    for day, bar in zip(days, bars, strict=True):
        factors = rows[bisect_left(dates, day)]
        adjusted.append(float(bar[4]) * float(factors[1]) * float(factors[2]))
    isos = [f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in days]
    return dict(zip(isos[1:], np.divide(adjusted[1:], adjusted[:-1]) - 1.0, strict=True))


def test_raw_bars_with_factor_files_give_the_returns_of_adjusted_vendors(lean, at_databases):
    for ticker in ("aapl", "ibm", "spy"):
        ours, yields = returns_of(at_databases, f"US_EQ:{ticker.upper()}")
        theirs = lean_returns(lean, ticker)
        assert ours.keys() == theirs.keys()
        # A factor has seven digits. It takes a dividend off the close before, where CRSP adds it to the close
        # after: a return of r and a yield of y are r * y apart.
        apart = {day: abs(ours[day] - theirs[day]) for day in ours}
        beyond = [day for day in ours if apart[day] > 2e-5 + 1.05 * abs(ours[day]) * yields[day]]
        assert beyond == [], ticker
    archive = shared("prices/quandl_wiki_sample/QUANDL_ARCHIVE.zip")
    with zipfile.ZipFile(archive) as opened:
        (name,) = [n for n in opened.namelist() if n.endswith(".csv")]
        wiki = pl.read_csv(opened.read(name)).filter(pl.col("ticker") == "AAPL").sort("date")
    days, closes = wiki["date"].to_list(), wiki["adj_close"].to_numpy()
    ours, _ = returns_of(at_databases, "US_EQ:AAPL")
    apart = [ours[day] - (b / a - 1.0) for day, a, b in zip(days[1:], closes, closes[1:], strict=False)]
    assert len(apart) > 200
    assert np.median(np.abs(apart)) < 1e-6  # the closes of the two vendors differ by a cent on some days
    assert np.max(np.abs(apart)) < 5e-3


def test_a_split_on_the_day_of_a_renaming_is_taken(lean, at_databases):
    """Google's bars until 2 April 2014 are called goog, those after it googl; it split between them."""
    ours, _ = returns_of(at_databases, "US_EQ:GOOGL")
    assert ours["2014-04-03"] == pytest.approx(2.0 * 571.5 / 1135.1 - 1.0, abs=1e-9)
    assert max(abs(value) for day, value in ours.items() if day > "2009") < 0.2


def test_a_rename_keeps_one_instrument_and_a_symbol_used_again_gives_two(lean, at_databases, prometheus):
    def shown(symbol, day):
        return json.loads(prometheus("prices", symbol, day, "--json").out)

    assert shown("GOOG", "2014-03-28")["instrument_id"] == shown("GOOGL", "2014-04-10")["instrument_id"]
    assert shown("GOOG", "2014-04-10")["instrument_id"] != shown("GOOGL", "2014-04-10")["instrument_id"]
    facebook = shown("FB", "2015-06-11")["instrument_id"]
    days = "SELECT min(trade_date)::text, max(trade_date)::text FROM prices_daily WHERE instrument_id = %s"
    with connect(at_databases.historical_url) as connection:
        named = connection.execute(
            "SELECT DISTINCT instrument_id FROM prices_daily WHERE instrument_id LIKE 'US_EQ:FB%'"
        ).fetchall()
        spans = {name: connection.execute(days, [name]).fetchone() for (name,) in named}
    assert len(spans) == 2
    (older,) = [span for name, span in spans.items() if name != facebook]
    assert older[1] < "2012-05-18" <= spans[facebook][0]


def test_the_same_files_again_change_nothing(lean, at_databases, prometheus):
    words = ("--market", "US_EQ", "--preset", "lean", "--json", "--no-derive")
    again = json.loads(prometheus("ingest", "prices", lean, *words).out)
    assert (again["n_new"], again["n_corrected"], again["is_recorded"]) == (0, 0, False)
    assert again["n_unchanged"] == count_of(at_databases, "SELECT count(*) FROM prices_daily")
