"""Adjusted closes that we compute, and actions read from those that vendors compute."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from prometheus.domain.market.adjusted import with_adjusted_close, with_normal_actions
from prometheus.domain.market.corporate_actions import split_ratio, with_corporate_actions

NO_FACTORS = pl.DataFrame(schema={"instrument_id": pl.String, "factor": pl.Float64})


def prices(closes, *, splits=None, dividends=None, instrument="A"):
    n = len(closes)
    return pl.DataFrame(
        {
            "instrument_id": [instrument] * n,
            "trade_date": [date(2020, 1, 1) + timedelta(days=i) for i in range(n)],
            "close": closes,
            "adjusted_close": [None] * n,
            "split": splits or [None] * n,
            "dividend": dividends or [None] * n,
        },
        schema_overrides=dict.fromkeys(("close", "adjusted_close", "split", "dividend"), pl.Float64),
    )


def test_without_actions_the_adjusted_close_is_the_close() -> None:
    found = with_adjusted_close(prices([10.0, 11.0]), NO_FACTORS)
    assert found["adjusted_close"].to_list() == [10.0, 11.0]
    assert found["is_computed"].all()


def test_the_ratio_of_adjusted_closes_is_the_total_return() -> None:
    given = prices([100.0, 51.0, 50.0], splits=[None, 2.0, None], dividends=[None, None, 1.5])
    adjusted = with_adjusted_close(given, NO_FACTORS)["adjusted_close"].to_numpy()
    assert adjusted[1:] / adjusted[:-1] == pytest.approx([51.0 * 2 / 100.0, (50.0 + 1.5) / 51.0], rel=1e-14)


def test_a_delivery_goes_on_where_the_one_before_it_ended() -> None:
    whole = prices([100.0, 51.0, 50.0, 52.0], splits=[None, 2.0, None, None], dividends=[None] * 3 + [0.5])
    together = with_adjusted_close(whole, NO_FACTORS)
    factor = together["adjusted_close"][1] / 51.0
    rest = with_adjusted_close(whole[2:], pl.DataFrame({"instrument_id": ["A"], "factor": [factor]}))
    assert rest["adjusted_close"].to_numpy() == pytest.approx(together["adjusted_close"][2:].to_numpy())


@pytest.mark.parametrize("known", [[0, 1], [2, 3], [1], [0, 3]])
def test_rows_without_an_adjusted_close_stand_in_a_chain_with_those_that_have_one(known) -> None:
    raw = prices([100.0, 51.0, 50.0, 52.0], splits=[None, 2.0, None, None], dividends=[None] * 3 + [0.5])
    whole = 0.25 * with_adjusted_close(raw, NO_FACTORS)["adjusted_close"]  # as a vendor scales it
    is_known = pl.Series([i in known for i in range(4)])
    given = raw.with_columns(pl.when(is_known).then(whole).alias("adjusted_close"))
    found = with_adjusted_close(pl.concat([given, prices([7.0], instrument="B")]), NO_FACTORS)
    assert found["adjusted_close"].to_list() == pytest.approx([*whole.to_list(), 7.0], rel=1e-14)
    assert found["is_computed"].to_list() == [*(~is_known).to_list(), True]


def test_an_adjusted_close_of_the_vendor_counts_without_any_action_too() -> None:
    given = prices([100.0, 101.0]).with_columns(pl.Series("adjusted_close", [50.0, None]))
    assert with_adjusted_close(given, NO_FACTORS)["adjusted_close"].to_list() == [50.0, 50.5]


def test_each_instrument_has_a_chain_of_its_own_and_a_first_action_adjusts_nothing() -> None:
    both = pl.concat([prices([10.0, 5.0], splits=[3.0, 2.0]), prices([7.0, 8.0], instrument="B")])
    found = with_adjusted_close(both, NO_FACTORS)
    assert found["adjusted_close"].to_list() == [10.0, 10.0, 7.0, 8.0]


def test_the_ways_in_which_vendors_write_no_action_become_null() -> None:
    found = with_normal_actions(prices([1.0, 1.0, 1.0], splits=[0.0, 1.0, 2.0], dividends=[0.0, 0.1, None]))
    assert found["split"].to_list() == [None, None, 2.0]
    assert found["dividend"].to_list() == [None, 0.1, None]


def test_actions_are_found_again_in_the_adjusted_closes_they_made() -> None:
    generator = np.random.default_rng(7)
    closes = np.round(50.0 * np.exp(np.cumsum(generator.normal(0, 0.02, 300))), 2)
    splits, dividends = [None] * 300, [None] * 300
    splits[40], splits[90], splits[200] = 2.0, 1.5, 0.1
    dividends[20], dividends[100], dividends[250] = 0.12, 3.08, 0.0625
    given = prices(closes.tolist(), splits=splits, dividends=dividends)
    vendor = with_adjusted_close(given, NO_FACTORS).rename({"instrument_id": "symbol"})
    found = with_corporate_actions(vendor.drop("split", "dividend"))
    assert found["split"].to_list() == splits
    assert found["dividend"].to_list() == dividends


def test_a_jump_near_no_ratio_of_small_numbers_is_no_split() -> None:
    assert [split_ratio(jump) for jump in (7.0, 1.25, 0.05, 1.31, 1.19)] == [7.0, 1.25, 0.05, None, None]
