"""Factor returns against pandas, and what they may see."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from prometheus.domain.market.config import FactorsConfig
from prometheus.domain.market.factors import FACTORS, REACH, shares_with_splits, splits_are_told
from prometheus.domain.market.factors_step import FACTOR_RETURNS, LEFT_OUT, PRICE_COLUMNS, SPLITS_TOLD
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.step import Output
from tests.unit.market.panels import assets_of, batch_of

N_DAYS, N_ASSETS = 330, 16
DATES = np.busday_offset("2020-01-01", np.arange(N_DAYS), roll="forward").astype("datetime64[D]")
CONFIG = FactorsConfig()
FACTS = ("book", "shares", "quality")
AS_OF = np.repeat(DATES.astype(np.float64)[:, np.newaxis], N_ASSETS, axis=1)
Prices = dict[str, NDArray[np.float64]]


def market(seed: int = 3) -> Prices:
    """Return prices as traded, with a split, dividends, gaps, a late listing and a delisting."""
    draws = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(draws.normal(0, 0.02, (N_DAYS, N_ASSETS)), axis=0))
    split, dividend = np.full_like(close, np.nan), np.full_like(close, np.nan)
    split[290, 0], dividend[100, 0], dividend[200:320:30, 1] = 3.0, 0.5, 0.75
    close[290:, 0] /= 3.0
    close[[60, 61, 280, 305], 2] = close[:200, 3] = close[310:, 4] = np.nan
    return {"close": close, "adjusted_close": close, "split": split, "dividend": dividend}


def profiles(seed: int = 9) -> dict[str, NDArray[np.float64]]:
    draws = np.random.default_rng(seed)
    out = {name: draws.normal(3.0, 1.0, (N_DAYS, N_ASSETS)) for name in FACTS}
    out["shares"] = np.abs(out["shares"]) + 0.1
    out["book"] -= 1.5  # some have none left
    out["book"][:300] = np.nan  # no name has some before day 300
    out["quality"][:, :3] = np.nan
    return out


def output_of(
    prices: Prices,
    days: list[int],
    *,
    facts: dict[str, NDArray[np.float64]] | None = None,
    classes: object = None,
    as_of: NDArray[np.float64] = AS_OF,
    issuers: tuple[str, ...] | None = None,
    reference: dict[str, Any] | None = None,
) -> Output:
    facts = profiles() if facts is None else facts
    values = {("prices_daily", name): prices[name] for name in PRICE_COLUMNS}
    told = np.where(np.isnan(prices["close"]), np.nan, 1.0)
    values["prices_daily", SPLITS_TOLD] = prices.get(SPLITS_TOLD, told)
    for name in FACTS:
        values["profiles", getattr(CONFIG, name)] = facts[name]
    values["profiles", "as_of_date"] = as_of
    assets = assets_of([f"N{i:02d}" for i in range(N_ASSETS)], classes=classes)  # type: ignore[arg-type]
    batch = batch_of(
        values,
        days,
        dates=DATES,
        assets=replace(assets, issuers=assets.issuers if issuers is None else issuers, **(reference or {})),
        reads={"prices_daily": (REACH, 0), "profiles": (1, 1)},
    )
    return FACTOR_RETURNS.compute(batch, CONFIG)


def rows_of(prices: Prices, days: list[int], **options: Any) -> Rows:
    (rows,) = output_of(prices, days, **options).rows
    return rows


def counts_of(rows: Rows) -> list[dict[str, int]]:
    return [json.loads(text) for text in rows.values("metadata")]


def frame_of(rows: Rows) -> pd.DataFrame:
    """Return rows as a frame: days by factors."""
    factors = rows.columns["factor_id"]
    assert isinstance(factors, Coded)
    names = [text.removeprefix("US_EQ:") for text in factors.texts()]
    frame = pd.DataFrame({"day": rows.day, "factor": names, "value": rows.floats("value")})
    return frame.pivot(index="day", columns="factor", values="value").reindex(columns=list(FACTORS))


def by_pandas(prices: Prices, facts: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Return the factors by the words of their definitions."""
    growth = np.where(np.isnan(prices["split"]), 1.0, prices["split"])
    growth = growth + np.where(np.isnan(prices["dividend"]), 0.0, prices["dividend"] / prices["close"])
    levels = pd.DataFrame(prices["close"] * np.nancumprod(growth, axis=0))
    returns = levels.pct_change(fill_method=None)
    book = pd.DataFrame(facts["book"]).shift(1)
    close, is_there = pd.DataFrame(prices["close"]).shift(1), levels.shift(1).notna()
    signals = {
        "MOM": (levels.shift(21) / levels.shift(251) - 1.0).where(returns.shift(21).notna()),
        "STREV": 1.0 - levels.shift(1) / levels.shift(22),
        "LOWVOL": -returns.shift(1).rolling(252, min_periods=126).std(),
        "VALUE": book.where(book > 0.0) / (pd.DataFrame(facts["shares"]).shift(1) * close),
        "QUALITY": pd.DataFrame(facts["quality"]).shift(1),
    }
    out = {"MKT": returns.mean(axis=1).where(returns.count(axis=1) >= CONFIG.min_names)}
    for name, signal in signals.items():
        signal = signal.where(is_there)
        low, high = signal.quantile(0.3, axis=1), signal.quantile(0.7, axis=1)
        winners = returns.where(signal.gt(high, axis=0)).mean(axis=1)
        losers = returns.where(signal.le(low, axis=0)).mean(axis=1)
        out[name] = (winners - losers).where(signal.count(axis=1) >= CONFIG.min_names)
    return pd.DataFrame(out)


