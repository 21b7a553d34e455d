"""What yfinance writes of several tickers goes in at the command line, and so does what of it was mended."""

from __future__ import annotations

import json

import polars as pl
import pytest

from prometheus.store.connections import connect

pytestmark = pytest.mark.parametrize("server", ["embedded"], indirect=True)

BY_FIELD = """\
Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume
Ticker,AAPL,MSFT,AAPL,MSFT,AAPL,MSFT,AAPL,MSFT,AAPL,MSFT
Date,,,,,,,,,,
2018-02-05,39.12,,40.97,,39.00,,39.78,,290954000,
2018-02-06,40.76,91.33,40.93,91.48,38.50,85.25,38.71,86.89,272975200,67998600
2018-02-07,39.89,x,40.85,91.77,39.77,89.20,40.77,90.49,206434400,41107600
"""
BY_TICKER = """\
Ticker,AAPL,AAPL,AAPL,AAPL,AAPL,MSFT,MSFT,MSFT,MSFT,MSFT
Price,Open,High,Low,Close,Volume,Open,High,Low,Close,Volume
Date,,,,,,,,,,
2018-02-05,39.78,40.97,39.00,39.12,290954000,,,,,
2018-02-06,38.71,40.93,38.50,40.76,272975200,86.89,91.48,85.25,91.33,67998600
2018-02-07,40.77,40.85,39.77,39.89,206434400,90.49,91.77,89.20,x,41107600
"""
CLOSES = [
    ("US_EQ:AAPL", "2018-02-05", 39.12),
    ("US_EQ:AAPL", "2018-02-06", 40.76),
    ("US_EQ:AAPL", "2018-02-07", 39.89),
    ("US_EQ:MSFT", "2018-02-06", 91.33),
]


@pytest.fixture
def ingest(at_databases, prometheus):
    def call(path, *words):
        words = ("--market", "US_EQ", "--no-derive", "--create", "--json", *words)
        done = prometheus("ingest", "prices", path, *words)
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


@pytest.fixture
def closes(at_databases):
    def call():
        with connect(at_databases.historical_url) as connection:
            return connection.execute(
                "SELECT instrument_id, trade_date::text, close FROM prices_daily ORDER BY 1, 2"
            ).fetchall()

    return call


@pytest.mark.parametrize("text", [BY_FIELD, BY_TICKER])
@pytest.mark.parametrize("words", [(), ("--preset", "yfinance")])
def test_tickers_side_by_side_go_in_and_a_broken_cell_is_mended_alone(ingest, closes, tmp_path, text, words):
    path = tmp_path / "bars.csv"
    path.write_text(text)
    report = ingest(path, *words)
    assert (report["n_rows"], report["n_new"], report["n_rejected"]) == (5, 4, 1)
    assert closes() == CLOSES
    assert "preset yfinance" in report["choice"][0]
    assert "'Ticker' → symbol" in report["choice"][0]
    assert "2 tickers side by side: AAPL, MSFT" in report["choice"][0]
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    said = ("file", "line", "field", "found", "rule", "symbol", "date", "open")
    assert rejects.select(said).rows() == [
        ("bars.csv!MSFT", "6", "close", "x", "unparsable_number", "MSFT", "2018-02-07", "90.49")
    ]
    mended = tmp_path / "mended.csv"
    rejects.with_columns(close=pl.lit("89.61")).write_csv(mended)
    assert ingest(mended)["n_new"] == 1
    assert closes() == [*CLOSES, ("US_EQ:MSFT", "2018-02-07", 89.61)]
    path.write_text(text.replace("x", "89.61"))
    again = ingest(path, *words)
    assert (again["n_new"], again["n_unchanged"], again["n_corrected"], again["n_rejected"]) == (0, 5, 0, 0)


def test_the_shapes_say_the_same_and_a_ticker_alone_is_named_by_its_header(ingest, closes, tmp_path):
    for number, text in enumerate((BY_FIELD, BY_TICKER)):
        path = tmp_path / f"bars{number}.csv"
        path.write_text(text.replace("x", "89.61"))
        report = ingest(path)
        assert (report["n_new"], report["n_unchanged"]) == ((5, 0) if number == 0 else (0, 5))
    path.write_text("Price,Close\nTicker,AAPL\nDate,\n2018-02-08,38.79\n")
    assert ingest(path)["n_new"] == 1
    assert ("US_EQ:AAPL", "2018-02-08", 38.79) in closes()
