"""Headers of vendors to columns of ours."""

import pytest

from prometheus.domain.market.columns import canonical_columns, n_known
from prometheus.kernel.errors import InputFileError


def test_headers_are_known_in_any_case_and_spelling_and_others_are_left_out():
    headers = ["", "Date", "TICKER", "Name", "adj_close", "Adj Volume", "Close", "Stock Splits"]
    assert canonical_columns(headers, file="a.csv") == {
        "Date": "trade_date",
        "TICKER": "symbol",
        "adj_close": "adjusted_close",
        "Close": "close",
        "Stock Splits": "split",
    }
    assert n_known(headers) == 6


@pytest.mark.parametrize(
    "headers",
    [
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
        "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor",
        "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,Dividends,Stock Splits,Adj. Close",
    ],
)
def test_what_the_usual_vendors_call_their_columns_is_known(headers):
    found = set(canonical_columns(headers.split(","), file="a.csv").values())
    assert found == {
        "trade_date", "open", "high", "low", "close", "adjusted_close", "volume", "dividend", "split",
    }  # fmt: skip


def test_two_columns_for_one_thing_and_none_for_a_needed_one_are_refused():
    with pytest.raises(InputFileError, match="'Close', 'close' all mean close"):
        canonical_columns(["date", "Close", "close"], file="a.csv")
    with pytest.raises(InputFileError, match="'close' all mean close"):
        canonical_columns(["date", "close", "close"], file="a.csv")
    with pytest.raises(InputFileError, match=r"a\.csv: no column for trade_date and close among 'open'"):
        canonical_columns(["open"], file="a.csv")


def test_what_is_settled_goes_before_what_is_found_and_what_is_ignored_is_left_out():
    headers = ["date", "close", "settle", "volume"]
    assert canonical_columns(headers, file="a.csv", given={"close": "Settle"}, ignored=["Volume"]) == {
        "date": "trade_date",
        "settle": "close",
    }
    assert "name" not in canonical_columns(["symbol", "name", "date", "close"], file="a.csv")
    given = {"symbol": "name"}
    found = canonical_columns(["symbol", "name", "date", "close"], file="a.csv", given=given)
    assert found == {"name": "symbol", "date": "trade_date", "close": "close"}


def test_a_settled_header_that_is_not_there_is_an_error_that_lists_those_that_are():
    with pytest.raises(InputFileError, match="takes close from 'Kurs', but the columns are 'date', 'close'"):
        canonical_columns(["date", "close"], file="a.csv", given={"close": "Kurs"})


def test_instruments_side_by_side_are_told_from_a_column_that_comes_twice() -> None:
    names = ["Price", "Close", "Close", "High", "High", "Open", "Open"]
    with pytest.raises(InputFileError) as caught:
        canonical_columns(["Date", *names], file="a.csv")
    assert "write a file for each" in caught.value.remedy
    with pytest.raises(InputFileError) as caught:
        canonical_columns(["Date", "Close", "Close"], file="a.csv")
    assert "Leave one of them in" in caught.value.remedy