DAYS = list(range(REACH - 1, N_DAYS))


def test_factors_are_those_of_pandas_to_twelve_digits() -> None:
    found = frame_of(rows_of(market(), DAYS))
    expected = by_pandas(market(), profiles()).iloc[DAYS]
    assert set(found.columns[found.notna().any()]) == set(FACTORS)
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-12, atol=1e-14)
    assert found["VALUE"].first_valid_index() == 301  # the session after the first profiles


def test_a_day_alone_has_the_same_bits_as_in_a_batch() -> None:
    whole = frame_of(rows_of(market(), DAYS))
    for day in (REACH - 1, 281, 291, 306, N_DAYS - 1):
        alone = frame_of(rows_of(market(), [day]))
        assert alone.loc[day].to_numpy().tobytes() == whole.loc[day].to_numpy().tobytes()


def test_legs_are_formed_at_the_close_before_and_only_the_return_is_of_the_day() -> None:
    day, prices, facts = 300, market(), profiles()
    before = frame_of(rows_of(prices, [day], facts=facts)).loc[day]
    later = {name: values.copy() for name, values in facts.items()}
    for values in later.values():
        values[day:] = np.random.default_rng(1).normal(size=values[day:].shape)
    assert (
        frame_of(rows_of(prices, [day], facts=later)).loc[day].to_numpy().tobytes()
        == before.to_numpy().tobytes()
    )
    moved = {name: values.copy() for name, values in prices.items()}
    for name in ("close", "adjusted_close"):
        moved[name][day] *= 1.1  # every name returns ten percent more of what one unit became
    held = frame_of(rows_of(moved, [day], facts=facts)).loc[day]
    for name in FACTORS[1:]:
        if not np.isnan(before[name]):
            assert held[name] == pytest.approx(1.1 * before[name], abs=1e-12)
    assert 1.0 + held["MKT"] == pytest.approx(1.1 * (1.0 + before["MKT"]), abs=1e-12)


def test_a_day_with_too_few_names_has_no_row() -> None:
    prices = market()
    prices["close"][320, 9:] = np.nan  # nine names are left
    found = frame_of(rows_of(prices, [319, 320, 321, 322]))
    assert not np.isnan(found.loc[319, ["MKT", "MOM"]].astype(float)).any()
    assert 320 not in found.index or np.isnan(found.loc[320, "MKT"])
    assert 321 not in found.index or found.loc[321].isna().all()  # too few had a bar the day before


def test_without_profiles_there_is_no_value_and_no_quality() -> None:
    nothing = {name: np.full((N_DAYS, N_ASSETS), np.nan) for name in FACTS}
    found = frame_of(rows_of(market(), DAYS, facts=nothing))
    assert found[["VALUE", "QUALITY"]].isna().all(axis=None)
    assert found[["MKT", "MOM", "STREV", "LOWVOL"]].notna().any().all()


