"""The real prices that packages ship: their facts, and how they are taken in."""

from datetime import date

import polars as pl

from prometheus.adapters.demo_data import demo_deliveries, ingest_demo
from prometheus.store.connections import connect


def test_the_actions_read_from_adjusted_closes_are_those_that_happened() -> None:
    stocks = next(d for d in demo_deliveries() if d.market_id == "US_EQ").delivery.rows
    splits = stocks.drop_nulls("split").sort("symbol", "trade_date").select("symbol", "trade_date", "split")
    assert splits.rows() == [
        ("AAPL", date(2000, 6, 21), 2.0),
        ("AAPL", date(2005, 2, 28), 2.0),
        ("MSFT", date(2003, 2, 18), 2.0),
    ]
    paid = {
        (s, d): v
        for s, d, v in stocks.drop_nulls("dividend").select("symbol", "trade_date", "dividend").rows()
    }
    assert paid["MSFT", date(2004, 11, 15)] == 3.08
    assert paid["AAPL", date(2012, 8, 9)] == 2.65
    assert paid["IBM", date(2013, 2, 6)] == 0.85
    assert sum(symbol == "IBM" for symbol, _ in paid) == 52
    assert {symbol for symbol, _ in paid} == {"AAPL", "IBM", "MSFT"}


def test_all_deliveries_are_whole() -> None:
    found = {d.market_id: d.delivery.rows for d in demo_deliveries()}
    closes = found["US_EQ_ADJ"]
    assert (closes["symbol"].n_unique(), closes.height) == (20, 20 * 8313)
    assert set(closes.columns) == {"file", "row", "symbol", "trade_date", "close"}
    spx = found["US_INDEX"].filter(pl.col("symbol") == "SPX")
    assert spx["trade_date"].n_unique() == spx.height == 8313
    assert found["US_EQ"]["symbol"].n_unique() == 5


def test_the_demo_takes_every_row_in_and_a_second_time_writes_nothing(databases) -> None:
    first = ingest_demo(databases)
    assert [report.n_rejected for report in first] == [0, 0, 0]
    assert all(report.n_new == report.n_rows and report.is_recorded for report in first)
    second = ingest_demo(databases)
    assert not any(report.has_changed or report.is_recorded for report in second)
    with connect(databases.runtime_url) as connection:
        (row,) = connection.execute(
            "SELECT count(*), count(DISTINCT issuer_id), max(created_at) = max(updated_at) FROM instruments"
        ).fetchall()
    assert row == (28, 25, True)
