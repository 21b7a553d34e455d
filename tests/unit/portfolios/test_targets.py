from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prometheus.domain.portfolios.config import TargetsConfig
from prometheus.domain.portfolios.steps import TARGETS
from prometheus.domain.portfolios.targets import target, whole_shares
from prometheus.flow.rows import Rows, joined
from prometheus.flow.step import Output
from tests.unit.portfolios.states import positions, scores, shuffled, universe, world_with_cash
from tests.unit.selection.worlds import World

NOTHING = Rows("instrument_scores", np.empty(0, dtype=np.int64), {})
VALUES = {j: math.sin(j) for j in range(1, 13)}


def decided(here: World, days: list[int], config: TargetsConfig, **tables: Rows) -> Output:
    given_tables = {
        "instrument_scores": scores(here, days, VALUES),
        "universes": universe(here, days, range(1, 13)),
        "positions_snapshots": positions(here, days, {2: "250000.50", 3: "650000.25"}),
        **tables,
    }
    return TARGETS.compute(
        here.batch([r for r in TARGETS.reads(config) if r.columns], days, given_tables), config
    )


def targets(here: World, days: list[int], config: TargetsConfig, **tables: Rows) -> Rows:
    return decided(here, days, config, **tables).rows[0]


def parsed(rows: Rows, name: str = "target_positions") -> list[dict[str, Any]]:
    return [json.loads(text) for text in rows.values(name)]


def test_quantities_are_the_plain_formula() -> None:
    here = world_with_cash(with_gaps=False)
    close = here.columns["close"]
    for day in range(60, 150):
        (found,) = parsed(targets(here, [day], TargetsConfig(n_names=5)))
        best = sorted(VALUES, key=lambda j: (-VALUES[j], j))[:5]
        assert list(found) == [here.assets.ids[j] for j in sorted(best)]
        for j in best:
            plain = math.floor(0.97 * 1000000.75 / 5 / close[day, j])
            assert found[here.assets.ids[j]] == {"weight": (1.0 - 0.03) / 5, "quantity": plain}


@given(st.integers(0, 10**9), st.decimals("0.01", "5000", places=2))
def test_an_exact_number_of_shares_is_never_lost_to_rounding(shares: int, close: Any) -> None:
    amount = float(shares * close)
    assert whole_shares(np.array([amount]), np.array([float(close)])).tolist() == [shares]


@given(st.floats(1.0, 1e9), st.floats(0.01, 5e3))
def test_shares_never_cost_more_than_the_amount(amount: float, close: float) -> None:
    (n,) = whole_shares(np.array([amount]), np.array([close])).tolist()
    assert n * close <= amount * (1.0 + 2e-12) + 1e-9 * close
    assert (n + 1) * close > amount


def test_equal_scores_are_taken_in_the_order_of_instrument_ids() -> None:
    here = world_with_cash(with_gaps=False)
    same = scores(here, [100], dict.fromkeys(range(12, 0, -1), 0.5))
    (found,) = parsed(targets(here, [100], TargetsConfig(n_names=3), instrument_scores=same))
    assert list(found) == ["US_EQ:N00", "US_EQ:N01", "US_EQ:N02"]


def test_only_priced_names_of_the_core_are_chosen_and_the_others_are_counted() -> None:
    here = world_with_cash(with_gaps=False)
    close = here.columns["close"].copy()
    close[100, 4] = np.nan
    here = here.changed(close=close)
    rows = targets(here, [100], TargetsConfig(n_names=2), universes=universe(here, [100], [4, 5, 6, 7]))
    (found,) = parsed(rows)
    assert set(found) == {here.assets.ids[6], here.assets.ids[7]}
    (metadata,) = parsed(rows, "metadata")
    assert metadata["left_out"] == {"not_core": 8, "no_close": 1, "no_volatility": 0, "score_too_low": 1}


def test_fewer_names_than_wanted_share_the_whole_amount_up_to_the_cap() -> None:
    here = world_with_cash(with_gaps=False)
    few = universe(here, [100], [5, 6])
    (open_,) = parsed(targets(here, [100], TargetsConfig(n_names=5), universes=few))
    assert [one["weight"] for one in open_.values()] == [0.485, 0.485]
    rows = targets(here, [100], TargetsConfig(n_names=5, name_cap=0.25), universes=few)
    assert [one["weight"] for one in parsed(rows)[0].values()] == [0.25, 0.25]
    assert parsed(rows, "metadata")[0]["binding"] == {"cash_buffer": 0.03, "name_cap": 0.25, "n_capped": 2}


@pytest.mark.parametrize("cap", [1.0, 0.12])
def test_inverse_volatility_weights_are_in_proportion_below_the_cap(cap: float) -> None:
    here = world_with_cash(with_gaps=False)
    volatility = here.columns["vol_63d"].copy()
    volatility[100, 6] = np.nan
    here = here.changed(vol_63d=volatility)
    config = TargetsConfig(n_names=20, weighting="inverse_volatility", name_cap=cap)
    rows = targets(here, [100], config)
    weights = {here.assets.ids.index(one): body["weight"] for one, body in parsed(rows)[0].items()}
    assert sorted(weights) == [j for j in range(1, 13) if j != 6]
    assert sum(weights.values()) == pytest.approx(0.97)
    risk = [w * volatility[100, j] for j, w in weights.items() if w < cap * (1 - 1e-9)]
    assert risk == pytest.approx([risk[0]] * len(risk))
    assert max(weights.values()) <= cap
    assert parsed(rows, "metadata")[0]["left_out"]["no_volatility"] == 1


