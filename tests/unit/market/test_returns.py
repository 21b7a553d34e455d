"""Returns and volatilities against pandas, and what every step must keep."""

import numpy as np
import pandas as pd
import pytest

from prometheus.domain.market.config import ReturnsConfig, VolatilityConfig
from prometheus.domain.market.steps import PRICE_COLUMNS, RETURNS, VOLATILITY
from prometheus.flow.batch import Assets, Batch, Context, Panel
from prometheus.kernel.sessions import Sessions

N_DAYS, N_ASSETS = 160, 4
DATES = np.busday_offset("2020-01-01", np.arange(N_DAYS), roll="forward").astype("datetime64[D]")


def batch_of(values, days, *, sessions):
    ids = tuple("ABCDE"[: next(iter(values.values())).shape[1]])
    nothing = ("",) * len(ids)
    digests = np.zeros((len(ids), 16), dtype=np.uint8)
    never = np.full(len(ids), np.datetime64("NaT", "D"))
    days = np.asarray(days, dtype=np.int64)
    return Batch(
        days=days,
        sessions=Sessions("XNYS", DATES, DATES, DATES),
        assets=Assets(ids, ids, digests, nothing, nothing, nothing, nothing, never),
        context=Context("US_EQ"),
        decisions=np.zeros((len(days), 16), dtype=np.uint8),
        panels={key: Panel(panel, ends=days, sessions=sessions) for key, panel in values.items()},
        tables={},
    )


def market(seed=3, n_assets=N_ASSETS):
    generator = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(generator.normal(0, 0.02, (N_DAYS, n_assets)), axis=0))
    split = np.full_like(close, np.nan)
    dividend = np.full_like(close, np.nan)
    split[60, 0], dividend[90, 0], dividend[120, 1] = 2.0, 0.5, 1.25
    close[60:, 0] /= 2.0
    close[70, 2] = close[100:103, 2] = close[:30, 3] = np.nan
    return {"close": close, "split": split, "dividend": dividend}


def adjusted_by(given):
    growth = np.where(np.isnan(given["split"]), 1.0, given["split"])
    growth = growth + np.where(np.isnan(given["dividend"]), 0.0, given["dividend"] / given["close"])
    return given["close"] * np.nancumprod(growth, axis=0)


def returns_of(given, days=range(21, N_DAYS)):
    values = {("prices_daily", name): given[name] for name in PRICE_COLUMNS}
    (rows,) = RETURNS.compute(batch_of(values, list(days), sessions=22), ReturnsConfig()).rows
    return rows


def as_panel(rows, name):
    return rows.panel(name, days=np.arange(N_DAYS), n_assets=N_ASSETS)


@pytest.mark.parametrize("is_adjusted_only", [False, True])
def test_returns_equal_those_of_pandas_for_raw_prices_with_actions_and_for_adjusted_ones(is_adjusted_only):
    raw = market()
    adjusted = adjusted_by(raw)
    if is_adjusted_only:  # as a vendor of adjusted closes delivers them
        none = np.full_like(adjusted, np.nan)
        given = {"close": adjusted, "adjusted_close": adjusted, "split": none, "dividend": none}
    else:  # as traded, with actions, rows before an action never adjusted again
        given = {**raw, "adjusted_close": raw["close"]}
    rows = returns_of(given)
    levels = pd.DataFrame(adjusted)
    is_known = levels.pct_change(1, fill_method=None).notna()
    for k in (1, 5, 21):
        expected = (levels / levels.shift(k) - 1.0).where(is_known).iloc[21:].to_numpy()
        np.testing.assert_allclose(as_panel(rows, f"ret_{k}d")[21:], expected, rtol=1e-12, atol=1e-14)


