"""However prices come, at once, day by day, in any order or through the disk, they end in the same rows."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derive_market
from tests.deliveries import content_of, count_of, seeded_bars
from tests.world import settings_at

MARKET = "US_EQ"
N_SESSIONS = 60


def day_files(bars, folder):
    folder.mkdir()
    paths = []
    for (day,), rows in bars.group_by("date", maintain_order=True):
        paths.append(folder / f"{day}.csv")
        rows.write_csv(paths[-1])
    return sorted(paths)


def take(databases, paths, **options):
    moment = datetime(2020, 1, 2, tzinfo=UTC)
    delivery = price_delivery(paths, source="tests")
    return ingest_prices(databases, delivery, market_id=MARKET, create=True, known_at=moment, **options)


@pytest.fixture(scope="module")
def bars():
    return seeded_bars(n_sessions=N_SESSIONS)


@pytest.fixture
def whole(databases, bars, tmp_path):
    """The rows of one delivery of everything, and what is derived from them."""
    path = tmp_path / "whole.csv"
    bars.write_csv(path)
    take(databases, [path])
    derive_market(settings_at(databases, tmp_path), MARKET)
    return content_of(databases)


@pytest.fixture
def second(templates):
    """Another pair of databases."""
    from tests.conftest import Databases, _clone_numbers

    number = next(_clone_numbers)
    names = {name: f"{name}_other_{number}" for name in ("runtime", "historical")}
    templates.execute(*(f"CREATE DATABASE {db} TEMPLATE template_{name}" for name, db in names.items()))
    yield Databases(templates.url(names["runtime"]), templates.url(names["historical"]))
    templates.execute(*(f"DROP DATABASE {db} WITH (FORCE)" for db in names.values()))


@pytest.mark.parametrize("order", ["by day", "shuffled"])
def test_day_by_day_and_in_any_order_ends_in_what_one_delivery_gives(whole, second, bars, tmp_path, order):
    paths = day_files(bars, tmp_path / "days")
    if order == "shuffled":
        random.Random(8).shuffle(paths)
    n_corrected = 0
    for path in paths:
        n_corrected += take(second, [path]).n_corrected
    assert (n_corrected > 0) == (order == "shuffled")  # adjusted closes of ours follow a past that comes late
    derive_market(settings_at(second, tmp_path), MARKET)
    assert content_of(second) == whole


def test_files_of_one_delivery_may_come_in_any_order(whole, second, bars, tmp_path):
    paths = day_files(bars, tmp_path / "days")
    random.Random(9).shuffle(paths)
    first = take(second, paths)
    assert content_of(second, derived=False)["prices_daily"] == whole["prices_daily"]
    path = tmp_path / "again.csv"
    bars.sample(fraction=1.0, shuffle=True, seed=1).write_csv(path)
    again = take(second, [path])
    assert (again.has_changed, again.decision_id) == (False, first.decision_id)


def test_a_delivery_that_waits_on_disk_gives_the_same_rows_and_the_same_decision(
    databases, second, bars, tmp_path
):
    path = tmp_path / "whole.csv"
    bars.write_csv(path)
    in_memory = take(databases, [path])
    folder = tmp_path / "spool"
    on_disk = take(second, [path], rows_in_memory=100, spool_folder=folder)
    assert on_disk.decision_id == in_memory.decision_id
    assert (on_disk.n_new, on_disk.changed) == (in_memory.n_new, in_memory.changed)
    assert content_of(second, derived=False) == content_of(databases, derived=False)
    assert list(folder.iterdir()) == []
    again = take(second, [path], rows_in_memory=50, spool_folder=folder)
    assert (again.n_unchanged, again.decision_id) == (bars.height, in_memory.decision_id)


@pytest.mark.parametrize("order", ["by day", "shuffled"])
def test_actions_that_only_adjusted_closes_say_are_the_same_in_any_order(
    databases, second, bars, tmp_path, order
):
    adjusted = as_a_vendor_adjusts(bars)
    path = tmp_path / "whole.csv"
    adjusted.write_csv(path)
    take(databases, [path])
    n_actions = count_of(databases, "SELECT count(*) FROM prices_daily WHERE metadata ?| '{split,dividend}'")
    assert n_actions == bars.filter(pl.any_horizontal(pl.col("split", "dividend").is_not_null())).height
    paths = day_files(adjusted, tmp_path / "days")
    if order == "shuffled":
        random.Random(8).shuffle(paths)
    for one in paths:
        take(second, [one])
    assert content_of(second, derived=False) == content_of(databases, derived=False)


def as_a_vendor_adjusts(bars):
    """Return the bars with adjusted closes that end at the close, and without their actions."""
    event = pl.col("split").fill_null(1.0) + pl.col("dividend").fill_null(0.0) / pl.col("close")
    is_first = pl.int_range(pl.len()).over("symbol") == 0
    growth = pl.when(is_first).then(1.0).otherwise(event).cum_prod().over("symbol")
    adjusted = bars.with_columns((pl.col("close") * growth / growth.last().over("symbol")).alias("adj close"))
    return adjusted.drop("split", "dividend")


def test_a_delivery_that_waits_on_disk_may_spell_a_class_of_shares_in_two_ways(databases, bars, tmp_path):
    one = bars.filter(pl.col("symbol") == bars["symbol"][0]).drop("split", "dividend")
    spelling = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("BRK-B")).otherwise(pl.lit("BRK.B"))
    path = tmp_path / "classes.csv"
    pl.concat([bars.drop("split", "dividend"), one.with_columns(spelling.alias("symbol"))]).write_csv(path)
    report = take(databases, [path], rows_in_memory=100, spool_folder=tmp_path / "spool")
    assert (report.n_new, report.n_rejected) == (bars.height + one.height, 0)
    n_rows = count_of(databases, "SELECT count(*) FROM prices_daily WHERE instrument_id = 'US_EQ:BRK.B'")
    assert n_rows == one.height
