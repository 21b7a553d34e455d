"""Prices of several tickers side by side: each date and ticker is a row, however pandas wrote it."""

import io
from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest

from prometheus.adapters.delivered_files import delivered_files
from prometheus.adapters.lean_actions import LeanFolders
from prometheus.adapters.price_files import price_delivery
from prometheus.adapters.price_tables import PriceTable
from prometheus.adapters.text_tables import BLOCK, MANY_COLUMNS
from prometheus.domain.market.parsing import parsed_prices
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import without

FIFTH, SIXTH, SEVENTH = date(2018, 2, 5), date(2018, 2, 6), date(2018, 2, 7)
FIELDS = ("Adj Close", "Close", "High", "Low", "Open", "Volume")


@pytest.fixture
def read(tmp_path):
    def call(raw, name="bars.csv", mapping=None, **words):
        (tmp_path / name).write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        if mapping is not None:
            (tmp_path / "own.toml").write_text(mapping)
            words["mapping"] = tmp_path / "own.toml"
        delivery = price_delivery([tmp_path / name], source="yahoo", **words)
        pieces = [parsed_prices(rows) for rows in delivery.chunks()]
        prices = pl.concat([without(found, broken) for found, broken in pieces], how="diagonal")
        said = pl.concat([delivery.violations, *(violations for _, violations in pieces)])
        return prices.sort("symbol", "row"), said.sort("row", "symbol"), delivery

    return call


@pytest.fixture
def piecewise(tmp_path):
    def call(text, block):
        path = tmp_path / "bars.csv"
        path.write_text(text)
        (file,) = delivered_files([path], suffixes=(".csv",))
        pieces = list(PriceTable(file, None, None, 10, LeanFolders(), block=block).pieces())
        return pl.concat([rows for rows, _ in pieces]), pl.concat([violations for _, violations in pieces])

    return call


def bars(tickers=("AAPL", "MSFT", "LOW"), *, fields=FIELDS):
    """Return what `yfinance.download` gives, with its names; the last ticker is listed late."""
    index = pd.DatetimeIndex([FIFTH, SIXTH, SEVENTH], name="Date")
    columns = pd.MultiIndex.from_product([fields, tickers], names=["Price", "Ticker"])
    numbers = 10 + np.arange(3.0 * len(columns)).reshape(3, -1)
    table = pd.DataFrame(numbers, index=index, columns=columns)
    table.loc[index[:1], (slice(None), tickers[-1])] = np.nan
    return table


def by_ticker(table):
    return table.swaplevel(axis=1).sort_index(axis=1, level=0, sort_remaining=False)


def without_index_name(table):
    return table.rename_axis(index=None)


def without_names(table):
    return table.rename_axis(columns=[None, None])


def merged(table):
    """Return what a workbook makes of it: a header that holds for several columns stands over the first."""
    first, *rest = table.to_csv().splitlines()
    cells = first.split(",")
    once = [cell if cell != before else "" for before, cell in zip([None, *cells], cells, strict=False)]
    return "\n".join([",".join(once), *rest]) + "\n"


def counted(table):
    return pd.read_csv(io.StringIO(table.to_csv())).to_csv(index=False)


SHAPES = {
    "as it comes": lambda table: table.to_csv(),
    "by ticker": lambda table: by_ticker(table).to_csv(),
    "without a line for the index": lambda table: without_index_name(table).to_csv(),
    "by ticker without that line": lambda table: without_index_name(by_ticker(table)).to_csv(),
    "of older versions": lambda table: without_names(table).to_csv(),
    "of older versions by ticker": lambda table: without_names(by_ticker(table)).to_csv(),
    "dates and numbers before them": lambda table: table.reset_index().to_csv(),
    "read and written again": counted,
    "by ticker, read and written again": lambda table: counted(by_ticker(table)),
    "of a workbook": merged,
    "separated by semicolons": lambda table: table.to_csv(sep=";", decimal=","),
    "NaN written out": lambda table: table.to_csv(na_rep="NaN"),
    "of pandas_datareader": lambda table: table.rename_axis(columns=["Attributes", "Symbols"]).to_csv(),
    "moments of midnight": lambda table: table.tz_localize("UTC").to_csv(),
}

NAMELESS = {
    "of no names at all": lambda table: without_index_name(without_names(table)).to_csv(),
    "dates as a column": lambda table: table.reset_index().to_csv(index=False),
    "dates as a column by ticker": lambda table: by_ticker(table).reset_index().to_csv(index=False),
}
"""A lone ticker under such headers may as well be a unit."""
MANY = ("AAPL", "MSFT", "LOW")
EACH = [*((MANY, shape) for shape in (*SHAPES, *NAMELESS)), *((MANY[:1], shape) for shape in SHAPES)]


