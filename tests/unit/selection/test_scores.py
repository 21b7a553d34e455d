from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from prometheus.domain.selection.config import ScoresConfig
from prometheus.domain.selection.steps import SCORES
from prometheus.flow.rows import Rows
from prometheus.kernel.errors import ConfigError
from tests.unit.selection.worlds import World, world

DAYS = list(range(90, 150))


def short(**settings: Any) -> ScoresConfig:
    """Settings whose history fits into a small world: the two families that need no year."""
    body = {"weights": {"reversal_5d": 2.0, "low_volatility": -1.0}, "horizon_days": 5, "ic_sessions": 20}
    return ScoresConfig(**{**body, **settings})


def scored(world: World, days: list[int], config: ScoresConfig) -> Rows:
    return SCORES.compute(world.batch(SCORES.reads(config), days), config).rows[0]


def of_day(rows: Rows, day: int) -> dict[str, tuple[Any, ...]]:
    part = rows.on(day)
    names = ("score", "expected_return", "confidence", "signal_label")
    columns = [part.values(name) for name in names]
    components = [tuple(row) for row in part.columns["alpha_components"].values.tolist()]  # type: ignore[union-attr]
    return {
        one: (*values, str(parts))
        for one, *values, parts in zip(part.values("instrument_id"), *columns, components, strict=True)
    }


@pytest.mark.parametrize("standardise", ["zscore", "rank", "none"])
@pytest.mark.parametrize("winsorise", [0.0, 0.1])
def test_the_components_add_up_to_the_score(standardise: str, winsorise: float) -> None:
    rows = scored(world(), DAYS, short(standardise=standardise, winsorise=winsorise))
    components = rows.columns["alpha_components"]
    assert components.names == ("low_volatility", "reversal_5d")  # type: ignore[union-attr]
    total = np.nansum(components.values, axis=1)  # type: ignore[union-attr]
    assert np.abs(total - rows.floats("score")).max() <= 1e-12


def test_without_standardising_a_single_family_is_its_raw_value_bit_for_bit() -> None:
    here = world()
    config = ScoresConfig(weights={"reversal_5d": 3.0}, winsorise=0.0, standardise="none", price="close")
    rows = scored(here, DAYS, config)
    close = here.columns["close"]
    for day, instrument, score in zip(
        rows.day.tolist(), rows.codes("instrument_id").tolist(), rows.floats("score").tolist(), strict=True
    ):
        assert score == -(close[day, instrument] / close[day - 5, instrument] - 1.0)


def test_momentum_leaves_the_last_month_out() -> None:
    here = world(n_days=300, with_gaps=False)
    config = ScoresConfig(weights={"momentum_12_1": 1.0}, winsorise=0.0, standardise="none")
    price = here.columns["adjusted_close"]
    rows = scored(here, [252, 280], config)
    expected = np.concatenate([price[t - 21] / price[t - 252] - 1.0 for t in (252, 280)])
    assert rows.floats("score").tolist() == expected.tolist()
    assert len(scored(here, [251], config)) == 0


@pytest.mark.parametrize("standardise", ["zscore", "rank", "none"])
def test_a_higher_signal_never_has_a_lower_score(standardise: str) -> None:
    here = world(with_gaps=False)
    config = ScoresConfig(weights={"reversal_5d": 1.0}, standardise=standardise)
    close = here.columns["adjusted_close"]
    raw = -(close[100] / close[95] - 1.0)
    scores = scored(here, [100], config).floats("score")
    assert (np.diff(scores[np.argsort(raw)]) >= 0.0).all()


def test_a_batch_equals_its_dates_one_by_one_bit_for_bit() -> None:
    here = world()
    batch = scored(here, DAYS, short())
    for day in DAYS:
        alone = scored(here, [day], short())
        assert repr(of_day(batch, day)) == repr(of_day(alone, day))
    sparse = scored(here, DAYS[::7], short())
    for day in DAYS[::7]:
        assert repr(of_day(batch, day)) == repr(of_day(sparse, day))


def test_nothing_after_a_day_changes_its_scores() -> None:
    here = world()
    before = scored(here, DAYS, short())
    after = scored(here.scrambled_after(DAYS[30]), DAYS, short())
    for day in DAYS[:31]:
        assert repr(of_day(before, day)) == repr(of_day(after, day))
    assert repr(of_day(before, DAYS[31])) != repr(of_day(after, DAYS[31]))


def test_the_order_of_instruments_and_names_without_prices_change_nothing() -> None:
    here = world(with_gaps=False)
    # The last name never trades; alone it must not move the others.
    empty = {k: np.hstack([v[:, :-1], np.full((len(v), 1), np.nan)]) for k, v in here.columns.items()}
    with_empty = here.changed(**empty)
    without = World(
        here.sessions, here.permuted(np.arange(11)).assets, {k: v[:, :11] for k, v in here.columns.items()}
    )
    assert repr(of_day(scored(with_empty, [100], short()), 100)) == repr(
        of_day(scored(without, [100], short()), 100)
    )
    order = np.random.default_rng(3).permutation(12)
    plain, turned = (of_day(scored(one, [100], short()), 100) for one in (here, here.permuted(order)))
    assert plain.keys() == turned.keys()
    for name, row in plain.items():
        assert row[:3] == pytest.approx(turned[name][:3], abs=1e-12)
        assert row[3] == turned[name][3]


