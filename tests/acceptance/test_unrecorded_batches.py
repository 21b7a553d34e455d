"""A delivery that crashed between its two commits is known to no moment before its healing says when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.kernel.sessions import sessions_of
from prometheus.store.assets import read_assets
from prometheus.store.connections import connect
from prometheus.store.postgres import PostgresStorage
from prometheus.store.price_versions import read_bar
from tests.deliveries import seeded_bars
from tests.steps.worlds import as_owner

MARKET = "US_EQ"
COLUMNS = ("open", "close", "adjusted_close", "volume", "split", "dividend")
BARS = seeded_bars(3, 40)
LAST_DATE = BARS["date"].max()
FORGET = (
    "DELETE FROM engine_decisions WHERE engine_name = 'INGEST'"
    " AND timestamp = (SELECT max(timestamp) FROM engine_decisions WHERE engine_name = 'INGEST')"
)
"""What a crash leaves out: the historical half of the latest delivery is committed, its decision is not."""


@pytest.fixture
def deliver(databases, tmp_path):
    def call(bars):
        path = tmp_path / "bars.csv"
        bars.write_csv(path)
        delivery = price_delivery([path], source="tests")
        return ingest_prices(databases, delivery, market_id=MARKET, create=True)

    return call


def _read(databases, moment):
    sessions = sessions_of({"calendar": "XNYS"})
    first, last = (np.datetime64(BARS["date"].min()), np.datetime64(LAST_DATE))
    dates = sessions.dates[sessions.between(first, last)]
    with connect(databases.runtime_url) as runtime:
        assets = read_assets(runtime, market_id=MARKET)
    at = None if moment is None else np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
    with PostgresStorage(databases, sessions, market_id=MARKET) as storage:
        return storage.panels("prices_daily", COLUMNS, assets=assets, dates=dates, known_at=at)


def _bytes(databases, moment):
    return {name: values.tobytes() for name, values in _read(databases, moment).items()}


def _bar(databases, day):
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        return read_bar(runtime, historical, "US_EQ:N1", day)


def _changed(bars):
    return bars.with_columns(
        pl.when(pl.col("date") == LAST_DATE).then(pl.col("volume") + 1).otherwise("volume")
    )


def test_rows_of_a_crashed_delivery_are_not_known_before_and_after_it_is_healed(databases, deliver):
    early = BARS.filter(pl.col("date") < date(2014, 2, 3))
    deliver(early)
    between = datetime.now(UTC)
    deliver(BARS)
    as_owner(databases, "runtime", FORGET)
    crashed = _bytes(databases, between)
    present = _bytes(databases, None)
    assert _bar(databases, LAST_DATE).believed_at(between) is None

    healed = deliver(BARS)
    assert healed.is_recorded
    assert _bytes(databases, between) == crashed
    assert _bytes(databases, None) == present
    close = _read(databases, between)["close"]
    assert np.isfinite(close).sum() == early.height
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert _bytes(databases, later) == present


def test_a_correction_that_crashed_leaves_what_was_believed_before(databases, deliver):
    deliver(BARS)
    between = datetime.now(UTC)
    before = _bytes(databases, None)
    deliver(_changed(BARS))
    as_owner(databases, "runtime", FORGET)
    assert _bytes(databases, between) == before
    after = datetime.now(UTC)
    assert _bytes(databases, after) == before  # nobody can say yet that the correction was known
    assert _bar(databases, LAST_DATE).believed_at(after).until is not None

    deliver(_changed(BARS))
    assert _bytes(databases, between) == before
    assert _bytes(databases, after) == _bytes(databases, None) != before
    assert _bar(databases, LAST_DATE).believed_at(after).until is None


def test_rows_without_a_batch_stay_known(databases, deliver):
    deliver(BARS)
    as_owner(databases, "historical", "UPDATE prices_daily SET metadata = metadata - 'batch'")
    assert _bytes(databases, datetime(2014, 1, 1, tzinfo=UTC)) == _bytes(databases, None)