def test_a_session_after_a_missing_bar_has_no_row_and_longer_returns_reach_over_it():
    given = market()
    given["adjusted_close"] = adjusted_by(given)
    found = as_panel(returns_of(given), "ret_5d")
    one = as_panel(returns_of(given), "ret_1d")
    assert np.isnan(one[[70, 71], 2]).all()
    assert one[72, 2] == pytest.approx(given["close"][72, 2] / given["close"][71, 2] - 1.0, rel=1e-12)
    assert found[73, 2] == pytest.approx(given["close"][73, 2] / given["close"][68, 2] - 1.0, rel=1e-12)
    assert np.isnan(found[75, 2])  # the bar five sessions before it is missing


def test_volatilities_equal_those_of_pandas():
    returns = np.random.default_rng(5).normal(0, 0.02, (N_DAYS, N_ASSETS))
    returns[80, 1] = np.nan
    returns[95:110, 2] = np.nan
    days = list(range(62, N_DAYS))
    batch = batch_of({("returns_daily", "ret_1d"): returns}, days, sessions=63)
    (rows,) = VOLATILITY.compute(batch, VolatilityConfig()).rows
    for k in (21, 63):
        expected = pd.DataFrame(returns).rolling(k, min_periods=2 * k // 3).std(ddof=1).to_numpy() * np.sqrt(
            252.0
        )
        found = as_panel(rows, f"vol_{k}d")[62:]
        np.testing.assert_allclose(found, expected[62:], rtol=1e-12, atol=1e-14)


def test_a_missing_bar_takes_no_volatility_away_and_a_third_of_the_window_does():
    returns = np.random.default_rng(6).normal(0, 0.02, (63, 3))
    returns[-2:, 0] = np.nan  # a bar that was missing yesterday: no return then, nor today
    returns[:21, 1] = np.nan
    returns[:22, 2] = np.nan
    batch = batch_of({("returns_daily", "ret_1d"): returns}, [62], sessions=63)
    (rows,) = VOLATILITY.compute(batch, VolatilityConfig()).rows
    assert np.isnan(as_panel(rows, "vol_63d")[62, :3]).tolist() == [False, False, True]
    returns[-8:] = np.nan  # 13 returns are left among 21, 42 and more among 63
    returns[:21] = 0.01
    batch = batch_of({("returns_daily", "ret_1d"): returns}, [62], sessions=63)
    (rows,) = VOLATILITY.compute(batch, VolatilityConfig()).rows
    assert np.isnan(as_panel(rows, "vol_21d")[62, :3]).all()
    assert not np.isnan(as_panel(rows, "vol_63d")[62, :3]).any()


def test_a_batch_equals_its_dates_one_by_one_bit_for_bit():
    given = market()
    given["adjusted_close"] = adjusted_by(given)
    whole = returns_of(given)
    for day in (21, 60, 61, 72, 104, 121, N_DAYS - 1):
        alone = returns_of(given, [day])
        for name in ("ret_1d", "ret_5d", "ret_21d"):
            assert as_panel(whole, name)[day].tobytes() == as_panel(alone, name)[day].tobytes()


def test_where_the_data_begins_changes_no_return():
    given = market()
    given["adjusted_close"] = adjusted_by(given)
    cut = {name: np.where(np.arange(N_DAYS)[:, None] < 79, np.nan, values) for name, values in given.items()}
    for name in ("ret_1d", "ret_5d", "ret_21d"):
        whole, short = as_panel(returns_of(given), name), as_panel(returns_of(cut), name)
        assert whole[100:].tobytes() == short[100:].tobytes()


def test_nothing_after_a_date_changes_its_returns():
    given = market()
    given["adjusted_close"] = adjusted_by(given)
    scrambled = {name: values.copy() for name, values in given.items()}
    for values in scrambled.values():
        values[101:] = np.random.default_rng(1).uniform(1, 100, values[101:].shape)
    for name in ("ret_1d", "ret_5d", "ret_21d"):
        whole = as_panel(returns_of(given), name)
        assert whole[:101].tobytes() == as_panel(returns_of(scrambled), name)[:101].tobytes()


def test_a_market_without_prices_gives_no_rows():
    empty = {name: np.full((N_DAYS, 1), np.nan) for name in PRICE_COLUMNS}
    assert len(returns_of(empty)) == 0