@pytest.mark.parametrize(("tickers", "shape"), EACH)
def test_each_date_and_ticker_is_a_row_in_every_shape(read, shape, tickers):
    table = bars(tickers)
    prices, said, delivery = read((SHAPES | NAMELESS)[shape](table))
    assert said.is_empty()
    long = table.stack(level="Ticker", future_stack=True).dropna(how="all").reset_index()
    expected = sorted((row["Ticker"], row["Date"].date(), *row[list(FIELDS)]) for _, row in long.iterrows())
    columns = ("symbol", "trade_date", "adjusted_close", "close", "high", "low", "open", "volume")
    assert prices.select(columns).sort("symbol", "trade_date").rows() == expected
    assert "'Close' → close" in delivery.choice[0]
    assert "dates without a bar of a ticker: 1" in delivery.choice[0]
    assert ("3 tickers side by side: AAPL, " in delivery.choice[0]) == (len(tickers) > 1)
    assert delivery.files[0].n_rows == len(expected)


@pytest.mark.parametrize(
    "above",
    [
        "Date,Open,High,Low,Close\n,USD,USD,USD,USD\n",
        ",Apple Inc. daily prices,,,\nDate,Open,High,Low,Close\n",
        ",Unadjusted,Unadjusted,Adjusted,Adjusted\nDate,Open,Close,Open,Close\n",
        ",Bid,,Ask,\nDate,Open,Close,Open,Close\n",
        "Symbol,AAPL\nPrice,39.1\n\nDate,Open,High,Low,Close\n",
    ],
)
def test_units_and_titles_are_no_tickers(piecewise, above):
    text = above + "2018-02-05,39.1,40.5,38.2,39.9\n2018-02-06,40.1,41.5,39.2,40.9\n"
    try:
        prices, _ = piecewise(text, BLOCK)
    except InputFileError:
        return
    assert set(prices["symbol"]) == {"bars"}  # the file's name


def test_headers_without_a_third_line_may_stand_alone(tmp_path, read):
    headers = "Price,Close,Volume\nTicker,AAPL,AAPL\n"
    prices, said, _ = read(headers + "\n2018-02-05,39.1,100\n")
    assert (prices["symbol"].to_list(), said.height) == (["AAPL"], 0)
    for alone in (headers, headers + "\n"):
        (tmp_path / "bars.csv").write_text(alone)
        with pytest.raises(InputFileError, match="has no rows"):
            list(price_delivery([tmp_path / "bars.csv"], source="yahoo").chunks())


def test_a_mapping_that_takes_the_symbol_from_the_file_reads_one_ticker_as_before(read):
    mapping = (
        "skip_rows = 2\nsymbol_pattern = '^(?P<symbol>[A-Z]+)_daily$'\n[columns]\ntrade_date = 'Price'\n"
    )
    text = "Price,Close,Volume\nTicker,C-C,C-C\nDate,,\n2018-02-05,39.1,100\n"
    prices, said, _ = read(text, name="CCC_daily.csv", mapping=mapping)
    assert (prices["symbol"].to_list(), said.height) == (["CCC"], 0)


def test_lines_are_those_of_the_file(read):
    assert read(SHAPES["as it comes"](bars()))[0]["row"].to_list() == [4, 5, 6, 5, 6, 4, 5, 6]
    lines = read("sep=,\n" + SHAPES["without a line for the index"](bars()))[0]["row"].to_list()
    assert lines == [4, 5, 6, 5, 6, 4, 5, 6]


TEXT = """\
Price,Close,Close,Volume,Volume
Ticker,AAPL,MSFT,AAPL,MSFT
Date,,,,
2018-02-05,39.1,88.1,100,200
2018-02-06,40.1,89.1,101,201
"""


def test_a_broken_cell_costs_the_row_of_its_ticker_alone(read):
    prices, said, _ = read(TEXT + "2018-02-07,39.9,x,102,202\n")
    assert prices["symbol"].to_list() == ["AAPL"] * 3 + ["MSFT"] * 2
    assert said.drop("remedy").rows() == [
        ("bars.csv!MSFT", 6, "MSFT", "2018-02-07", "close", "x", "unparsable_number")
    ]


def test_a_broken_date_or_a_line_that_breaks_off_costs_a_row_of_each_ticker(read):
    prices, said, _ = read(TEXT + "2018-02-xx,39.9,89,102,202\n2018-02-08,39.9,89\n")
    assert prices.height == 4
    rules = ("unparsable_date", "wrong_number_of_fields")
    assert said.select("row", "symbol", "rule").rows() == [
        (row, symbol, rule) for row, rule in zip((6, 7), rules, strict=True) for symbol in ("AAPL", "MSFT")
    ]


def test_headers_that_come_again_are_no_rows(read):
    prices, said, _ = read(TEXT + TEXT.replace("02-0", "03-0"))
    assert prices["row"].to_list() == [4, 5, 9, 10] * 2
    assert said.select("row", "rule").rows() == [(row, "repeated_header") for row in (6, 7, 8)]


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("block", [BLOCK, 64])
def test_nothing_below_headers_of_other_tickers_is_taken(piecewise, is_named, block):
    text = TEXT if is_named else TEXT.replace("Price,", ",").replace("Ticker,", ",")
    prices, said = piecewise(text + text.replace("MSFT", "IBM").replace("02-0", "03-0"), block)
    assert sorted(prices["row"]) == [4, 4, 5, 5]
    assert said["rule"].to_list() == ["repeated_header", *["another_header"] * 4]


