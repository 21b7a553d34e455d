"""What vendors' adjusted closes say, and where they contradict their own splits and dividends."""

from __future__ import annotations

import zipfile
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus.domain.market.adjusted import with_adjusted_close
from prometheus.domain.market.vendor_adjustment import adjustment_flags, with_inferred_actions
from tests.deliveries import shared

NOTHING = pl.DataFrame(schema={"instrument_id": pl.String, "factor": pl.Float64, "close": pl.Float64})
RATIOS = (2.0, 3.0, 1.5, 0.1, 7.0)


def prices(closes, *, splits=None, dividends=None, adjusted=None, instrument="A"):
    n = len(closes)
    return pl.DataFrame(
        {
            "instrument_id": [instrument] * n,
            "trade_date": [date(2020, 1, 1) + timedelta(days=i) for i in range(n)],
            "close": closes,
            "adjusted_close": adjusted or [None] * n,
            "split": splits or [None] * n,
            "dividend": dividends or [None] * n,
        },
        schema_overrides=dict.fromkeys(("close", "adjusted_close", "split", "dividend"), pl.Float64),
    )


def as_traded(n=400, seed=5):
    """Return a history as traded, its actions on record."""
    draws = np.random.default_rng(seed)
    closes = 80.0 * np.exp(np.cumsum(draws.normal(0.0, 0.015, n)))
    splits, dividends = [None] * n, [None] * n
    for place, ratio in ((90, 2.0), (200, 1.5), (310, 0.1)):
        splits[place] = ratio
        closes[place:] /= ratio
    for place in range(20, n, 63):
        dividends[place] = 0.25
    return prices(np.round(closes, 2).tolist(), splits=splits, dividends=dividends)


def as_a_vendor_adjusts(history, digits):
    """Return the history with adjusted closes that end at the close, rounded, and without its actions."""
    full = with_adjusted_close(history, NOTHING)
    last = full["adjusted_close"][-1] / full["close"][-1]
    none = pl.lit(None, dtype=pl.Float64)
    return full.with_columns(
        (pl.col("adjusted_close") / last).round(digits).alias("adjusted_close"),
        none.alias("split"),
        none.alias("dividend"),
        pl.lit(False).alias("is_computed"),
    )


@pytest.mark.parametrize("digits", [6, 8, 15])
def test_actions_are_read_from_the_gap_between_close_and_adjusted_close(digits):
    history = as_traded()
    found = with_inferred_actions(as_a_vendor_adjusts(history, digits), NOTHING)
    assert found["split"].to_list() == history["split"].to_list()
    assert found.filter(pl.col("dividend").is_not_null())["trade_date"].to_list() == (
        history.filter(pl.col("dividend").is_not_null())["trade_date"].to_list()
    )
    assert found["dividend"].drop_nulls().to_numpy() == pytest.approx(0.25, abs=2e-4)


def test_rounding_to_cents_makes_no_dividend():
    found = with_inferred_actions(as_a_vendor_adjusts(as_traded(), 2), NOTHING)
    paid = found.filter(pl.col("dividend").is_not_null())
    assert paid.height <= 7
    assert found["split"].drop_nulls().to_list() == [2.0, 1.5, 0.1]


def test_a_first_row_is_read_against_the_one_that_is_stored():
    whole = as_a_vendor_adjusts(as_traded(), 8)
    together = with_inferred_actions(whole, NOTHING)
    for start in (20, 90, 91, 310):
        factor = whole["adjusted_close"][start - 1] / whole["close"][start - 1]
        before = pl.DataFrame(
            {"instrument_id": ["A"], "factor": [factor], "close": [whole["close"][start - 1]]}
        )
        rest = with_inferred_actions(whole[start:], before)
        assert rest["split"].to_list() == together["split"][start:].to_list()
        assert rest["dividend"].to_list() == together["dividend"][start:].to_list()


def test_an_adjustment_that_a_vendor_begins_anew_is_no_split():
    rows = prices([50.0, 50.5], adjusted=[25.0, 25.25])
    before = pl.DataFrame({"instrument_id": ["A"], "factor": [1.0], "close": [49.5]})
    found = with_inferred_actions(rows, before)
    assert found["split"].null_count() == found["dividend"].null_count() == 2


