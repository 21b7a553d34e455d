"""What the soft rules find in panels of one to sixty names, calm and harsh, and what they say of true bars.

Sizes matter: a rule that leans on a cross-section must still say something sensible of one file.
"""

from collections import Counter

import polars as pl
import pytest

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality import SOFT_RULES, quality_flags
from tests.deliveries import shared
from tests.unit.market.harsh_world import harsh_bars
from tests.unit.market.quality_world import DEFECTS, KEY, PRICES, SESSIONS, Draft, places
from tests.unit.market.test_quality import documented
from tests.unit.market.test_quality_on_real_bars import N_SESSIONS, panel

SUSPECT = {rule.name for rule in SOFT_RULES if rule.severity == "suspect"}
PLANS = {1: (10, 2), 3: (6, 4), 12: (3, 12), 60: (1, 60)}
"""Names in a panel: how many panels, and defects in each."""

__all__ = ["panel"]


def flags_of(bars: pl.DataFrame) -> pl.DataFrame:
    return quality_flags(bars, sessions=SESSIONS, config=QualityConfig())


def measured(panels, n: int) -> dict[str, tuple[int, int, int]]:
    """Return for each rule how many rows were spoilt, found among them, and found in all but before."""
    found: dict[str, Counter] = {rule: Counter() for rule in DEFECTS}
    for seed, bars in enumerate(panels):
        n_names = bars["instrument_id"].n_unique()
        before = flags_of(bars)
        for rule, defect in DEFECTS.items():
            if rule == "twin_series" and n_names < 2:
                continue
            spoilt, keys = defect(bars, min(n, n_names // 2, 4) if rule == "twin_series" else n, seed)
            own = flags_of(spoilt).filter(pl.col("rule") == rule).join(before, on=[*KEY, "rule"], how="anti")
            found[rule].update(planted=keys.height, found=own.height, right=own.join(keys, on=KEY).height)
    return {rule: (c["planted"], c["right"], c["found"]) for rule, c in found.items() if c["planted"]}


def as_documented(figures, heading: str, size: int) -> None:
    said = documented(heading)
    for rule, (n_planted, n_right, n_found) in figures.items():
        recall, precision = said[rule].get(f"recall {size}"), said[rule].get(f"precision {size}")
        assert recall is not None, (rule, size, n_right / n_planted)
        assert n_right / n_planted >= recall, (rule, size, n_right / n_planted)
        if precision is not None:
            assert n_right / max(n_found, 1) >= precision, (rule, size, n_right / max(n_found, 1))


@pytest.mark.parametrize("size", PLANS)
def test_in_harsh_panels_as_much_is_found_as_the_page_says(size) -> None:
    n_panels, n = PLANS[size]
    panels = [harsh_bars(seed + 1, n_names=size) for seed in range(n_panels)]
    as_documented(measured(panels, n), "In harsh panels of few names", size)


@pytest.mark.parametrize("size", [1, 3, 12])
def test_in_small_parts_of_the_real_panel_as_much_is_found_as_the_page_says(size, panel) -> None:
    n_panels, n = PLANS[size]
    bars = panel.drop_nulls()
    names = bars.group_by("instrument_id").len().filter(pl.col("len") >= N_SESSIONS)["instrument_id"].sort()
    panels = []
    for seed in range(n_panels):
        chosen = names.sample(size, seed=seed).implode()
        part = bars.filter(pl.col("instrument_id").is_in(chosen))
        panels.append(part.group_by("instrument_id", maintain_order=True).tail(N_SESSIONS))
    as_documented(measured(panels, n), "In real panels of few names", size)


@pytest.mark.parametrize("seed", [11, 12])
def test_hardly_a_bar_of_a_harsh_market_is_called_wrong(seed) -> None:
    """Crashes, results, takeovers, a flash crash, idle names: all of it happened."""
    bars = harsh_bars(seed)
    wrong = flags_of(bars).filter(pl.col("rule").is_in(SUSPECT - {"stale_run"}))
    assert wrong.select(KEY).n_unique() <= 2e-4 * bars.height


def test_a_day_on_which_all_bids_vanish_is_no_error_in_a_panel() -> None:
    bars = harsh_bars(13)
    day = bars["trade_date"].unique().sort()[400]
    assert flags_of(bars).filter(pl.col("trade_date") == day, pl.col("rule") == "high_low_spike").is_empty()


def test_spikes_are_found_on_calm_days_though_the_market_has_wild_ones(panel) -> None:
    shared("prices/kaggle_sp500_5yr")
    bars = panel.drop_nulls().group_by("instrument_id", maintain_order=True).tail(N_SESSIONS)
    full = bars.group_by("instrument_id").len().filter(pl.col("len") == N_SESSIONS)["instrument_id"].sort()
    bars = bars.filter(pl.col("instrument_id").is_in(full.head(60).implode()))
    spoilt, keys = DEFECTS["high_low_spike"](bars, 60, 4)
    found = flags_of(spoilt).filter(pl.col("rule") == "high_low_spike").join(keys, on=KEY)
    assert found.height >= 0.9 * keys.height


def test_prices_that_move_after_idle_days_are_no_level_shift() -> None:
    """What happened on days without a trade shows on the next one that has one."""
    bars = harsh_bars(14, n_names=30)
    idle = [f"H{place:03d}" for place in range(4, 30, 6)]
    flags = flags_of(bars).filter(pl.col("instrument_id").is_in(idle), pl.col("rule") == "level_shift")
    assert flags.height <= 2


def whole_names(panel: pl.DataFrame, n: int, *, seed: int) -> pl.DataFrame:
    bars = panel.drop_nulls()
    names = bars.group_by("instrument_id").len().filter(pl.col("len") >= N_SESSIONS)["instrument_id"].sort()
    bars = bars.filter(pl.col("instrument_id").is_in(names.sample(n, seed=seed).implode()))
    return bars.group_by("instrument_id", maintain_order=True).tail(N_SESSIONS)


def test_of_bars_that_are_carried_on_to_the_next_day_the_later_ones_are_named(panel) -> None:
    bars = whole_names(panel, 60, seed=3)
    draft = Draft(bars)
    for row in places(bars, 60, 11).tolist():
        for name in PRICES:
            draft.columns[name][row + 1] = draft.columns[name][row]
        draft.rows.append(row + 1)
    spoilt, keys = draft.done()
    own = flags_of(spoilt).filter(pl.col("rule") == "repeated_bar")
    own = own.join(flags_of(bars), on=[*KEY, "rule"], how="anti")
    n_right = own.join(keys, on=KEY).height
    assert n_right >= 0.95 * keys.height
    assert n_right >= 0.93 * own.height


def test_one_wild_bar_does_not_decide_for_all_names_which_day_was_copied(panel) -> None:
    bars = whole_names(panel, 60, seed=3)
    spoilt, _ = DEFECTS["outlier"](bars, 60, 11)
    own = flags_of(spoilt).filter(pl.col("rule") == "repeated_bar")
    assert own.join(flags_of(bars), on=[*KEY, "rule"], how="anti").height <= 3


def test_an_open_alone_that_is_far_off_is_an_outlier_and_a_close_of_twice_the_price_too(panel) -> None:
    bars = whole_names(panel, 60, seed=3)
    for field, factor in (("open", 1.2), ("close", 2.0)):
        draft = Draft(bars)
        for row in places(bars, 60, 11).tolist():
            wrong = round(draft.columns[field][row] * factor, 2)
            draft.columns[field][row] = wrong
            draft.columns["high"][row] = max(draft.columns["high"][row], wrong)
            draft.rows.append(row)
        spoilt, keys = draft.done()
        found = flags_of(spoilt).filter(pl.col("rule") == "outlier")
        own = found.join(flags_of(bars), on=[*KEY, "rule"], how="anti")
        assert own.join(keys, on=KEY).height >= 0.9 * keys.height, field
        assert own.join(keys, on=KEY, how="anti").is_empty(), field