def test_a_ticker_that_could_not_be_fetched_leaves_the_others_as_they_are(read):
    table = bars(("AAPL", "MSFT"), fields=("Close", "Dividends", "Stock Splits", "Volume"))
    for field in ("Adj Close", "Close", "Volume"):  # yfinance's empty table has these
        table[field, "GONE"] = np.nan
    prices, said, delivery = read(table.to_csv())
    assert said.is_empty()
    assert prices["symbol"].unique().sort().to_list() == ["AAPL", "MSFT"]
    assert "left out 'Dividends', 'Stock Splits'" in delivery.choice[0]
    assert all("adjusted_close" not in rows.columns for rows in delivery.chunks())


def test_dividends_are_kept_of_tickers_that_have_adjusted_closes(read):
    prices, said, _ = read(bars(("AAPL", "MSFT"), fields=("Adj Close", "Close", "Dividends")).to_csv())
    assert said.is_empty()
    assert prices.drop_nulls("dividend").height == 5


def test_a_mapping_says_what_is_taken_of_each_ticker(read):
    prices, _, delivery = read(
        TEXT, mapping='price_scale = 10.0\n[columns]\nopen = "Close"\nclose = "Volume"\n'
    )
    assert prices["open"].to_list() == [close / 10 for close in (39.1, 40.1, 88.1, 89.1)]
    assert prices["close"].to_list() == [10.0, 10.1, 20.0, 20.1]
    assert "'Volume' → close" in delivery.choice[0]
    with pytest.raises(InputFileError, match=r"bars\.csv row 1: 2 tickers .* says 'AAPL' for all"):
        read(TEXT, mapping='symbol = "AAPL"')


def test_where_no_field_is_a_close_a_mapping_may_name_one(read):
    text = TEXT.replace("Close", "Last")
    with pytest.raises(
        InputFileError, match=r"bars\.csv: no column for close among 'Date', 'Ticker', 'Last'"
    ):
        read(text)
    assert read(text, mapping='[columns]\nclose = "Last"\n')[0]["close"].to_list() == [39.1, 40.1, 88.1, 89.1]


def test_a_ticker_with_two_columns_of_one_name_is_refused_with_their_places(read):
    with pytest.raises(InputFileError, match=r"bars\.csv row 1: columns 2 and 3 are both 'Close' of 'AAPL'"):
        read(TEXT.replace("MSFT", "AAPL"))


def test_the_order_of_day_and_month_is_settled_over_the_whole_file(piecewise):
    text = TEXT.replace("2018-02-05", "05/02/2018").replace("2018-02-06", "06/02/2018")
    prices, said = piecewise(text + "13/02/2018,1,1,1,1\n", 64)
    assert said.is_empty()
    assert sorted(prices["trade_date"]) == sorted([FIFTH, SIXTH, date(2018, 2, 13)] * 2)


@pytest.mark.parametrize(
    "text",
    [
        "Date,Close,Volume\n,39.1,100\n2018-02-05,39.1,100\n",
        "Symbol,Date,Close\n,2018-02-05,39.1\nAAPL,2018-02-06,39.1\n",
        "Ticker,Date,Close\nTicker,Date,Close\nAAPL,2018-02-06,39.1\n",
        "Date,Close,Name\n,n/a,AAPL\n2018-02-05,39.1,AAPL\n",
    ],
)
def test_a_first_row_without_a_date_or_symbol_makes_no_second_line_of_headers(read, text):
    prices, _, delivery = read(text)
    assert prices["close"].to_list()[-1] == 39.1
    assert "found by headers" in delivery.choice[0]
    assert "side by side" not in delivery.choice[0]


def test_headers_longer_than_any_other_line_may_be_are_read(read):
    tickers = tuple(f"T{number:05}" for number in range(3_000))
    text = bars(tickers, fields=("Close", "Stock Splits", "Volume")).to_csv()
    assert len(text.split("\n", 1)[0]) > 1 << 16
    prices, said, _ = read(text)
    assert (prices.height, said.height) == (3 * 3_000 - 1, 0)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_broken_line_among_thousands_of_columns_costs_itself_alone(read, end):
    tickers = tuple(f"T{number:04}" for number in range(2_100))
    lines = bars(tickers, fields=("Close", "Volume")).to_csv().splitlines()
    assert lines[0].count(",") >= MANY_COLUMNS
    sound, said, _ = read(end.join(lines) + end)
    assert said.is_empty()
    assert sound.filter(pl.col("symbol") == "T2099")["row"].to_list() == [5, 6]
    lines[4] += ",1"
    prices, said, _ = read(end.join(lines) + end)
    assert prices.select("symbol", "row", "close").equals(
        sound.filter(pl.col("row") != 5).select("symbol", "row", "close")
    )
    assert said["row"].to_list() == [5] * 2_100
    lines[4] = lines[4].removesuffix(",1").replace("2018-02-06", "2018\xe9")
    prices, said, _ = read((end.join(lines) + end).encode("cp1252"))
    assert said.select("row", "rule").rows() == [(5, "wrong_encoding")]
    assert prices["row"].unique().sort().to_list() == [4, 6]