def test_funds_and_indices_take_no_part() -> None:
    classes = ["EQUITY"] * (N_ASSETS - 1) + ["ETF"]
    found = rows_of(market(), DAYS, classes=classes)
    assert max(counts["n_names"] for counts in counts_of(found)) == N_ASSETS - 1
    none = rows_of(market(), DAYS, classes=["INDEX"] * N_ASSETS)
    assert len(none) == 0


def test_every_row_says_how_many_names_it_rests_on() -> None:
    market_row, *sorted_rows = counts_of(rows_of(market(), [306]))
    assert market_row == {"n_names": 15}  # one had no bar the day before; there are no legs
    assert all(row["n_high"] >= 3 and row["n_low"] >= 3 for row in sorted_rows)
    assert all(row["n_names"] >= CONFIG.min_names for row in sorted_rows)


def carried(first: int) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Return profiles of one session that are carried on, and their dates."""
    facts, as_of = profiles(), AS_OF.copy()
    facts["book"] = np.abs(facts["book"]) + 0.1
    for values in (*facts.values(), as_of):
        values[:first] = np.nan
        values[first:] = values[first].copy()
    facts["book"][first:] = np.abs(profiles()["quality"][first]) + np.arange(1, N_ASSETS + 1)
    as_of[first:] = AS_OF[first]
    return facts, as_of


def test_a_split_leaves_value_as_it_was_until_the_shares_are_counted_again() -> None:
    whole, parted = market(), market()
    for prices, ratio in ((whole, 1.0), (parted, 7.0)):
        prices["close"] = prices["adjusted_close"] = prices["close"].copy()
        prices["close"][:, 3:5] = 50.0
        prices["split"] = np.full_like(prices["close"], np.nan)
        prices["split"][320, 5] = ratio
        prices["close"][320:, 5] /= ratio
    facts, as_of = carried(300)
    found, expected = (frame_of(rows_of(p, DAYS, facts=facts, as_of=as_of))["VALUE"] for p in (parted, whole))
    assert found.first_valid_index() == 301
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-12, atol=1e-14)
    alone = frame_of(rows_of(parted, [325], facts=facts, as_of=as_of))
    assert alone["VALUE"].loc[325] == found.loc[325]


def test_only_splits_after_the_profile_and_before_the_day_count() -> None:
    split = np.full((300, 1), np.nan)
    split[[280, 285, 290], 0] = 2.0, 3.0, 5.0
    places = np.array([285, 286, 290, 291])
    since = places[:, np.newaxis] - 1 - 280  # a profile of the day of the first split has it
    shares = np.full((4, 1), 10.0)
    assert shares_with_splits(shares, since, split, places).ravel().tolist() == [10.0, 30.0, 30.0, 150.0]


def test_a_profile_from_before_the_prices_has_no_value() -> None:
    places = np.full(3, REACH - 1)
    since = np.array([[REACH - 1], [REACH], [-1]])
    split = np.full((REACH, 1), np.nan)
    split[0] = 2.0
    found = shares_with_splits(np.ones((3, 1)), since, split, places).ravel()
    np.testing.assert_array_equal(found, [2.0, np.nan, np.nan])


def test_issuers_with_several_instruments_have_no_value() -> None:
    ids = tuple(f"N{i:02d}" for i in range(N_ASSETS))
    facts, as_of = carried(300)
    plain, shared = (
        counts_of(rows_of(market(), [325], facts=facts, as_of=as_of, issuers=issuers))
        for issuers in (ids, (*ids[:-2], "SAME", "SAME"))
    )
    place = FACTORS.index("VALUE")
    assert plain[place]["n_names"] - shared[place]["n_names"] == 2


def test_classes_of_shares_count_from_the_day_that_anything_tells_of_them_until_they_are_delisted() -> None:
    ids = tuple(f"N{i:02d}" for i in range(N_ASSETS))
    issuers = (*ids[:-2], "SAME", "SAME")
    facts, as_of = carried(300)
    begins = 320
    late = {name: values.copy() for name, values in market().items()}
    for values in late.values():
        values[:begins, -1] = np.nan
    without = {name: values.copy() for name, values in late.items()}
    for values in without.values():
        values[:, -1] = np.nan
    never = np.full(N_ASSETS, np.datetime64("NaT", "D"))

    def with_last(day: np.datetime64) -> NDArray[np.datetime64]:
        return np.where(np.arange(N_ASSETS) == N_ASSETS - 1, day, never)

    def n_names(prices: Prices, day: int, **reference: NDArray[np.datetime64]) -> int:
        rows = rows_of(prices, [day], facts=facts, as_of=as_of, issuers=issuers, reference=reference)
        return int(counts_of(rows)[FACTORS.index("VALUE")]["n_names"])

    days = (begins, begins + 1)  # t-1 is the last day without the second class, and the first with it
    alone = rows_of(without, [begins], facts=facts, as_of=as_of)
    most = int(counts_of(alone)[FACTORS.index("VALUE")]["n_names"])
    assert [n_names(late, day) for day in days] == [most, most - 1]
    assert [n_names(without, day) for day in days] == [most] * 2
    told = with_last(DATES[begins])
    assert [n_names(without, day, told_since=told) for day in days] == [most, most - 1]
    both = {"told_since": with_last(DATES[0]), "delisted": told}
    assert [n_names(without, day, **both) for day in days] == [most - 1, most]


def test_names_whose_closes_may_have_been_adjusted_backwards_have_no_value_and_are_counted() -> None:
    facts, as_of = carried(300)
    prices = market()
    told = np.where(np.isnan(prices["close"]), np.nan, 1.0)
    told[:, 5:7] = np.nan
    plain, without = (
        output_of(one, [325], facts=facts, as_of=as_of) for one in (prices, {**prices, SPLITS_TOLD: told})
    )
    place = FACTORS.index("VALUE")
    before, after = (counts_of(one.rows[0])[place] for one in (plain, without))
    assert before["n_names"] - after["n_names"] == 2
    assert (before.get("n_splits_not_told"), after["n_splits_not_told"]) == (None, 2)
    assert (plain.input_summaries, without.input_summaries) == ([{}], [{"left_out": {LEFT_OUT: 2}}])
    nobody = output_of({**prices, SPLITS_TOLD: np.full_like(told, np.nan)}, [325], facts=facts, as_of=as_of)
    assert "VALUE" not in frame_of(nobody.rows[0]).dropna(axis=1).columns
    assert "QUALITY" in frame_of(nobody.rows[0]).dropna(axis=1).columns


def test_a_panel_that_was_adjusted_backwards_gives_no_value_that_knows_of_later_splits() -> None:
    facts, as_of = carried(300)
    as_traded, adjusted = market(), market()
    adjusted["close"] = adjusted["adjusted_close"] = adjusted["close"].copy()
    adjusted["close"][:328, 6] /= 7.0  # a split on day 328, which no day before it can know
    adjusted[SPLITS_TOLD] = np.full_like(adjusted["close"], np.nan)
    value = {
        name: frame_of(rows_of(prices, [325], facts=facts, as_of=as_of))["VALUE"]
        for name, prices in (("as traded", as_traded), ("adjusted", adjusted))
    }
    assert value["as traded"].notna().all()
    assert value["adjusted"].isna().all()


def test_every_bar_since_the_profile_must_be_told_and_the_last_one_at_least() -> None:
    told = np.array([1.0, np.nan, 1.0, 1.0, np.nan, 1.0, np.nan, np.nan])[:, np.newaxis]
    has_bar = np.array([True, True, True, True, False, True, True, False])[:, np.newaxis]
    places = np.array([3, 3, 4, 6, 6, 7, 8])
    since = np.array([0, 1, 2, 2, 4, 0, 0])[:, np.newaxis]  # profiles of rows 2, 1, 1, 3, 1, 6, 7
    found = splits_are_told(told, has_bar, since, places).ravel().tolist()
    assert found == [True, True, True, True, True, False, False]
    deep = splits_are_told(told, has_bar, np.array([[3]]), np.array([4])).ravel().tolist()
    assert deep == [False]  # the bar of row 1 came from elsewhere
