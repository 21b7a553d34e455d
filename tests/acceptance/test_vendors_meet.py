"""Vendors that speak of the same days: as traded or adjusted for splits, with a word for dividends or not."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.kernel.errors import RejectedBatchError
from prometheus.store.connections import connect
from tests.deliveries import content_of, count_of, seeded_bars

BARS = ("open", "high", "low", "close")
ACTIONS = "SELECT count(*) FROM prices_daily WHERE metadata ?| '{split,dividend}'"
RETURNS = (
    "SELECT instrument_id, trade_date, adjusted_close / lag(adjusted_close) OVER w - 1 FROM prices_daily"
    " WINDOW w AS (PARTITION BY instrument_id ORDER BY trade_date) ORDER BY 1, 2"
)


@pytest.fixture(scope="module")
def traded():
    """Bars as traded; N0 splits 2 for 1 on the 31st session, N1 never."""
    return seeded_bars(2, 60)


def adjusted_for_splits(bars):
    """Return what a vendor delivers that adjusts for splits and has no word for any action."""
    later = pl.col("split").fill_null(1.0).cum_prod(reverse=True).over("symbol")
    ratio = later / pl.col("split").fill_null(1.0)
    return bars.with_columns(pl.col(name) / ratio for name in BARS).drop("split", "dividend")


@pytest.fixture
def take(databases, tmp_path):
    def call(bars, name="bars"):
        path = tmp_path / f"{name}.csv"
        bars.write_csv(path)
        moment = datetime(2020, 1, 2, tzinfo=UTC)
        delivery = price_delivery([path], source=name)
        return ingest_prices(databases, delivery, market_id="US_EQ", create=True, known_at=moment)

    return call


def returns_of(databases):
    with connect(databases.historical_url) as connection:
        found = connection.execute(RETURNS.encode()).fetchall()
    return np.array([row[2] if row[2] is not None else np.nan for row in found])


def test_closes_adjusted_for_splits_do_not_land_among_closes_as_traded(databases, take, traded):
    take(traded)
    before = content_of(databases, derived=False)
    days = traded["date"].unique().sort()
    middle = adjusted_for_splits(traded).filter(pl.col("date").is_between(days[10], days[50]))
    report = take(middle, "other")
    assert report.rejected_by_rule == {"another_split_basis": 41}  # N0; N1 says what is stored
    assert (report.n_new, report.n_corrected, report.n_unchanged) == (0, 0, 31)
    assert "adjusts for splits" in report.examples[0]
    assert content_of(databases, derived=False) == before


def test_closes_as_traded_do_not_land_among_closes_adjusted_for_splits(databases, take, traded):
    take(adjusted_for_splits(traded))
    before = returns_of(databases)
    days = traded["date"].unique().sort()
    two_days = traded.filter(pl.col("date").is_in(days[20:22].implode()) & (pl.col("symbol") == "N0"))
    with pytest.raises(RejectedBatchError, match="another_split_basis"):
        take(two_days, "collected")
    np.testing.assert_array_equal(returns_of(databases), before)


def test_a_whole_history_replaces_one_on_another_basis(databases, take, traded):
    take(adjusted_for_splits(traded))
    report = take(traded, "whole")
    assert report.n_rejected == 0
    moves = returns_of(databases)
    assert np.nanmax(np.abs(moves)) < 0.1


def test_a_bar_that_was_wrong_by_the_ratio_of_a_split_is_mended(databases, take, traded):
    plain = traded.drop("split", "dividend").filter(pl.col("symbol") == "N1")
    is_wrong = pl.int_range(pl.len()) == 7
    take(plain.with_columns(pl.when(is_wrong).then(pl.col(name) * 2.0).otherwise(name) for name in BARS))
    report = take(plain.filter(is_wrong), "mended")
    assert (report.n_corrected, report.n_rejected) == (1, 0)


def test_a_vendor_without_a_word_for_actions_takes_none_back(databases, take, traded):
    take(traded)
    n_actions, before = count_of(databases, ACTIONS), returns_of(databases)
    cents = traded.with_columns(pl.col("volume") + 100.0).drop("split", "dividend")
    report = take(cents, "other")
    assert report.n_corrected == traded.height
    assert count_of(databases, ACTIONS) == n_actions > 0
    np.testing.assert_allclose(returns_of(databases), before, rtol=0, atol=1e-12)
    assert take(cents, "other").has_changed is False


def test_a_vendor_with_a_word_for_actions_does(databases, take, traded):
    take(traded)
    n_actions = count_of(databases, ACTIONS)
    day = traded.filter(pl.col("dividend").is_not_null() & pl.col("split").is_null())["date"].min()
    none = traded.filter(pl.col("date") == day).with_columns(pl.lit(None, dtype=pl.Float64).alias("dividend"))
    assert take(none, "mended").n_corrected > 0
    assert count_of(databases, ACTIONS) < n_actions
