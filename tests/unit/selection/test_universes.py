from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from prometheus.domain.selection.config import UniversesConfig
from prometheus.domain.selection.steps import UNIVERSES
from prometheus.flow.memberships import index_members
from prometheus.flow.rows import Rows
from prometheus.kernel.errors import UnknownInstrumentError
from tests.unit.selection.worlds import World, world

DAYS = list(range(60, 140))


def short(**settings: Any) -> UniversesConfig:
    return UniversesConfig(**{"history_window": 30, "min_history": 25, **settings})


def chosen(here: World, days: list[int], config: UniversesConfig) -> Rows:
    return UNIVERSES.compute(here.batch(UNIVERSES.reads(config), days), config).rows[0]


def tiers(rows: Rows, day: int) -> dict[str, tuple[tuple[str, ...], dict[str, Any]]]:
    part = rows.on(day)
    return {
        tier: (ids, json.loads(text))
        for tier, ids, text in zip(
            part.values("tier"), part.values("instrument_ids"), part.values("metadata"), strict=True
        )
    }


def reason(here: World, config: UniversesConfig, name: str, day: int = 100) -> dict[str, Any] | None:
    found = tiers(chosen(here, [day], config), day)
    if name in found["CORE"][0]:
        return None
    ids, metadata = found["EXCLUDED"]
    assert name in ids
    return metadata["reasons"][name]


def test_every_known_name_is_in_one_tier_ascending_by_id() -> None:
    here = world()
    rows = chosen(here, DAYS, short(min_dollar_volume=2e6, max_staleness=2))
    close = here.columns["close"]
    for day in DAYS:
        found = tiers(rows, day)
        core, out = found["CORE"][0], found.get("EXCLUDED", ((), {}))[0]
        assert list(core) == sorted(core)
        assert list(out) == sorted(out)
        known = ~np.isnan(close[day - 29 : day + 1]).all(axis=0)
        assert sorted(core + out) == [here.assets.ids[j] for j in np.flatnonzero(known)]
        if out:
            assert found["EXCLUDED"][1]["reasons"].keys() == set(out)


def test_each_rule_gives_what_was_found_and_the_limit() -> None:
    here = world(with_gaps=False)
    close, volume = here.columns["close"].copy(), here.columns["volume"].copy()
    close[:90, 1] = np.nan
    close[100, 2] = np.nan
    close[100, 3] = 0.5
    volume[:, 4] = 10.0
    volume[:, 5] = np.nan
    here = here.changed(close=close, volume=volume)
    delisted = here.assets.delisted.copy()
    delisted[6] = here.sessions.dates[100]
    delisted[7] = here.sessions.dates[101]
    here = replace(here, assets=replace(here.assets, delisted=delisted))
    config = short(min_close=1.0, min_dollar_volume=1e5)
    assert reason(here, config, "US_EQ:N01") == {"rule": "min_history", "found": 11, "limit": 25}
    assert reason(here, config, "US_EQ:N02") == {"rule": "max_staleness", "found": 1, "limit": 0}
    assert reason(here, config, "US_EQ:N03") == {"rule": "min_close", "found": 0.5, "limit": 1.0}
    few = reason(here, config, "US_EQ:N04")
    assert few is not None
    assert few["found"] == pytest.approx(10.0 * close[38:101, 4].mean())
    assert reason(here, config, "US_EQ:N05") == {"rule": "min_dollar_volume", "found": None, "limit": 1e5}
    assert reason(here, config, "US_EQ:N06") == {
        "rule": "delisted", "found": str(here.sessions.dates[100]), "limit": None,
    }  # fmt: skip
    assert reason(here, config, "US_EQ:N07") is None
    named = short(instruments=("N00", "US_EQ:N08"))
    assert reason(here, named, "US_EQ:N00") is None
    assert reason(here, named, "US_EQ:N08") is None
    assert reason(here, named, "US_EQ:N09") == {"rule": "instruments", "found": None, "limit": "named"}
    funds = short(asset_classes=("ETF",))
    assert reason(here, funds, "US_EQ:N00") == {"rule": "asset_classes", "found": "EQUITY", "limit": ["ETF"]}


