from __future__ import annotations

import json
from decimal import Decimal
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from prometheus.domain.audit.config import OutcomesConfig
from prometheus.domain.audit.held_targets import BENCHMARK, SPREAD, held_statistics, ragged
from prometheus.domain.audit.steps import LABELS, METRICS, OUTCOMES, compute_outcomes
from prometheus.flow.rows import Rows
from prometheus.kernel.errors import InvalidRowsError
from tests.unit.audit.outcome_worlds import FIRST, assets_of, batch_of, decision_of, sessions

CONFIG = OutcomesConfig()
N_DAYS, N_NAMES = 200, 12


def world(seed: int = 1, n_days: int = N_DAYS, n_names: int = N_NAMES, every: int = 7, n_held: int = 4):
    rng = np.random.default_rng(seed)
    ids = assets_of(n_names).ids
    returns = rng.normal(0.0005, 0.02, (n_days, n_names + 1))
    levels = 40.0 * np.cumprod(1.0 + returns, axis=0)
    levels[:, 0] = np.nan
    levels[rng.random(levels.shape) < 0.02] = np.nan
    levels[n_days // 2 :, 3] = np.nan  # its last bar
    targets, universes, values = {}, {}, {}
    for day in range(FIRST + 64, FIRST + n_days):
        values[day] = Decimal("1000000.25") + day
        if day % every == 0:
            universes[day] = ids[1:-2]
            names = rng.choice(len(ids) - 3, n_held, replace=False) + 1
            weights = rng.dirichlet(np.ones(n_held)) * 0.97
            targets[day] = {ids[j]: float(w) for j, w in zip(names, weights, strict=True)}
    return levels, {"targets": targets, "universes": universes, "values": values}


def rows_of(output) -> pd.DataFrame:
    (rows,) = output.rows
    metrics = rows.columns["risk_metrics"]
    frame = pd.DataFrame({name: rows.values(name) for name in rows.columns if name != "risk_metrics"})
    frame["decision_id"] = [bytes(raw) for raw in rows.columns["decision_id"]]
    frame["day"] = rows.day
    return frame.join(pd.DataFrame(metrics.values, columns=list(METRICS)))


def independent(levels: np.ndarray, day: int, horizon: int, weights: dict[str, float], core, value: Decimal):
    """The same outcome by pandas, one decision at a time."""
    ids = assets_of(levels.shape[1] - 1).ids
    frame = pd.DataFrame(levels, columns=list(ids), index=range(FIRST, FIRST + len(levels)))
    window = frame.loc[day : day + horizon]
    growth = (window.ffill() / window.bfill().iloc[0]).fillna(1.0).loc[day + 1 :]
    held = pd.Series(weights)
    path = pd.concat(
        [pd.Series([1.0], index=[day]), (growth[held.index] * held).sum(axis=1) + 1.0 - held.sum()]
    )
    daily = path.pct_change().dropna()
    ends = growth.iloc[-1] - 1.0
    crowd = ends[list(core)]
    n = len(crowd)
    spread = np.sqrt(crowd.var() * ((held**2).sum() - held.sum() ** 2 / n))
    benchmark = held.sum() * crowd.mean()
    excess = path.iloc[-1] - 1.0 - benchmark
    return {
        "return": path.iloc[-1] - 1.0,
        "pnl": float(value) * (path.iloc[-1] - 1.0),
        "drawdown": (path / path.cummax() - 1.0).min(),
        "realised_volatility": daily.std() * np.sqrt(252) if horizon > 1 else np.nan,
        "worst_day": daily.min(),
        "n_names": len(held),
        "n_missing": window.iloc[-1][held.index].isna().sum(),
        "hit_rate": (ends[held.index] > crowd.mean()).mean(),
        "benchmark_return": benchmark,
        "excess_return": excess,
        "spread": spread,
        "label": "GOOD" if excess > spread else "BAD" if excess < -spread else "NEUTRAL",
    }


def test_outcomes_equal_those_of_an_independent_calculation():
    levels, rest = world()
    days = range(FIRST + 64, FIRST + N_DAYS)
    found = rows_of(compute_outcomes(batch_of(days, levels, config=CONFIG, **rest), CONFIG))
    expected = [
        (
            day + h,
            decision_of(day),
            h,
            independent(levels, day, h, weights, rest["universes"][day], rest["values"][day]),
        )
        for day, weights in rest["targets"].items()
        for h in CONFIG.horizons
        if day + h < FIRST + N_DAYS
    ]
    expected.sort(key=lambda row: (row[0], row[2]))
    assert len(found) == len(expected) > 40
    assert found["day"].tolist() == [row[0] for row in expected]
    assert found["decision_id"].tolist() == [row[1] for row in expected]
    assert found["horizon_days"].tolist() == [row[2] for row in expected]
    for name in expected[0][3]:
        wanted = [row[3][name] for row in expected]
        if name == "label":
            assert found[name].tolist() == wanted
        elif name == "pnl":
            np.testing.assert_allclose(found[name].astype(float), wanted, rtol=0, atol=1e-6)
        else:
            np.testing.assert_allclose(found[name].astype(float), wanted, rtol=1e-9, atol=1e-12, err_msg=name)
    assert set(found["label"]) == set(LABELS)


def test_an_outcome_stands_on_the_session_on_which_its_horizon_ends():
    levels, rest = world()
    days = range(FIRST + 64, FIRST + N_DAYS)
    found = rows_of(compute_outcomes(batch_of(days, levels, config=CONFIG, **rest), CONFIG))
    assert (found["eval_date"].to_numpy().astype("datetime64[D]") == sessions().dates[found["day"]]).all()


def test_a_batch_equals_its_dates_one_by_one_bit_for_bit():
    levels, rest = world()
    days = list(range(FIRST + 64, FIRST + N_DAYS))
    whole = compute_outcomes(batch_of(days, levels, config=CONFIG, **rest), CONFIG)
    parts = [compute_outcomes(batch_of([day], levels, config=CONFIG, **rest), CONFIG) for day in days]
    frames = [rows_of(part) for part in parts]
    pd.testing.assert_frame_equal(
        rows_of(whole), pd.concat([f for f in frames if len(f)], ignore_index=True), check_exact=True
    )
    assert whole.proposed_actions == [part.proposed_actions[0] for part in parts]
    assert whole.input_summaries == [part.input_summaries[0] for part in parts]


def test_scrambling_the_future_changes_no_outcome():
    levels, rest = world()
    last = FIRST + 150
    scrambled = levels.copy()
    scrambled[last + 1 - FIRST :] = 9.0
    config = CONFIG
    days = range(FIRST + 64, last + 1)
    before = rows_of(compute_outcomes(batch_of(days, levels, config=config, **rest), config))
    after = rows_of(compute_outcomes(batch_of(days, scrambled, config=config, **rest), config))
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_benchmark_and_spread_are_mean_and_deviation_over_all_permutations():
    rng = np.random.default_rng(3)
    returns = rng.normal(0, 0.05, (1, 5))
    weights = np.array([0.5, 0.3])
    statistics = held_statistics(
        7.0 * np.vstack([np.ones(5), 1.0 + returns[0]]),
        np.array([0]),
        ragged([[0, 1]]),
        weights,
        ragged([[0, 1, 2, 3, 4]]),
        np.array([1]),
    )
    padded = np.array([0.5, 0.3, 0.0, 0.0, 0.0])
    drawn = [float(np.dot(padded[list(order)], returns[0])) for order in permutations(range(5))]
    assert statistics[0, 0, BENCHMARK] == pytest.approx(np.mean(drawn), rel=1e-12)
    assert statistics[0, 0, SPREAD] == pytest.approx(np.std(drawn), rel=1e-12)


def test_holding_the_whole_universe_equally_is_neutral():
    levels, rest = world()
    day = FIRST + 80
    core = assets_of(N_NAMES).ids[1:]
    rest = {
        "targets": {day: dict.fromkeys(core, 1.0 / N_NAMES)},
        "universes": {day: core},
        "values": {day: Decimal(100)},
    }
    found = rows_of(compute_outcomes(batch_of(range(day, day + 64), levels, config=CONFIG, **rest), CONFIG))
    assert found["label"].tolist() == ["NEUTRAL"] * 4
    assert found["excess_return"].abs().max() < 1e-12


def test_cash_beside_the_whole_universe_is_no_choice_among_names():
    levels, rest = world()
    day = FIRST + 80
    core = assets_of(N_NAMES).ids[1:]
    rest = {
        "targets": {day: dict.fromkeys(core, 0.3 / N_NAMES)},
        "universes": {day: core},
        "values": {day: Decimal(100)},
    }
    found = rows_of(compute_outcomes(batch_of(range(day, day + 64), levels, config=CONFIG, **rest), CONFIG))
    assert found["label"].tolist() == ["NEUTRAL"] * 4
    assert found["return"].abs().min() > 1e-6


def test_a_portfolio_of_cash_earns_nothing():
    levels, _ = world()
    day = FIRST + 80
    rest = {"targets": {day: {}}, "universes": {}, "values": {day: Decimal(100)}}
    found = rows_of(compute_outcomes(batch_of(range(day, day + 64), levels, config=CONFIG, **rest), CONFIG))
    assert found["return"].tolist() == found["drawdown"].tolist() == [0.0] * 4
    assert found["pnl"].tolist() == [Decimal(0)] * 4
    assert found["label"].tolist() == [None] * 4


def held_alone(path: list[float], horizons: tuple[int, ...]) -> pd.DataFrame:
    """Outcomes of one name, held whole from the first level of a path, out of a universe of two."""
    n_days, day = len(path), FIRST + 64
    levels = np.full((64 + n_days, 3), np.nan)
    levels[64:, 1] = path
    levels[64:, 2] = 10.0
    config = OutcomesConfig(horizons=horizons)
    universe = {day: ["US_EQ:N0000", "US_EQ:N0001"]}
    targets = {day: {"US_EQ:N0000": 1.0}}
    days = range(day, day + n_days)
    batch = batch_of(days, levels, config=config, targets=targets, universes=universe, values={})
    return rows_of(compute_outcomes(batch, config))


def test_the_move_over_a_gap_counts_at_the_bar_that_ends_it():
    found = held_alone([100.0, np.nan, np.nan, 80.0, 88.0], (1, 2, 3, 4))
    assert found["return"].tolist() == pytest.approx([0.0, 0.0, -0.2, -0.12])
    assert found["drawdown"].tolist() == pytest.approx([0.0, 0.0, -0.2, -0.2])
    assert found["worst_day"].tolist() == pytest.approx([0.0, 0.0, -0.2, -0.2])
    assert found["n_missing"].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert found["benchmark_return"].tolist() == pytest.approx([0.0, 0.0, -0.1, -0.06])


def test_a_name_without_a_later_bar_keeps_its_last_level():
    found = held_alone([100.0, 70.0, np.nan, np.nan], (1, 2, 3))
    assert found["return"].tolist() == pytest.approx([-0.3, -0.3, -0.3])
    assert found["n_missing"].tolist() == [0.0, 1.0, 1.0]


def test_a_name_without_a_bar_at_the_decision_is_bought_at_its_first_one_after_it():
    found = held_alone([np.nan, 50.0, 60.0], (1, 2))
    assert found["return"].tolist() == pytest.approx([0.0, 0.2])


def test_without_a_risk_report_there_is_a_return_but_no_money():
    levels, rest = world()
    found = rows_of(
        compute_outcomes(
            batch_of(range(FIRST + 64, FIRST + 100), levels, config=CONFIG, **{**rest, "values": {}}), CONFIG
        )
    )
    assert found["pnl"].tolist() == [None] * len(found)
    assert found["return"].notna().all()


def test_without_targets_there_are_no_outcomes():
    levels, _ = world()
    batch = batch_of(
        range(FIRST + 64, FIRST + 70), levels, config=CONFIG, targets={}, universes={}, values={}
    )
    output = compute_outcomes(batch, CONFIG)
    assert len(output.rows[0]) == 0
    assert output.proposed_actions == [{"n_outcomes": 0, "labels": {}}] * 6


def test_a_target_of_an_unknown_instrument_is_a_named_error():
    levels, rest = world()
    day = FIRST + 80
    rest["targets"] = {day: {"US_EQ:NOBODY": 0.5}}
    with pytest.raises(InvalidRowsError, match="US_EQ:NOBODY"):
        compute_outcomes(batch_of([day + 1], levels, config=CONFIG, **rest), CONFIG)


def test_horizons_must_ascend():
    with pytest.raises(ValidationError, match="ascending"):
        OutcomesConfig(horizons=(5, 1))


def test_the_step_writes_outcomes_of_its_portfolio_every_session():
    assert (OUTCOMES.writes, OUTCOMES.scope, OUTCOMES.when) == (
        ("decision_outcomes",),
        "portfolio",
        "session",
    )
    assert max(read.reach for read in OUTCOMES.reads(CONFIG)) == 63


def test_rows_out_of_json_order_give_the_same_outcome():
    levels, rest = world()
    day = FIRST + 80
    days = [day + 1]
    rest["targets"] = {day: {"US_EQ:N0001": 0.5, "US_EQ:N0003": 0.3, "US_EQ:N0002": 0.1}}
    one = batch_of(days, levels, config=CONFIG, **rest)
    rest["targets"] = {day: dict(reversed(list(rest["targets"][day].items())))}
    other = batch_of(days, levels, config=CONFIG, **rest)
    assert isinstance(one.rows("target_portfolios"), Rows)
    assert json.loads(one.rows("target_portfolios").values("target_positions")[0])
    pd.testing.assert_frame_equal(
        rows_of(compute_outcomes(one, CONFIG)), rows_of(compute_outcomes(other, CONFIG)), check_exact=True
    )
