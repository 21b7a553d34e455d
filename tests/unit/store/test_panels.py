"""Prices as they are, and as they were believed at any moment."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.domain.market.delivery import Delivery
from prometheus.flow.batch import Assets
from prometheus.kernel.arrays import FloatArray
from prometheus.kernel.sessions import sessions_of
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect
from prometheus.store.postgres import PostgresStorage

DAYS = [date(2013, 1, 7), date(2013, 1, 8), date(2013, 1, 9), date(2013, 1, 10)]
DATES = np.array(DAYS, dtype="datetime64[D]")
FIRST, SECOND, THIRD = (datetime(2013, month, 1, 12, tzinfo=UTC) for month in (2, 3, 4))
NAN = np.nan


def deliver(databases: Databases, known_at: datetime, **closes: list[float | None]) -> None:
    """Deliver closes of instruments on DAYS; None where there is no row. BBB pays when it is delivered."""
    rows = [
        {
            "symbol": symbol,
            "trade_date": day,
            "close": close,
            "dividend": 0.25 if symbol == "BBB" and k == 1 else None,
        }
        for symbol, values in closes.items()
        for k, (day, close) in enumerate(zip(DAYS, values, strict=True))
        if close is not None
    ]
    frame = pl.DataFrame(rows, schema_overrides={"dividend": pl.Float64}).with_columns(
        pl.lit("test").alias("file"), pl.int_range(1, len(rows) + 1, dtype=pl.UInt32).alias("row")
    )
    ingest_prices(databases, Delivery("test", frame, ()), market_id="US_EQ", create=True, known_at=known_at)


@pytest.fixture
def corrected(databases: Databases) -> Databases:
    """AAA is corrected twice on its second day and completed late; BBB comes with the second delivery."""
    deliver(databases, FIRST, AAA=[10.0, 11.0, 12.0, None])
    deliver(databases, SECOND, AAA=[10.0, 11.5, 12.0, None], BBB=[None, 21.0, 22.0, 23.0])
    deliver(databases, THIRD, AAA=[10.0, 11.75, 12.0, 13.0])
    return databases


def assets(databases: Databases) -> Assets:
    with connect(databases.runtime_url) as connection:
        return read_assets(connection, market_id="US_EQ")


def panel(databases: Databases, column: str, known_at: datetime | None) -> FloatArray:
    moment = None if known_at is None else np.datetime64(known_at.replace(tzinfo=None), "us")
    with PostgresStorage(databases, sessions_of({"calendar": "XNYS"}), market_id="US_EQ") as storage:
        found = storage.panels(
            "prices_daily", [column], assets=assets(databases), dates=DATES, known_at=moment
        )
    return found[column]


def test_the_present_state_is_read_without_a_moment(corrected: Databases) -> None:
    expected = [[10.0, NAN], [11.75, 21.0], [12.0, 22.0], [13.0, 23.0]]
    np.testing.assert_array_equal(panel(corrected, "close", None), expected)


@pytest.mark.parametrize(
    ("known_at", "aaa", "bbb"),
    [
        (datetime(2013, 1, 31, tzinfo=UTC), [NAN, NAN, NAN, NAN], [NAN] * 4),
        (FIRST, [10.0, 11.0, 12.0, NAN], [NAN] * 4),
        (datetime(2013, 2, 15, tzinfo=UTC), [10.0, 11.0, 12.0, NAN], [NAN] * 4),
        (SECOND, [10.0, 11.5, 12.0, NAN], [NAN, 21.0, 22.0, 23.0]),
        (datetime(2013, 3, 31, tzinfo=UTC), [10.0, 11.5, 12.0, NAN], [NAN, 21.0, 22.0, 23.0]),
        (THIRD, [10.0, 11.75, 12.0, 13.0], [NAN, 21.0, 22.0, 23.0]),
    ],
)
def test_prices_are_read_as_they_were_believed(
    corrected: Databases, known_at: datetime, aaa: list[float], bbb: list[float]
) -> None:
    found = panel(corrected, "close", known_at)
    np.testing.assert_array_equal(found, np.column_stack([aaa, bbb]))


def test_dividends_are_read_like_a_column_and_known_like_one(corrected: Databases) -> None:
    assert panel(corrected, "dividend", None)[:, 1].tolist()[1] == 0.25
    assert np.isnan(panel(corrected, "dividend", FIRST)).all()
    assert panel(corrected, "dividend", SECOND)[1, 1] == 0.25


def test_columns_that_were_not_delivered_are_nan(corrected: Databases) -> None:
    assert np.isnan(panel(corrected, "open", None)).all()
    assert np.isnan(panel(corrected, "volume", SECOND)).all()


def test_instruments_of_other_markets_and_dates_outside_stay_out(corrected: Databases) -> None:
    with PostgresStorage(corrected, sessions_of({"calendar": "XNYS"}), market_id="US_EQ") as storage:
        early = storage.panels(
            "prices_daily", ["close"], assets=assets(corrected), dates=DATES[:1] - 700, known_at=None
        )
    assert np.isnan(early["close"]).all()