def test_expected_return_and_volatility_are_those_of_the_weights() -> None:
    here = world_with_cash(with_gaps=False)
    config = TargetsConfig(n_names=4, volatility_sessions=90)
    rows = targets(here, [120], config)
    chosen = {here.assets.ids.index(one): body["weight"] for one, body in parsed(rows)[0].items()}
    (metadata,) = parsed(rows, "metadata")
    assert metadata["expected_return"] == pytest.approx(sum(w * 0.01 * VALUES[j] for j, w in chosen.items()))
    past = here.columns["ret_1d"][31:121][:, list(chosen)] @ list(chosen.values())
    assert metadata["volatility"] == pytest.approx(past.std(ddof=1) * math.sqrt(252.0))
    assert metadata["n_sessions"] == 90


def test_too_few_sessions_give_no_volatility() -> None:
    here = world_with_cash(with_gaps=False)
    (metadata,) = parsed(targets(here, [40], TargetsConfig(n_names=4)), "metadata")
    assert metadata["n_sessions"] == 40
    assert "volatility" not in metadata


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("instrument_scores", "no name of CORE has a score"),
        ("universes", "no name in CORE"),
        ("positions_snapshots", "the portfolio is worth nothing"),
    ],
)
def test_without_scores_universe_or_value_there_is_no_target(table: str, reason: str) -> None:
    output = decided(world_with_cash(), [100], TargetsConfig(), **{table: NOTHING})
    assert len(output.rows[0]) == 0
    assert output.proposed_actions == [{"n_names": 0, "reason": reason}]


def test_a_date_without_any_bar_has_no_target_and_the_others_keep_theirs() -> None:
    here = world_with_cash(with_gaps=False)
    close = here.columns["close"].copy()
    close[100] = np.nan
    days = [99, 100, 101]
    core = joined([universe(here, [day], [] if day == 100 else range(1, 13)) for day in days])
    output = decided(here.changed(close=close), days, TargetsConfig(n_names=4), universes=core)
    plain = decided(here, days, TargetsConfig(n_names=4))
    assert output.rows[0].day.tolist() == [99, 101]
    for name in ("target_positions", "metadata"):
        assert output.rows[0].values(name) == plain.rows[0].values(name)[::2]
    assert output.proposed_actions[::2] == plain.proposed_actions[::2]
    assert output.proposed_actions[1] == {"n_names": 0, "reason": "no name in CORE"}
    unpriced = decided(here.changed(close=close), days, TargetsConfig(n_names=4))
    assert unpriced.rows[0].day.tolist() == [99, 101]
    assert "a close" in str(unpriced.proposed_actions[1]["reason"])


@pytest.mark.parametrize("weighting", ["equal", "inverse_volatility"])
def test_a_batch_equals_its_dates_one_by_one_and_the_order_of_rows_changes_nothing(weighting: Any) -> None:
    here = world_with_cash()
    config = TargetsConfig(n_names=4, weighting=weighting, name_cap=0.3)
    days = list(range(70, 130))
    batch = targets(here, days, config)
    for i, day in enumerate(days):
        alone = targets(
            here,
            [day],
            config,
            instrument_scores=shuffled(scores(here, [day], VALUES)),
            universes=shuffled(universe(here, [day], range(1, 13))),
            positions_snapshots=shuffled(positions(here, [day], {2: "250000.50", 3: "650000.25"})),
        )
        for name in ("target_positions", "metadata"):
            assert batch.values(name)[i] == alone.values(name)[0]


def test_nothing_after_a_day_changes_its_target() -> None:
    here = world_with_cash()
    days = [90, 100, 101]
    before = targets(here, days, TargetsConfig(n_names=4))
    after = targets(here.scrambled_after(100), days, TargetsConfig(n_names=4))
    assert before.values("target_positions")[:2] == after.values("target_positions")[:2]
    assert before.values("metadata")[:2] == after.values("metadata")[:2]
    assert before.values("target_positions")[2] != after.values("target_positions")[2]


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=12),
    st.floats(0.01, 1.0),
    st.floats(0.0, 0.5),
    st.integers(1, 12),
)
def test_no_weight_is_above_the_cap_and_the_buffer_stays_in_cash(
    values: list[float], cap: float, buffer: float, n: int
) -> None:
    found = target(
        np.array(values), np.ones(len(values), dtype=bool), np.full(len(values), 10.0), None, 1e6,
        TargetsConfig(n_names=n, name_cap=cap, cash_buffer=buffer),
    )  # fmt: skip
    assert len(found.places) == min(n, len(values))
    assert found.weights.max() <= cap
    assert found.weights.sum() <= (1.0 - buffer) * (1.0 + 1e-12)
    assert 10.0 * found.quantities.sum() <= (1.0 - buffer) * 1e6 * (1.0 + 1e-8)


def test_impossible_settings_are_refused() -> None:
    for wrong in (
        {"n_names": 0}, {"name_cap": 0.0}, {"name_cap": 1.1}, {"cash_buffer": 1.0}, {"weighting": "best"},
        {"volatility_sessions": 30}, {"names": 3},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            TargetsConfig(**wrong)
