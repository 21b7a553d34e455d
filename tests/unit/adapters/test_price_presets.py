"""Presets and mappings: each sample is read as its vendor means it."""

import io
import tarfile
import tomllib
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from prometheus.adapters.price_files import price_delivery
from prometheus.adapters.price_mapping import PRESETS, PriceMapping, mapping_from_file, preset
from prometheus.domain.market.parsing import parsed_prices
from prometheus.kernel.errors import ConfigError, InputFileError

FIFTH, SIXTH = date(2018, 2, 5), date(2018, 2, 6)
SHAPES = Path(__file__).parents[3] / "src" / "prometheus" / "adapters" / "price_presets"


def packed(name, text, folder):
    """Write a sample as its vendor sends it; return what a user names."""
    if name == "lean":
        path = folder / "daily" / "aapl.zip"
        path.parent.mkdir()
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("aapl.csv", text)
        return path
    if name == "pystock":
        path = folder / "20151224.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for member, data in (
                ("prices.csv", text),
                ("reports.csv", "symbol,end_date\n"),
                ("symbols.txt", ""),
            ):
                info = tarfile.TarInfo(member)
                info.size = len(data.encode())
                archive.addfile(info, io.BytesIO(data.encode()))
        return path
    shape = preset(name)
    path = folder / shape.sample_name
    path.write_text(text, encoding=shape.encoding)
    return path


def sample(name, folder):
    return packed(name, preset(name).sample.lstrip("\n"), folder)


def prices_of(delivery):
    prices, violations = parsed_prices(delivery.rows)
    assert violations.is_empty()
    return prices.drop("file").rows(named=True)


def key_values(row, *names):
    return tuple(row[name] for name in ("row", "symbol", "trade_date", *names))


EXPECTED = {
    "yahoo": (2, "AAPL", FIFTH, 39.122501, 37.094631, 290954000.0, None, None),
    "yfinance": (4, "AAPL", FIFTH, 39.122501, 37.094631, 290954000.0, None, None),
    "stooq": (2, "AAPL", FIFTH, 37.0358, None, 307287216.0, None, None),
    "wiki": (2, "AAPL", date(2014, 6, 6), 645.57, 86.82, 12497800.0, 1.0, 0.0),
    "lean": (1, "AAPL", date(1998, 1, 2), 16.25, None, 6315000.0, None, None),
    "pystock": (2, "NKE", date(2015, 12, 24), 64.209999, 64.209999, 4149200.0, None, None),
    "kaggle": (2, "AAL", date(2013, 2, 8), 14.75, None, 8407500.0, None, None),
    "stooq-old": (2, "AAPL", FIFTH, 37.0358, None, 307287216.0, None, None),
    "nasdaq": (2, "AAPL", FIFTH, 39.1225, None, 290953880.0, None, None),
    "investing": (2, "AAPL", FIFTH, 39.12, None, 290950000.0, None, None),
    "generic": (3, "SAP", FIFTH, 86.55, None, 3120455.0, None, None),
}


def test_every_preset_is_a_file_and_has_a_sample():
    assert sorted(path.stem for path in SHAPES.glob("*.toml")) == sorted(PRESETS)
    assert set(EXPECTED) == set(PRESETS)
    for name in PRESETS:
        assert preset(name).description
        assert preset(name).sample
        assert preset(name).sample_name


@pytest.mark.parametrize("name", PRESETS)
def test_the_sample_of_a_preset_is_read_as_its_vendor_means_it(name, tmp_path):
    delivery = price_delivery([sample(name, tmp_path)], source="vendor", preset=name)
    rows = prices_of(delivery)
    assert len(rows) == 2
    assert key_values(rows[0], "close", "adjusted_close", "volume", "split", "dividend") == EXPECTED[name]
    assert f"preset {name}" in delivery.choice[0]
    assert delivery.violations.is_empty()


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "generic"])
def test_a_shape_that_can_be_nothing_else_is_recognised_and_said(name, tmp_path):
    given = price_delivery([sample(name, tmp_path)], source="vendor", preset=name)
    found = price_delivery(given._paths, source="vendor")
    assert prices_of(found) == prices_of(given)
    assert f"recognised as preset {name}" in found.choice[0]