def test_a_universe_of_an_index_holds_its_members_of_the_day() -> None:
    here = world(with_gaps=False)
    left, joined = str(here.sessions.dates[100]), str(here.sessions.dates[101])
    spans = [(0, "SP500", "1996-01-02", None), (1, "SP500", None, left), (2, "SP500", joined, None)]
    here = replace(here, assets=replace(here.assets, members=index_members(spans)))
    config = short(index="SP500")
    assert tiers(chosen(here, [100], config), 100)["CORE"][0] == ("US_EQ:N00", "US_EQ:N01")
    assert tiers(chosen(here, [101], config), 101)["CORE"][0] == ("US_EQ:N00", "US_EQ:N02")
    assert reason(here, config, "US_EQ:N02") == {"rule": "not_a_member", "found": None, "limit": "SP500"}
    batch = chosen(here, DAYS, config)
    for day in DAYS:
        assert tiers(batch, day) == tiers(chosen(here, [day], config), day)


def test_an_index_that_nobody_was_in_is_an_error() -> None:
    with pytest.raises(UnknownInstrumentError, match="known indices: none"):
        chosen(world(), [100], short(index="SP500"))


def test_a_setting_that_is_not_used_leaves_the_id_of_the_config_alone() -> None:
    assert "index" not in UniversesConfig().canonical_body()
    assert UniversesConfig(index="SP500").config_id != UniversesConfig().config_id


def test_core_is_written_when_nobody_is_in_it_and_names_the_rules() -> None:
    found = tiers(chosen(world(), [100], short(min_close=1e9)), 100)
    assert found["CORE"][0] == ()
    assert found["CORE"][1]["rules"]["min_close"] == 1e9
    assert "EXCLUDED" not in tiers(chosen(world(with_gaps=False), [100], short()), 100)


def test_a_batch_equals_its_dates_one_by_one() -> None:
    here = world()
    config = short(min_dollar_volume=2e6, min_close=40.0)
    batch = chosen(here, DAYS, config)
    for day in DAYS:
        assert tiers(batch, day) == tiers(chosen(here, [day], config), day)


def test_nothing_after_a_day_changes_its_universe() -> None:
    here = world()
    config = short(min_dollar_volume=2e6, min_close=40.0)
    before, after = chosen(here, DAYS, config), chosen(here.scrambled_after(100), DAYS, config)
    for day in range(DAYS[0], 101):
        assert tiers(before, day) == tiers(after, day)


def test_memberships_that_stay_the_same_are_kept_once() -> None:
    rows = chosen(world(with_gaps=False), DAYS, short())
    assert len(rows) == len(DAYS)
    assert len(rows.columns["instrument_ids"].values) == 1  # type: ignore[union-attr]


def test_before_the_first_price_the_universe_is_empty() -> None:
    here = world(with_gaps=False)
    assert tiers(chosen(here, [3], short()), 3)["CORE"][0] == ()
    assert len(tiers(chosen(here, [24], short()), 24)["CORE"][0]) == 12


def test_an_unknown_name_in_the_allow_list_is_an_error() -> None:
    with pytest.raises(UnknownInstrumentError, match="called ENRON"):
        chosen(world(), [100], short(instruments=("N00", "ENRON")))


def test_a_history_longer_than_its_window_is_refused() -> None:
    with pytest.raises(ValidationError, match="raise history_window"):
        UniversesConfig(history_window=100, min_history=101)


def test_an_asset_class_that_nobody_scores_is_refused() -> None:
    with pytest.raises(ValidationError, match="asset_classes"):
        UniversesConfig.model_validate({"asset_classes": ["EQUITIES"]})


def test_an_allow_list_of_nobody_is_refused() -> None:
    with pytest.raises(ValidationError, match="instruments"):
        UniversesConfig(instruments=())


def test_volumes_are_read_only_when_they_are_asked_for() -> None:
    assert UNIVERSES.reads(short())[0].columns == ("close",)
    assert UNIVERSES.reads(short(min_dollar_volume=1.0))[0].sessions == 63
