"""Splits and dividends out of Lean's factor and map files."""

import csv
import os
import zipfile
from bisect import bisect_left
from datetime import date, timedelta
from math import prod
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from prometheus.adapters.lean_actions import LeanFolders, factor_rows
from prometheus.adapters.price_files import price_delivery
from prometheus.kernel.errors import InputFileError

REPOSITORY = Path(__file__).parents[3]
SHARED = Path(os.environ.get("PROMETHEUS_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
LEAN = SHARED / "prices" / "lean_usa_equity"
# A dividend of 0.50 on the 7th (reference 10.00), a split of 2 for 1 on the 9th.
FACTORS = "20180101,0.95,0.5,1\n20180206,0.95,0.5,10\n20180208,1,0.5,12\n20501231,1,1,0\n"
BARS = {"20180205": 9.0, "20180206": 10.0, "20180207": 9.75, "20180208": 12.0, "20180209": 6.1}


@pytest.fixture
def lean(tmp_path):
    def call(bars, *, factors=None, maps=None):
        for folder, files in (("factor_files", factors or {}), ("map_files", maps or {})):
            (tmp_path / folder).mkdir(exist_ok=True)
            for name, text in files.items():
                (tmp_path / folder / f"{name}.csv").write_text(text)
        (tmp_path / "daily").mkdir(exist_ok=True)
        for ticker, closes in bars.items():
            lines = [
                f"{day} 00:00,{','.join([f'{close * 1e4:.0f}'] * 4)},100" for day, close in closes.items()
            ]
            with zipfile.ZipFile(tmp_path / "daily" / f"{ticker}.zip", "w") as archive:
                archive.writestr(f"{ticker}.csv", "\n".join(lines))
        return price_delivery([tmp_path], source="lean", preset="lean").rows

    return call


def actions(rows, symbol="AAA"):
    found = rows.filter(pl.col("symbol") == symbol, ~pl.all_horizontal(pl.col("split", "dividend").is_null()))
    return [
        (str(day), split, dividend)
        for day, split, dividend in found["trade_date", "split", "dividend"].rows()
    ]


def test_actions_take_effect_on_the_first_session_after_the_factors_date(lean):
    rows = lean({"aaa": BARS}, factors={"aaa": FACTORS})
    assert actions(rows) == [("2018-02-07", None, 0.5), ("2018-02-09", 2.0, None)]
    assert rows["close"].to_list() == list(BARS.values())


def test_without_a_bar_on_the_date_itself_the_former_close_is_the_reference(lean):
    bars = {day: close for day, close in BARS.items() if day != "20180206"}
    assert actions(lean({"aaa": bars}, factors={"aaa": FACTORS})) == [
        ("2018-02-07", None, 0.45),
        ("2018-02-09", 2.0, None),
    ]


def test_a_split_and_a_dividend_of_one_day_are_both_there(lean):
    factors = "20180101,0.95,0.5,1\n20180206,0.95,0.5,10\n20501231,1,1,0\n"
    assert actions(lean({"aaa": BARS}, factors={"aaa": factors})) == [("2018-02-07", 2.0, 0.5)]


def test_the_digits_of_factors_do_not_make_amounts_crooked(lean):
    # Apple, 7 for 1 on 9 June 2014 and 2.65 dollars on 9 August 2012, as Lean's file has them.
    factors = (
        "19980102,0.8613657,0.1428571,1\n20120808,0.8613657,0.1428571,619.86\n"
        "20140606,0.8650639,0.1428571,645.57\n20501231,0.8650639,1,0\n"
    )
    bars = {"20120808": 619.86, "20120809": 620.73, "20140606": 645.57, "20140609": 93.7}
    assert actions(lean({"aaa": bars}, factors={"aaa": factors})) == [
        ("2012-08-09", None, 2.65),
        ("2014-06-09", 7.0, None),
    ]


def test_map_files_say_whose_factors_a_ticker_has_at_a_date(lean):
    # GOOG was the A share until the C share took the ticker: bars in one file, factors in two.
    maps = {
        "googl": "20180101,goog,Q\n20180206,goog,Q\n20501231,googl,Q\n",
        "goog": "20180206,goocv,Q\n20180206,goocv,Q\n20501231,goog,Q\n",
    }
    a_share = "20180101,1,0.5,1\n20180205,1,0.5,9\n20501231,1,1,0\n"
    c_share = "20180101,0.9,1,1\n20180207,0.9,1,9.75\n20501231,1,1,0\n"
    rows = lean({"goog": BARS}, factors={"googl": a_share, "goog": c_share}, maps=maps)
    assert actions(rows, "GOOG") == [("2018-02-06", 2.0, None), ("2018-02-08", None, 0.975)]


def test_a_ticker_without_factors_has_no_actions_and_that_is_said(lean, tmp_path):
    rows = lean({"aaa": BARS}, factors={"bbb": FACTORS})
    assert {"split", "dividend"}.isdisjoint(rows.columns)  # nothing is said of them
    delivery = price_delivery([tmp_path / "daily"], source="lean")
    assert delivery.rows.height == 5
    assert "no splits and dividends: no factor file of theirs" in delivery.choice[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [("2018-01-01,1,1\n", "row 1"), ("20180101,1,1\n20180102,0,1\n", "row 2: a factor"), ("x\n", "'x'")],
)
def test_a_factor_file_that_is_none_costs_the_files_of_its_symbol(lean, text, said):
    with pytest.raises(InputFileError, match=said):
        lean({"aaa": BARS}, factors={"aaa": text})


def test_older_factor_files_have_no_reference_price(lean):
    factors = "\n".join(line.rpartition(",")[0] for line in FACTORS.splitlines())
    assert actions(lean({"aaa": BARS}, factors={"aaa": factors}))[0] == ("2018-02-07", None, 0.5)


@pytest.mark.skipif(not LEAN.exists(), reason="the shared data is not here")
@pytest.mark.parametrize("ticker", ["aapl", "ibm", "spy", "uso"])
def test_real_bars_with_their_actions_give_the_returns_of_adjusted_bars(ticker):
    rows = price_delivery([LEAN / "daily" / f"{ticker}.zip"], source="lean").rows.sort("trade_date")
    close = rows["close"].to_numpy()
    split = rows["split"].fill_null(1.0).to_numpy()
    dividend = rows["dividend"].fill_null(0.0).to_numpy()
    ours = (close[1:] * split[1:] + dividend[1:]) / close[:-1] - 1.0
    # Lean's own adjustment, read anew: the factors of the first row of the file at or after each bar.
    with (LEAN / "factor_files" / f"{ticker}.csv").open() as stream:
        factors = [tuple(map(float, fields)) for fields in csv.reader(stream)]
    days = [int(f"{day:%Y%m%d}") for day in rows["trade_date"]]
    places = [bisect_left([row[0] for row in factors], day) for day in days]
    level = np.array([close[i] * factors[place][1] * factors[place][2] for i, place in enumerate(places)])
    theirs = level[1:] / level[:-1] - 1.0
    is_quiet = (split[1:] == 1.0) & (dividend[1:] == 0.0)
    np.testing.assert_allclose(ours[is_quiet], theirs[is_quiet], rtol=0.0, atol=1e-12)
    # Cash instead of shares bought at the reference price: exactly that much less, to the factors' digits.
    in_cash = theirs * (1.0 - dividend[1:] / close[:-1])
    np.testing.assert_allclose(ours, in_cash, rtol=0.0, atol=5e-6)
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=5e-4)


@pytest.mark.skipif(not LEAN.exists(), reason="the shared data is not here")
def test_real_actions_are_those_that_the_companies_made():
    rows = price_delivery([LEAN / "daily"], source="lean").rows

    def of(symbol, day):
        return rows.filter(symbol=symbol, trade_date=day)["split", "dividend"].row(0)

    assert of("AAPL", date(2012, 8, 9)) == (None, 2.65)
    assert of("AAPL", date(2014, 6, 9)) == (7.0, None)
    assert of("AAPL", date(2020, 8, 31)) == (4.0, None)
    assert of("IBM", date(1999, 5, 27)) == (2.0, None)
    assert of("USO", date(2020, 4, 29)) == (0.125, None)
    assert of("GOOG", date(2014, 4, 3))[1] is None  # another share from here on, no event
    assert rows.filter(symbol="FB")["split"].null_count() == rows.filter(symbol="FB").height
    assert factor_rows(LEAN / "factor_files" / "spy.csv").height > 90


@pytest.mark.skipif(not LEAN.exists(), reason="the shared data is not here")
def test_another_vendor_reports_the_very_same_actions_and_returns():
    wiki = price_delivery([SHARED / "prices" / "quandl_wiki_sample"], source="wiki").rows
    wiki = wiki.filter(symbol="AAPL").with_columns(
        pl.col("close", "adjusted_close", "split", "dividend").cast(pl.Float64)
    )
    bars = price_delivery([LEAN / "daily" / "aapl.zip"], source="lean").rows
    both = wiki.join(bars, on="trade_date", suffix="_lean").sort("trade_date")
    assert both.height == 252
    assert both["split_lean"].fill_null(1.0).equals(both["split"], check_names=False)
    assert both["dividend_lean"].fill_null(0.0).equals(both["dividend"], check_names=False)
    assert both.filter(pl.col("dividend") > 0.0)["dividend"].to_list() == [3.05, 3.29, 0.47, 0.47]
    shares, cash = pl.col("split_lean").fill_null(1.0), pl.col("dividend_lean").fill_null(0.0)
    same = (pl.col("close") - pl.col("close_lean")).abs() < 1e-9  # the one rounds some closes, the other not
    apart = both.select(
        is_same=same & same.shift(1),
        ours=(pl.col("close_lean") * shares + cash) / pl.col("close_lean").shift(1) - 1.0,
        theirs=pl.col("adjusted_close") / pl.col("adjusted_close").shift(1) - 1.0,
    ).filter("is_same")
    assert apart.height > 180
    np.testing.assert_allclose(apart["ours"], apart["theirs"], rtol=0.0, atol=1e-12)


@st.composite
def histories(draw):
    """Closes as traded of weekdays, with splits and dividends at some of them."""
    n = draw(st.integers(8, 30))
    first = date(2018, 1, 1)
    days = [day for day in (first + timedelta(i) for i in range(2 * n)) if day.weekday() < 5][:n]
    closes = draw(st.lists(st.integers(1_000, 50_000), min_size=n, max_size=n))
    events = draw(
        st.dictionaries(st.integers(1, n - 1), st.sampled_from(["split", "dividend", "both"]), max_size=5)
    )
    split, dividend = [None] * n, [None] * n
    for place, kind in events.items():
        if kind != "dividend":
            split[place] = draw(st.sampled_from([2.0, 3.0, 7.0, 20.0, 1.5, 0.5, 0.1]))
        if kind != "split":
            dividend[place] = draw(st.integers(1, closes[place - 1] // 20)) / 100.0
    return days, [close / 100.0 for close in closes], split, dividend


def factors_of(days, closes, split, dividend):
    """Return the factor file that Lean writes for such a history, seven decimals and all."""
    price, shares = 1.0, 1.0
    lines = [f"20501231,{price:.7f},{shares:.7f},0"]
    for place in range(len(days) - 1, 0, -1):
        if split[place] or dividend[place]:
            price *= 1.0 - (dividend[place] or 0.0) / closes[place - 1]
            shares /= split[place] or 1.0
            lines.append(f"{days[place - 1]:%Y%m%d},{price:.7f},{shares:.7f},{closes[place - 1]}")
    lines.append(f"{days[0] - timedelta(3):%Y%m%d},{price:.7f},{shares:.7f},1")
    return "\n".join(reversed(lines))


@settings(max_examples=60, deadline=None)
@given(history=histories())
def test_the_actions_of_any_history_come_back_out_of_its_factors(tmp_path_factory, history):
    days, closes, split, dividend = history
    # Seven decimals don't hold the splits of a share that became thousands.
    assume(prod(max(ratio, 1.0) for ratio in split if ratio) < 1000.0)
    folder = tmp_path_factory.mktemp("lean")
    (folder / "factor_files").mkdir()
    (folder / "factor_files" / "aaa.csv").write_text(factors_of(*history))
    bars = pl.DataFrame({"trade_date": days, "close": closes})
    found, _ = LeanFolders().with_actions(bars, ticker="AAA", origin=folder / "aaa.zip")
    assert found["split"].to_list() == split
    assert found["dividend"].to_list() == dividend