def test_bars_of_hours_in_the_shape_of_lean_are_no_sessions(tmp_path):
    text = preset("lean").sample.lstrip("\n") + "19980106 10:00,1,1,1,1,1\n"
    delivery = price_delivery([packed("lean", text, tmp_path)], source="vendor")
    prices, violations = parsed_prices(delivery.rows)
    assert prices["trade_date"].null_count() == 1
    assert violations.select("row", "found", "rule").rows() == [(3, "19980106 10:00", "unparsable_date")]


def test_only_daily_rows_of_stooq_are_taken_and_other_suffixes_go(tmp_path):
    text = preset("stooq").sample.lstrip("\n")
    hourly = text.splitlines()[1].replace(",D,", ",60,").replace("AAPL.US", "BRK-B.US")
    path = packed("stooq", text + hourly + "\n" + hourly.replace(",60,", ",D,") + "\n", tmp_path)
    rows = prices_of(price_delivery([path], source="vendor"))
    assert [(row["symbol"], row["row"]) for row in rows] == [("AAPL", 2), ("AAPL", 3), ("BRK-B", 5)]
    all_hourly = packed("stooq", text.replace(",D,", ",60,"), tmp_path)
    with pytest.raises(InputFileError, match=r"No row of aapl\.us\.txt is taken") as caught:
        _ = price_delivery([all_hourly], source="vendor").rows
    assert "only rows with '<PER>' = 'D'" in str(caught.value)


def test_yahoo_leaves_out_splits_that_its_closes_hold_and_keeps_dividends(tmp_path):
    header = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits,Capital Gains"
    path = tmp_path / "AAPL.csv"
    path.write_text(
        f"{header}\n2018-02-05 00:00:00-05:00,1,1,1,1,0.9,5,0.3,4,0\n2018-02-06,null,null,null,1,1,,0,0,0\n"
    )
    rows = prices_of(price_delivery([path], source="vendor", preset="yahoo"))
    assert key_values(rows[0], "split", "dividend") == (2, "AAPL", FIFTH, None, 0.3)
    assert key_values(rows[1], "open", "close") == (3, "AAPL", SIXTH, None, 1.0)


@pytest.mark.parametrize("name", ["yahoo", "yfinance"])
def test_dividends_of_yahoo_are_left_out_where_its_closes_hold_them(name, tmp_path):
    header, first = "Date,Close,Dividends,Stock Splits", "2018-02-05,1,0.3,4"
    if name == "yfinance":
        header, first = header.replace("Date", "Price"), f"Ticker,A,A,A\nDate,,,\n{first}"
    path = tmp_path / "AAPL.csv"
    path.write_text(f"{header}\n{first}\n")
    delivery = price_delivery([path], source="vendor", preset=name)
    assert key_values(prices_of(delivery)[0], "close", "split", "dividend")[2:] == (FIFTH, 1.0, None, None)
    assert "left out 'Dividends', 'Stock Splits'" in delivery.choice[0]


HISTORY = """\
Date,Open,High,Low,Close,Volume,Dividends,Stock Splits
2018-02-08 00:00:00-05:00,37.916,38.263,36.439,36.472,217562400,0.0,0.0
2018-02-09 00:00:00-05:00,37.091,37.219,35.494,36.917,282690400,0.157,0.0
"""


@pytest.mark.parametrize("more", ["", ",Capital Gains"])
@pytest.mark.parametrize("is_parquet", [False, True])
def test_a_history_of_yfinance_whose_closes_hold_its_dividends_is_recognised(tmp_path, more, is_parquet):
    first, *rest = HISTORY.splitlines()
    text = "\n".join([first + more, *(row + (",0.0" if more else "") for row in rest)]) + "\n"
    path = tmp_path / f"AAPL.{'parquet' if is_parquet else 'csv'}"
    path.write_text(text)
    if is_parquet:
        pl.read_csv(text.encode()).write_parquet(path)
    delivery = price_delivery([path], source="vendor")
    rows = prices_of(delivery)
    assert [(row["close"], row["dividend"], row["split"]) for row in rows] == [
        (36.472, None, None),
        (36.917, None, None),
    ]
    assert rows[1]["trade_date"] == date(2018, 2, 9)
    assert "recognised as preset yahoo" in delivery.choice[0]
    assert "left out 'Dividends', 'Stock Splits'" in delivery.choice[0]