def test_the_estimated_skill_is_scipys_rank_correlation_of_what_was_known() -> None:
    here = world()
    config = short(ic_prior=30.0)
    day = 120
    past = range(day - 5 - 19, day - 5 + 1)
    rows = scored(here, [*past, day], config)
    price = here.columns["adjusted_close"]
    found = []
    for s in past:
        part = rows.on(s)
        codes = part.codes("instrument_id")
        last = [price[s : s + 6, j][~np.isnan(price[s : s + 6, j])][-1] for j in codes]
        found.append(stats.spearmanr(part.floats("score"), np.array(last) / price[s, codes] - 1.0).statistic)
    mean, n = np.mean(found), len(found)
    shrunk = mean * n / (n + 30.0)
    output = SCORES.compute(here.batch(SCORES.reads(config), [day]), config)
    assert output.proposed_actions[0]["ic"] == pytest.approx(shrunk, abs=1e-12)
    part = rows.on(day)
    codes = part.codes("instrument_id")
    sigma = here.columns["vol_63d"][day, codes]
    sigma = np.where(np.isnan(sigma), np.nanmedian(sigma), sigma) * np.sqrt(5.0 / 252.0)
    expected = shrunk * sigma * stats.zscore(part.floats("score"))
    assert part.floats("expected_return") == pytest.approx(expected, abs=1e-12)
    t = mean / (np.std(found, ddof=1) / np.sqrt(n / 5.0))
    full = n / (n + 30.0) * min(1.0, abs(t) / 2.0)
    assert part.floats("confidence").max() == pytest.approx(full, abs=1e-12)


def test_a_missing_family_lowers_confidence_and_leaves_its_key_out() -> None:
    here = world()
    columns = here.columns["vol_63d"].copy()
    columns[100, 5] = np.nan
    rows = scored(here.changed(vol_63d=columns), [100], short()).on(100)
    place = rows.codes("instrument_id").tolist().index(5)
    assert np.isnan(rows.columns["alpha_components"].values[place]).tolist() == [True, False]  # type: ignore[union-attr]
    assert rows.floats("confidence")[place] == pytest.approx(rows.floats("confidence").max() * 2 / 3)


def test_without_history_nothing_is_expected_and_nothing_is_sure() -> None:
    rows = scored(world(with_gaps=False), [8], short(weights={"reversal_5d": 1.0}))
    assert len(rows) == 12
    assert (rows.floats("expected_return") == 0.0).all()
    assert (rows.floats("confidence") == 0.0).all()


def test_confidence_stays_between_0_and_1_and_labels_follow_the_score() -> None:
    rows = scored(world(), DAYS, short())
    confidence = rows.floats("confidence")
    assert (confidence >= 0.0).all()
    assert (confidence <= 1.0).all()
    order = ["STRONG_SELL", "SELL", "HOLD", "BUY", "STRONG_BUY"]
    for day in DAYS:
        part = rows.on(day)
        labels = np.array([order.index(one) for one in part.values("signal_label")])
        assert (np.diff(labels[np.argsort(part.floats("score"))]) >= 0).all()
        assert {0, 4} <= set(labels.tolist())


@pytest.mark.parametrize("n_assets", [1, 2])
def test_a_world_of_one_or_two_names_has_scores_without_an_estimate(n_assets: int) -> None:
    rows = scored(world(n_assets=n_assets, with_gaps=False), [100], short())
    assert len(rows) == n_assets
    assert (rows.floats("expected_return") == 0.0).all()
    assert rows.values("signal_label")[0] in ({"HOLD"} if n_assets == 1 else {"STRONG_BUY", "STRONG_SELL"})


def test_an_empty_world_gives_no_rows() -> None:
    here = world(n_assets=3)
    nothing = {name: np.full_like(values, np.nan) for name, values in here.columns.items()}
    output = SCORES.compute(here.changed(**nothing).batch(SCORES.reads(short()), [100, 101]), short())
    assert len(output.rows[0]) == 0
    assert [one["n_scored"] for one in output.proposed_actions] == [0, 0]


def test_indices_and_cash_are_not_scored() -> None:
    here = world(with_gaps=False)
    classes = ("INDEX", "ETF", "CASH", *["EQUITY"] * 9)
    assets = here.assets
    here = World(here.sessions, type(assets)(
        assets.ids, assets.symbols, assets.digests, assets.issuers, assets.sectors, classes,
        assets.currencies, assets.delisted,
    ), here.columns)  # fmt: skip
    assert sorted(set(scored(here, [100], short()).codes("instrument_id").tolist())) == [1, *range(3, 12)]


def test_a_family_without_weight_is_not_read() -> None:
    config = ScoresConfig(weights={"reversal_5d": 1.0, "momentum_12_1": 0.0})
    (prices, volatility) = SCORES.reads(config)
    assert (prices.table, prices.columns) == ("prices_daily", ("adjusted_close",))
    assert prices.sessions == 6 + 21 + 252 - 1
    assert (volatility.columns, volatility.sessions) == (("vol_63d",), 1)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="no alpha family is called carry; there are low_volatility, "):
        ScoresConfig.parsed({"weights": {"carry": 1.0}}, where="scores")
    for wrong in (
        {"weights": {}}, {"weights": {"reversal_5d": 0.0}}, {"winsorise": 0.5}, {"horizon_days": 0},
        {"label_cutoffs": (0.1, 0.1, 0.5, 0.6)}, {"price": "open"}, {"standardise": "minmax"},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            ScoresConfig(**wrong)
