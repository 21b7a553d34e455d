"""All derived tables are the same however the prices came: at once, day by day, or in any order of files.

Each delivery is followed by what `prometheus ingest prices` derives from it. Correlation panels are never
taken back: the one of each month that was written last counts.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derive_changes, derive_if_stale, derive_market
from prometheus.store.connections import Databases, connect
from tests.conftest import _clone_numbers
from tests.deliveries import DERIVED, content_of, count_of, seeded_bars, shared
from tests.world import settings_at

MARKET = "US_EQ"
N_NAMES, N_SESSIONS = 40, 540  # exposures are over a year of factors, and momentum over a year before
DAYS_ALONE, DAYS_A_FILE = 25, 30
PANELS = (
    "SELECT DISTINCT ON (end_date) end_date::text, start_date::text, universe_spec, matrix_ref"
    " FROM correlation_panels ORDER BY end_date, created_at DESC"
)


@pytest.fixture(params=["made by a seed", "of the panel"])
def bars(request):
    """Forty names over two years: made by a seed with splits and dividends, or of Kaggle's panel."""
    if request.param == "made by a seed":
        return seeded_bars(N_NAMES, N_SESSIONS)
    panel = pl.read_parquet(shared("prices/kaggle_sp500_5yr/all_stocks_5yr.parquet"))
    names = panel["Name"].unique().sort().gather_every(12)[:N_NAMES]
    days = panel["date"].unique().sort()[300 : 300 + N_SESSIONS]
    chosen = panel.filter(pl.col("Name").is_in(names.implode()) & pl.col("date").is_in(days.implode()))
    return chosen.rename({"Name": "symbol"}).sort("symbol", "date")


@pytest.fixture
def second(templates):
    """Another pair of databases."""
    names = {name: f"{name}_orders_{next(_clone_numbers)}" for name in ("runtime", "historical")}
    templates.execute(*(f"CREATE DATABASE {db} TEMPLATE template_{name}" for name, db in names.items()))
    yield Databases(templates.url(names["runtime"]), templates.url(names["historical"]))
    templates.execute(*(f"DROP DATABASE {db} WITH (FORCE)" for db in names.values()))


def files_of(bars, folder, n_sessions):
    """Return files of so many sessions each, in their order."""
    folder.mkdir()
    days = bars["date"].unique().sort()
    paths = []
    for place in range(0, len(days), n_sessions):
        rows = bars.filter(pl.col("date").is_in(days[place : place + n_sessions].implode()))
        paths.append(folder / f"{place:05}.csv")
        rows.write_csv(paths[-1])
    return paths


def take(databases, folder, path):
    """Take a file in, and derive what follows from it as the command does."""
    settings = settings_at(databases, folder)
    moment = datetime(2020, 1, 2, tzinfo=UTC)
    delivery = price_delivery([path], source="tests")
    report = ingest_prices(databases, delivery, market_id=MARKET, create=True, known_at=moment)
    if report.first_changed is None:
        derive_if_stale(settings, MARKET)
        return
    first, last = (pl.Series([day]).to_numpy()[0] for day in (report.first_changed, report.last_changed))
    derive_changes(settings, MARKET, first=first, last=last, instruments=report.changed)


def everything(databases):
    """Return the digests of the values and of all that is derived from them."""
    with connect(databases.historical_url) as connection:
        panels = connection.execute(PANELS.encode()).fetchall()
    return content_of(databases) | {"correlation_panels": panels}


@pytest.fixture
def whole(databases, bars, tmp_path):
    """What one delivery of everything leaves."""
    path = tmp_path / "whole.csv"
    bars.write_csv(path)
    take(databases, tmp_path, path)
    for table in (*DERIVED, "correlation_panels"):
        assert count_of(databases, f"SELECT count(*) FROM {table}") > 0, table
    return everything(databases)


@pytest.mark.long
def test_days_one_by_one_end_in_what_one_delivery_gives(whole, second, bars, tmp_path):
    days = bars["date"].unique().sort()
    past = tmp_path / "past.csv"
    bars.filter(pl.col("date") < days[-DAYS_ALONE]).write_csv(past)
    take(second, tmp_path, past)
    for path in files_of(bars.filter(pl.col("date") >= days[-DAYS_ALONE]), tmp_path / "days", 1):
        take(second, tmp_path, path)
    assert everything(second) == whole


@pytest.mark.long
def test_files_in_any_order_end_in_what_one_delivery_gives(whole, second, bars, tmp_path):
    paths = files_of(bars, tmp_path / "files", DAYS_A_FILE)
    random.Random(20130208).shuffle(paths)
    for path in paths:
        take(second, tmp_path, path)
    assert everything(second) == whole
    assert derive_market(settings_at(second, tmp_path), MARKET) == {}