def test_a_history_of_yfinance_that_is_not_adjusted_keeps_its_dividends_and_leaves_out_its_splits(tmp_path):
    first, *rest = HISTORY.splitlines()
    path = tmp_path / "AAPL.csv"
    wide = [row.replace(",2", ",35.1,2", 1) for row in rest]
    path.write_text("\n".join([first.replace("Close,", "Close,Adj Close,"), *wide]) + "\n")
    delivery = price_delivery([path], source="vendor")
    rows = prices_of(delivery)
    assert [(row["adjusted_close"], row["dividend"], row["split"]) for row in rows] == [
        (35.1, 0.0, None),
        (35.1, 0.157, None),
    ]
    assert "recognised as preset yahoo" in delivery.choice[0]


def test_the_page_of_presets_shows_a_history_of_yfinance():
    assert HISTORY in PAGE.read_text("utf-8")


def test_an_empty_day_of_pystock_is_named_and_the_other_days_are_taken(tmp_path):
    sample("pystock", tmp_path)
    with tarfile.open(tmp_path / "20150610.tar.gz", "w:gz") as archive:
        for member in ("symbols.txt", "prices.csv", "reports.csv"):
            archive.addfile(tarfile.TarInfo(member), io.BytesIO(b""))
    for said in ({}, {"preset": "pystock"}):
        delivery = price_delivery([tmp_path], source="vendor", **said)
        assert delivery.rows.height == 2
        (fault,) = delivery.violations.rows(named=True)
        assert fault["found"] == "20150610.tar.gz!prices.csv is empty."
        assert "left out by their names: 20151224.tar.gz!reports.csv" in delivery.choice[-1]


