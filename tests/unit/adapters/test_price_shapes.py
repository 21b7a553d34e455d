"""What comes under the name of a table of prices: other things, other writings, headers in the midst."""

import gzip
import io
import zipfile
from datetime import date

import pandas as pd
import polars as pl
import pytest

from prometheus.adapters.price_files import price_delivery, symbol_in
from prometheus.domain.market.parsing import parsed_prices
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import without

HEADER = "Date,Open,High,Low,Close,Volume\n"
ROWS = ("2018-02-05,39.77,40.97,39.0,39.12,290954000\n", "2018-02-06,38.70,40.93,38.5,40.75,272975200\n")
GOOD = HEADER + "".join(ROWS)
FIFTH, SIXTH = date(2018, 2, 5), date(2018, 2, 6)


@pytest.fixture
def read(tmp_path):
    def call(raw, name="AAPL.csv", mapping=None):
        (tmp_path / name).write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        if mapping is not None:
            (tmp_path / "own.toml").write_text(mapping)
        given = None if mapping is None else tmp_path / "own.toml"
        delivery = price_delivery([tmp_path / name], source="vendor", mapping=given)
        pieces = [parsed_prices(rows) for rows in delivery.chunks()]
        prices = (
            pl.concat([without(found, broken) for found, broken in pieces])
            .drop_nulls("close")
            .drop_nulls("trade_date")
        )
        said = pl.concat([delivery.violations, *(violations for _, violations in pieces)])
        return prices.sort("row"), said.sort("row"), delivery

    return call


def workbook():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return held.getvalue()


@pytest.mark.parametrize(
    ("raw", "said", "remedy"),
    [
        (workbook(), "an Excel workbook", "Save its sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an Excel workbook", "Save its sheet as CSV"),
        (gzip.compress(GOOD.encode()), "packed with gzip", "with .gz"),
        (b"PAR1" + bytes(90), "a Parquet file", "with .parquet"),
        (
            b"<html><head><title>Too many\nrequests</title>",
            r"a web page \('Too many requests'\)",
            "fetch it again",
        ),
        (b"\n<!DOCTYPE html><body>", "a web page", "fetch it again"),
        (b'{"Error Message": "Invalid call, key"}', "a message in JSON: .*Invalid call, key", "ask for CSV"),
        (b'[{"code": 404}]', "a message in JSON", "ask for CSV"),
        (GOOD.encode("utf-16-le"), "UTF-16-LE without a mark", "utf-16-le"),
        (GOOD.encode("utf-16-be"), "UTF-16-BE without a mark", "utf-16-be"),
        (b"No data\n", "no column for trade_date and close among 'No data'", "must name the columns"),
    ],
)
def test_what_is_no_table_is_named_by_what_it_is(read, raw, said, remedy):
    with pytest.raises(InputFileError, match=f"AAPL.csv.*{said}") as caught:
        read(raw)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
def test_text_of_two_bytes_a_character_is_read_where_a_mapping_names_it(read, encoding):
    prices, said, _ = read(GOOD.encode(encoding), mapping=f"encoding = '{encoding}'")
    assert prices["close"].to_list() == [39.12, 40.75]
    assert said.is_empty()


def test_a_header_that_comes_again_costs_its_own_line_alone(read):
    prices, said, _ = read(GOOD + HEADER.upper() + ROWS[1].replace("02-06", "02-07"))
    assert prices["row"].to_list() == [2, 3, 5]
    assert said.select("row", "field", "found", "rule").rows() == [
        (4, "trade_date", "DATE", "repeated_header")
    ]


def test_nothing_below_another_header_is_taken(read):
    other = "Date,Close,High,Low,Open,Volume\n"
    prices, said, _ = read(GOOD + other + ROWS[0] + ROWS[1])
    assert prices["row"].to_list() == [2, 3]
    assert said.select("row", "rule").rows() == [(row, "another_header") for row in (4, 5, 6)]
    assert "split the file here" in said["remedy"][0]


def test_a_workbooks_semicolons_and_decimal_commas_are_read_and_said(read):
    text = GOOD.replace(",", ";").replace(".", ",")
    prices, said, delivery = read(text)
    assert prices.select("open", "close", "volume").rows()[0] == (39.77, 39.12, 290_954_000.0)
    assert said.is_empty()
    assert "a comma before the decimals" in delivery.choice[0]


def test_thousands_dollars_and_words_for_nothing_are_read(read):
    text = HEADER + '2018-02-05,"$1,039.77",N/A,-,"1,039.12","290,954,000"\n2018-02-06,null,1,1,1,1.5M\n'
    prices, said, _ = read(text)
    assert prices.select("open", "high", "low", "close", "volume").rows() == [
        (1039.77, None, None, 1039.12, 290_954_000.0), (None, 1.0, 1.0, 1.0, 1_500_000.0),
    ]  # fmt: skip
    assert said.is_empty()