def test_instruments_with_actions_of_their_own_are_left_alone():
    rows = as_a_vendor_adjusts(as_traded(), 8).with_columns(
        pl.when(pl.int_range(pl.len()) == 5).then(0.1).alias("dividend")
    )
    assert with_inferred_actions(rows, NOTHING).equals(rows)


def test_adjusted_closes_that_contradict_their_own_actions_are_flagged_where_they_do():
    history = as_traded()
    right = as_a_vendor_adjusts(history, 6).with_columns(history["split"], history["dividend"])
    assert adjustment_flags(right, NOTHING).is_empty()
    late = right.with_columns(pl.col("split").shift(1))  # the split on the wrong day
    days = adjustment_flags(late, NOTHING)["trade_date"].to_list()
    expected = [history["trade_date"][place + more] for place in (90, 200, 310) for more in (0, 1)]
    assert days == expected
    ours = with_adjusted_close(
        history.with_columns(pl.lit(None, pl.Float64).alias("adjusted_close")), NOTHING
    )
    assert adjustment_flags(ours, NOTHING).is_empty()


@given(
    st.lists(st.floats(-0.08, 0.08), min_size=5, max_size=40),
    st.lists(st.tuples(st.integers(1, 39), st.sampled_from(RATIOS)), max_size=4),
    st.lists(st.tuples(st.integers(1, 39), st.floats(0.01, 3.0)), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_any_history_of_splits_leaves_total_returns_as_they_are(steps, splits, dividends):
    """Split or not, a holder earns the same; and close * split + dividend over the former close is it."""
    n = len(steps)
    plain = 50.0 * np.exp(np.cumsum(steps))
    paid = np.zeros(n)
    for place, cash in dividends:
        if place < n:
            paid[place] += cash
    ratio = np.ones(n)
    for place, split in splits:
        if place < n:
            ratio[place] = split
    shares = np.cumprod(ratio)
    unsplit = _adjusted(plain, np.ones(n), paid)
    cash = paid * ratio / shares  # for each share that was held before
    split = _adjusted(plain / shares, ratio, cash)
    identity = (plain / shares * ratio + cash)[1:] / (plain / shares)[:-1]
    assert split[1:] / split[:-1] == pytest.approx(unsplit[1:] / unsplit[:-1], rel=1e-12)
    assert split[1:] / split[:-1] == pytest.approx(identity, rel=1e-12)


def _adjusted(closes, ratios, cash):
    given = prices(
        closes.tolist(),
        splits=[None if r == 1.0 else r for r in ratios.tolist()],
        dividends=[None if c == 0.0 else c for c in cash.tolist()],
    )
    return with_adjusted_close(given, NOTHING)["adjusted_close"].to_numpy()


def test_the_total_return_identity_holds_in_a_vendors_own_numbers():
    """Quandl's WIKI prices: (close * split_ratio + ex-dividend) / former close - 1 is the adjusted return."""
    archive = shared("prices/quandl_wiki_sample/QUANDL_ARCHIVE.zip")
    with zipfile.ZipFile(archive) as opened:
        (name,) = [n for n in opened.namelist() if n.endswith(".csv")]
        table = pl.read_csv(opened.read(name), try_parse_dates=True)
    wiki = table.select(
        pl.col("ticker").alias("instrument_id"),
        pl.col("date").alias("trade_date"),
        "close",
        pl.col("adj_close").alias("adjusted_close"),
        pl.when(pl.col("split_ratio") != 1.0).then("split_ratio").alias("split"),
        pl.when(pl.col("ex-dividend") != 0.0).then("ex-dividend").alias("dividend"),
    ).sort("instrument_id", "trade_date")
    computed = with_adjusted_close(
        wiki.with_columns(pl.lit(None, dtype=pl.Float64).alias("adjusted_close")), NOTHING
    )
    ours = computed.select(
        (pl.col("adjusted_close") / pl.col("adjusted_close").shift(1)).over("instrument_id")
    )
    theirs = wiki.select((pl.col("adjusted_close") / pl.col("adjusted_close").shift(1)).over("instrument_id"))
    apart = (ours.to_series() - theirs.to_series()).abs().max()
    assert apart < 1e-13
    assert wiki["split"].drop_nulls().to_list() == [7.0]
    assert adjustment_flags(wiki.with_columns(pl.lit(False).alias("is_computed")), NOTHING).is_empty()