def test_a_preset_that_does_not_fit_says_what_it_looked_for_and_what_is_there(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text("date,close\n2018-02-05,1\n")
    for name, said in (
        ("stooq", "takes symbol from '<TICKER>', but the columns are 'date', 'close'"),
        ("lean", "it has 2 columns, and place 3 is high"),
        ("kaggle", "takes symbol from 'Name'"),
    ):
        with pytest.raises(InputFileError, match=said):
            _ = price_delivery([path], source="vendor", preset=name).rows


@pytest.fixture
def mapped(tmp_path):
    def call(toml, text, name="bars.csv"):
        (tmp_path / "own.toml").write_text(toml, encoding="utf-8")
        (tmp_path / name).write_text(text, encoding="utf-8")
        return price_delivery([tmp_path / name], source="vendor", mapping=tmp_path / "own.toml")

    return call


def test_a_mapping_of_two_lines_settles_what_headers_do_not_say(mapped):
    delivery = mapped('[columns]\nclose = "Settle"\n', "Date,Close,Settle\n2018-02-05,9,10\n", "AAA.csv")
    assert key_values(prices_of(delivery)[0], "close") == (2, "AAA", FIFTH, 10.0)
    assert "mapping own.toml" in delivery.choice[0]


def test_a_headerless_file_is_read_by_places(mapped):
    toml = 'has_header = false\ndate_format = "%d%m%Y"\nsymbol = "SPX"\n[columns]\ndate = 2\nclose = 4\n'
    rows = prices_of(mapped(toml, "x,05022018,y,10.5,z\nx,06022018,y,11,z\n"))
    assert [key_values(row, "close") for row in rows] == [(1, "SPX", FIFTH, 10.5), (2, "SPX", SIXTH, 11.0)]


def test_the_symbol_is_cut_out_of_a_column_or_a_name_and_a_currency_comes_along(mapped):
    toml = 'symbol_pattern = \'^(?P<symbol>[a-z]+) \'\nsymbol_case = "upper"\ncurrency = "EUR"\n'
    delivery = mapped(toml, "Date,Close,Ticker\n2018-02-05,10,sap GY Equity\n")
    assert delivery.rows.select("symbol", "currency").row(0) == ("SAP", "EUR")
    delivery = mapped(toml.replace("[a-z]+) ", "[a-z]+)_"), "Date,Close\n2018-02-05,10\n", "sap_xetra.csv")
    assert delivery.rows["symbol"][0] == "SAP"


def test_signs_of_currencies_and_groups_of_digits_are_taken_out_as_said(mapped):
    text = 'Date,Close/Last,Volume,Symbol\n02/13/2018,$1 164.34,"32,549,160",A\n'
    delivery = mapped('thousands = "$, "\n', text)
    assert key_values(prices_of(delivery)[0], "close", "volume") == (
        2,
        "A",
        date(2018, 2, 13),
        1164.34,
        32549160.0,
    )


def test_a_number_that_is_none_after_its_scale_keeps_its_text(mapped):
    delivery = mapped("price_scale = 100\n", "Date,Close,Symbol\n2018-02-05,1050,A\n2018-02-05,1O50,B\n")
    prices, violations = parsed_prices(delivery.rows)
    assert prices["close"].to_list() == [10.5, None]
    assert violations.select("row", "field", "found").row(0) == (3, "close", "1O50")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("delimeter = ';'", r"own\.toml: delimeter: unknown key"),
        ("[columns]\nkurs = 'a'", "'kurs' is no column of ours; they are date, symbol"),
        ("[columns]\nclose = 0", "places count from 1"),
        ("delimiter = ';;'", "one character, or 'tab'"),
        ("encoding = 'latin-99'", "no such encoding"),
        ("symbol_pattern = '(x'", "no pattern"),
        ("symbol_pattern = 'x'", r"a group \(\?P<symbol>\.\.\.\)"),
        ("symbol_pattern = '(?=x)(?P<symbol>a)'", "no pattern"),
        ("date_format = '%d.%m'", "no format of a whole date"),
        ("price_scale = 0", "price_scale: Input should be greater than 0"),
        ("= 3", r"own\.toml is not TOML"),
    ],
)
def test_a_mapping_that_means_nothing_is_an_error_that_names_the_key(mapped, toml, said):
    with pytest.raises(ConfigError, match=said) as caught:
        mapped(toml, "Date,Close\n2018-02-05,10\n")
    assert "docs/how-to/price-presets.md" in caught.value.remedy


def test_a_mapping_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml can't be read"):
        mapping_from_file(tmp_path / "none.toml")


def test_the_generic_preset_shows_every_kind_of_key():
    shown = set(tomllib.loads((SHAPES / "generic.toml").read_text("utf-8")))
    of_our_own = {"archive", "beside", "headers", "first_line", "actions", "files"}
    rare = {"has_header", "symbol", "symbol_pattern", "skip_rows", "only_with", "symbols", "time_zone"}
    assert set(PriceMapping.model_fields) - shown == of_our_own | rare


PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "price-presets.md"


@pytest.mark.parametrize("name", PRESETS)
def test_the_page_of_presets_shows_the_sample_that_is_tested(name):
    text = PAGE.read_text("utf-8")
    assert preset(name).sample.strip() in text
    assert name == "generic" or f"\n### {name}\n" in text


def test_the_page_of_presets_has_every_key_and_the_generic_one_in_full():
    text = PAGE.read_text("utf-8")
    assert [
        key for key in PriceMapping.model_fields if f"`{key}`" not in text and f"`[{key}]`" not in text
    ] == []
    generic = (SHAPES / "generic.toml").read_text("utf-8")
    settings, columns = generic.split("sample_name", 1)[0].split("\n", 1)[1], generic.split('"""\n')[-1]
    assert settings in text
    assert columns.strip() in text