def test_one_decimal_comma_among_points_is_set_aside_with_its_row_and_field(read):
    prices, said, _ = read(GOOD + '2018-02-07,1.5,1.5,1.5,"1,5",7\n')
    assert prices["row"].to_list() == [2, 3]
    assert said.select("row", "field", "found", "rule").rows() == [(4, "close", "1,5", "unparsable_number")]


@pytest.mark.parametrize(
    "form", ["{} 16:00:00", "{}T16:00:00-05:00", "{} 00:00:00+00:00", "{}T00:00:00.000Z"]
)
def test_a_time_behind_the_date_of_a_daily_bar_is_left_off(read, form):
    days = ("2018-02-05", "2018-02-06")
    prices, said, _ = read(
        HEADER + "".join(row.replace(day, form.format(day)) for day, row in zip(days, ROWS, strict=True))
    )
    assert prices["trade_date"].to_list() == [FIFTH, SIXTH]
    assert said.is_empty()


def test_bars_of_minutes_are_set_aside_with_what_to_do(read):
    minutes = [ROWS[0].replace("02-05", f"02-05 09:3{minute}:00") for minute in range(3)]
    prices, said, _ = read(HEADER + "".join(minutes) + ROWS[1])
    assert prices["trade_date"].to_list() == [SIXTH]
    assert said["rule"].to_list() == ["unparsable_date"] * 3
    assert "Leave bars of minutes out" in said["remedy"][0]


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000])
def test_moments_are_dates_in_the_zone_that_a_mapping_names(read, unit):
    moments = (1517841000, 1517927400)  # 14:30 in UTC
    rows = [row.replace(row[:10], str(at * unit)) for at, row in zip(moments, ROWS, strict=True)]
    text = HEADER.replace("Date", "time") + "".join(rows)
    prices, _, _ = read(text, mapping='time_zone = "America/New_York"')
    assert prices["trade_date"].to_list() == [FIFTH, SIXTH]
    assert read(text)[0].is_empty()


def test_days_of_a_workbook_are_dates_where_a_mapping_says_so(read):
    text = GOOD.replace("2018-02-05", "43136").replace("2018-02-06", "43137.0")
    assert read(text, mapping='date_format = "excel"')[0]["trade_date"].to_list() == [FIFTH, SIXTH]
    prices, said, _ = read(text)
    assert prices.is_empty()
    assert "excel" in said["remedy"][0]


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("AAPL.csv", "AAPL"), ("AAPL.US.csv", "AAPL"), ("aapl.us.txt", "AAPL"), ("AAPL_1d.csv", "AAPL"),
        ("AAPL_daily_adjusted.csv", "AAPL"), ("daily_AAPL.csv", "AAPL"), ("AAPL (1).csv", "AAPL"),
        ("AAPL Historical Data.csv", "AAPL"), ("BRK-B.csv", "BRK-B"), ("BRK.B.csv", "BRK.B"),
        ("VOD.L.csv", "VOD.L"), ("^GSPC.csv", "^GSPC"), ("aapl_us_d.csv", "aapl"),
    ],
)  # fmt: skip
def test_a_files_name_says_the_symbol(name, symbol):
    assert symbol_in(name) == symbol


def frame():
    return pd.read_csv(io.StringIO(GOOD), parse_dates=["Date"])


def parquet(bars):
    held = io.BytesIO()
    bars.to_parquet(held)
    return held.getvalue()


@pytest.mark.parametrize(
    "made",
    [
        lambda bars: bars,
        lambda bars: bars.set_index("Date"),
        lambda bars: bars.set_index("Date").rename_axis(None),
        lambda bars: bars.assign(Date=bars["Date"].dt.date),
        lambda bars: bars.assign(Date=bars["Date"].dt.strftime("%Y-%m-%d")),
        lambda bars: bars.assign(Date=bars["Date"].dt.tz_localize("America/New_York")),
        lambda bars: bars.assign(Date=bars["Date"].astype("datetime64[ns]").astype("int64")),
        lambda bars: bars.assign(Symbol=pd.Categorical(["AAPL", "AAPL"])),
        lambda bars: bars.assign(Symbol="AAPL").set_index(["Symbol", "Date"]),
        lambda bars: bars.iloc[::-1],
    ],
)
def test_what_pandas_writes_as_parquet_is_read(read, made):
    prices, said, _ = read(parquet(made(frame())), "AAPL.parquet")
    assert sorted(prices["trade_date"].to_list()) == [FIFTH, SIXTH]
    assert set(prices["symbol"]) == {"AAPL"}
    assert said.is_empty()


def test_moments_in_parquet_are_dates_in_the_zone_that_a_mapping_names(read):
    bars = frame()
    bars["Date"] = (bars["Date"] + pd.Timedelta(hours=5)).dt.tz_localize("UTC")
    found = read(parquet(bars), "AAPL.parquet", 'time_zone = "America/New_York"')[0]
    assert found["trade_date"].to_list() == [FIFTH, SIXTH]
