"""Deliveries that come in another order than the one in which they became known."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.domain.market.delivery import Delivery
from prometheus.kernel.errors import RejectedBatchError
from prometheus.kernel.sessions import sessions_of
from prometheus.store.assets import read_assets
from prometheus.store.connections import connect
from prometheus.store.orphans import price_batches_belong_to_an_ingest
from prometheus.store.postgres import PostgresStorage
from prometheus.store.price_checks import price_batches_are_whole
from prometheus.store.price_versions import read_bar

MARKET = "US_EQ"
DAYS = [date(2018, 2, day) for day in (5, 6, 7, 8)]
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = DAYS
NAN = np.nan


def at(day):
    return datetime(2018, 2, day, 22, tzinfo=UTC)


@pytest.fixture
def deliver(databases, tmp_path):
    """Take rows in: symbol, date, close and any of split, dividend and the vendor's adjusted close."""

    def call(day, *rows):
        names = ("close", "split", "dividend", "adjusted_close")
        schema = {"symbol": pl.String, "trade_date": pl.Date} | dict.fromkeys(names, pl.Float64)
        filled = [(*row, None, None, None)[:6] for row in rows]
        frame = pl.DataFrame(filled, schema=schema, orient="row").with_columns(
            pl.lit("memory").alias("file"), pl.int_range(2, len(rows) + 2).alias("row")
        )
        return ingest_prices(
            databases,
            Delivery("vendor", frame, ()),
            market_id=MARKET,
            create=True,
            known_at=at(day),
            rejects_folder=tmp_path / "rejects",
        )

    return call


def read(databases, day, column="close"):
    """Return a column of A as known at a day, None for the present."""
    moment = None if day is None else np.datetime64(at(day).replace(tzinfo=None), "us")
    with connect(databases.runtime_url) as connection:
        assets = read_assets(connection, market_id=MARKET)
    dates = np.array(DAYS, dtype="datetime64[D]")
    with PostgresStorage(databases, sessions_of({"calendar": "XNYS"}), market_id=MARKET) as storage:
        found = storage.panels("prices_daily", [column], assets=assets, dates=dates, known_at=moment)
    return found[column][:, list(assets.ids).index("US_EQ:A")].tolist()


def is_whole(databases):
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        checks = (price_batches_belong_to_an_ingest, price_batches_are_whole)
        return [violation for check in checks for violation in check(runtime, historical)] == []


def test_older_rows_land_with_their_earlier_time_after_an_ordinary_load(databases, deliver):
    deliver(20, ("A", WEDNESDAY, 51.0), ("A", THURSDAY, 52.0))
    back = deliver(10, ("A", MONDAY, 100.0), ("A", TUESDAY, 50.0, 2.0), ("B", MONDAY, 7.0))
    assert (back.n_new, back.n_corrected, back.n_rejected) == (3, 2, 0)
    assert back.is_recorded
    np.testing.assert_array_equal(read(databases, 9), [NAN] * 4)
    np.testing.assert_array_equal(read(databases, 10), [100.0, 50.0, NAN, NAN])
    np.testing.assert_array_equal(read(databases, 10, "adjusted_close"), [100.0, 100.0, NAN, NAN])
    # The adjusted closes that follow are known from when both deliveries were: no moment sees a seam.
    whole = [100.0, 100.0, 102.0, 104.0]
    assert read(databases, 20, "adjusted_close") == read(databases, None, "adjusted_close") == whole
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        bar = read_bar(runtime, historical, "US_EQ:A", WEDNESDAY)
    assert bar.believed_at(at(19)) is None
    assert bar.believed_at(at(20)).values["adjusted_close"] == 102.0
    assert bar.versions[0].until == at(20)
    assert is_whole(databases)


