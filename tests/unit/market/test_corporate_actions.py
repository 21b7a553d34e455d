"""Which jumps of adjusted close over close are splits."""

import polars as pl
import pytest

from prometheus.domain.market.corporate_actions import RATIOS, split_ratio, with_corporate_actions


@pytest.mark.parametrize(
    "ratio", [2.0, 3.0, 20.0, 50.0, 100.0, 0.5, 0.125, 0.01, 1.5, 1.25, 4 / 3, 5 / 3, 0.8]
)
def test_splits_that_companies_make_are_read_even_with_the_vendors_rounding(ratio):
    assert split_ratio(ratio) == split_ratio(ratio * 1.0005) == split_ratio(ratio / 1.0005) == ratio


@pytest.mark.parametrize("jump", [1.05, 1.19, 17 / 13, 1.21, 1.42, 19 / 7, 2.02, 7.5, 101.0, 0.9, 0.37])
def test_any_other_jump_is_none(jump):
    assert split_ratio(jump) is None


def test_every_ratio_is_read_as_itself():
    assert all(split_ratio(ratio) == ratio for ratio in RATIOS if not 0.8 < ratio < 1.25)


def test_a_large_special_dividend_stays_a_dividend():
    prices = pl.DataFrame(
        {
            "symbol": ["A", "A", "B", "B"],
            "trade_date": ["2018-02-05", "2018-02-06"] * 2,
            "close": [60.0, 40.0, 90.0, 60.0],
            "adjusted_close": [60.0, 57.0, 90.0, 90.0],
        }
    )
    found = with_corporate_actions(prices)
    assert found["dividend"].to_list() == [None, 17.0, None, None]
    assert found["split"].to_list() == [None, None, None, 1.5]