def test_rows_that_contradict_what_became_known_later_are_set_aside_and_the_others_land(databases, deliver):
    deliver(10, ("A", MONDAY, 10.0), ("B", MONDAY, 20.0))
    deliver(20, ("A", MONDAY, 11.0), ("A", WEDNESDAY, 12.0))
    older = deliver(
        15,
        ("A", MONDAY, 10.5),  # corrected by a later delivery
        ("A", TUESDAY, 11.0),  # new
        ("A", WEDNESDAY, 12.5),  # came with a later delivery
        ("B", MONDAY, 20.5),  # corrects an earlier one
    )
    assert (older.n_new, older.n_corrected, older.n_unchanged, older.n_rejected) == (1, 1, 0, 2)
    assert older.rejected_by_rule == {"older_than_stored": 2}
    assert older.is_recorded
    rejects = pl.read_csv(older.rejects_file)
    assert rejects["line"].to_list() == [2, 4]
    assert "became known at 2018-02-15T22:00Z, what is stored at 2018-02-20T22:00Z" in rejects["remedy"][0]
    assert read(databases, None) == pytest.approx([11.0, 11.0, 12.0, NAN], nan_ok=True)
    assert read(databases, 15) == pytest.approx([10.0, 11.0, NAN, NAN], nan_ok=True)
    assert is_whole(databases)


def test_two_vintages_delivered_twice_in_their_order_change_nothing_the_second_time(databases, deliver):
    first = [("A", MONDAY, 10.0), ("A", TUESDAY, 11.0, None, 0.5)]
    second = [("A", MONDAY, 10.0), ("A", TUESDAY, 11.5, None, 0.5), ("A", WEDNESDAY, 12.0)]
    deliver(10, *first)
    deliver(20, *second)
    known = {day: read(databases, day, "adjusted_close") for day in (10, 20, None)}
    again = deliver(10, *first)
    assert (again.n_new, again.n_corrected, again.n_unchanged, again.n_rejected) == (0, 0, 1, 1)
    assert not again.is_recorded
    assert not deliver(20, *second).has_changed
    for day, values in known.items():
        np.testing.assert_array_equal(read(databases, day, "adjusted_close"), values)


def test_a_delivery_of_contradictions_alone_is_an_error(databases, deliver):
    deliver(20, ("A", MONDAY, 10.0))
    with pytest.raises(RejectedBatchError, match="older_than_stored") as error:
        deliver(10, ("A", MONDAY, 11.0))
    assert "leave --known-at out" in error.value.remedy
    assert read(databases, None)[0] == 10.0


def test_a_later_row_that_says_the_same_again_only_follows(databases, deliver):
    rows = [("A", MONDAY, 100.0), ("A", TUESDAY, 50.0, 2.0), ("A", WEDNESDAY, 51.0)]
    deliver(20, rows[2])
    back = deliver(10, *rows)
    assert (back.n_new, back.n_corrected, back.n_rejected) == (2, 1, 0)
    assert read(databases, 20, "adjusted_close")[:3] == [100.0, 100.0, 102.0]


def test_contradictions_leave_no_trace_in_the_adjusted_closes_of_the_others(databases, deliver):
    deliver(20, ("A", TUESDAY, 50.0, None, 1.0), ("A", WEDNESDAY, 50.0))
    back = deliver(10, ("A", MONDAY, 50.0), ("A", TUESDAY, 50.0, None, 5.0))
    assert (back.n_new, back.n_corrected, back.n_rejected) == (1, 2, 1)
    assert read(databases, None, "adjusted_close")[:3] == pytest.approx([50.0, 51.0, 51.0])


def test_a_dividend_that_is_read_from_adjusted_closes_follows_a_past_that_comes_late(databases, deliver):
    deliver(20, ("A", TUESDAY, 50.0, None, None, 50.0), ("A", WEDNESDAY, 50.0, None, None, 50.0))
    back = deliver(10, ("A", MONDAY, 52.0, None, None, 50.0), ("A", TUESDAY, 50.0, None, None, 50.0))
    assert back.n_rejected == 0
    assert read(databases, None, "dividend")[1] == pytest.approx(2.0)
    assert np.isnan(read(databases, 10, "dividend")).all()


def test_a_correction_between_two_others_is_set_aside_whoever_came_first(databases, deliver):
    deliver(20, ("A", WEDNESDAY, 51.0))
    deliver(10, ("A", MONDAY, 100.0), ("A", TUESDAY, 50.0, 2.0))  # WEDNESDAY follows, known since 20
    with pytest.raises(RejectedBatchError, match="older_than_stored"):
        deliver(15, ("A", WEDNESDAY, 53.0))
    assert deliver(21, ("A", WEDNESDAY, 53.0)).n_corrected == 1
    assert deliver(12, ("A", TUESDAY, 50.5, 2.0)).n_rejected == 0
