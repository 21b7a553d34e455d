from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from prometheus.domain.portfolios.config import RiskConfig
from prometheus.domain.portfolios.steps import RISK
from prometheus.flow.rows import Rows
from prometheus.kernel.errors import InvariantError
from tests.unit.portfolios.states import positions, shuffled, world_with_cash
from tests.unit.selection.worlds import World

NOTHING = Rows("portfolio_risk_reports", np.empty(0, dtype=np.int64), {})
HELD = {2: "250000.50", 3: "650000.25", 7: "0.10"}
SHORT = RiskConfig(window=80, min_sessions=60)


def reports(here: World, days: list[int], config: RiskConfig = SHORT, **tables: Rows) -> Rows:
    every = {
        "positions_snapshots": positions(here, days, HELD),
        "portfolio_risk_reports": NOTHING,
        **tables,
    }
    reads = [read for read in RISK.reads(config) if read.columns]
    return RISK.compute(here.batch(reads, days, every), config).rows[0]


def metrics(rows: Rows) -> list[dict[str, Any]]:
    return [json.loads(text) for text in rows.values("risk_metrics")]


def test_value_and_cash_are_exact_and_exposures_are_over_value() -> None:
    here = world_with_cash(with_gaps=False)
    rows = reports(here, [100])
    assert rows.values("portfolio_value") == [Decimal("1000000.85")]
    assert rows.values("cash") == [Decimal("100000")]
    expected = 900000.85 / 1000000.85
    for name in ("net_exposure", "gross_exposure", "leverage"):
        assert rows.floats(name) == pytest.approx([expected])
    (sectors,) = [json.loads(text) for text in rows.values("exposures_by_sector")]
    assert list(sectors) == ["Energy", "Health", "UNKNOWN"]
    assert sum(sectors.values()) == pytest.approx(expected)


def test_short_positions_lower_the_net_and_raise_the_gross_exposure() -> None:
    here = world_with_cash(with_gaps=False)
    rows = reports(here, [100], positions_snapshots=positions(here, [100], {2: "-50000", 3: "50000"}))
    assert rows.floats("net_exposure").tolist() == [0.0]
    assert rows.floats("gross_exposure").tolist() == [1.0]


def test_risk_is_that_of_todays_weights_over_past_returns() -> None:
    here = world_with_cash(with_gaps=False)
    (found,) = metrics(reports(here, [100]))
    weights = np.array([float(one) for one in HELD.values()]) / 1000000.85
    past = here.columns["ret_1d"][21:101][:, list(HELD)] @ weights
    assert found["n_sessions"] == 80
    assert found["volatility"] == pytest.approx(past.std(ddof=1) * math.sqrt(252.0))
    losses = np.sort(-past)
    assert found["var_95"] == pytest.approx(losses[75])  # the 76th smallest of 80: 80 * 0.95 = 76
    assert found["es_95"] == pytest.approx(losses[76:].mean())
    assert found["es_99"] >= found["var_99"] >= found["var_95"]


def test_a_day_without_a_return_of_a_held_name_is_left_out_and_too_few_days_give_no_metric() -> None:
    here = world_with_cash(with_gaps=False)
    returns = here.columns["ret_1d"].copy()
    returns[90:95, 3] = np.nan
    (found,) = metrics(reports(here.changed(ret_1d=returns), [100]))
    assert found["n_sessions"] == 75
    returns[40:61, 2] = np.nan
    (found,) = metrics(reports(here.changed(ret_1d=returns), [100]))
    assert found["n_sessions"] == 54
    assert not {"volatility", "var_95", "es_95", "var_99", "es_99"} & set(found)


def test_cash_alone_risks_nothing() -> None:
    here = world_with_cash(with_gaps=False)
    rows = reports(here, [100], positions_snapshots=positions(here, [100], {}))
    (found,) = metrics(rows)
    assert (found["volatility"], found["var_99"], found["drawdown"]) == (0.0, 0.0, 0.0)
    assert rows.floats("gross_exposure").tolist() == [0.0]
    assert rows.values("exposures_by_sector") == ["{}"]
    assert "days_to_liquidate" not in found


def test_the_peak_is_carried_from_report_to_report() -> None:
    here = world_with_cash(with_gaps=False)
    before = Rows(
        "portfolio_risk_reports",
        np.array([99]),
        {"risk_metrics": ['{"peak_value": 1250001.0625, "drawdown": 0}']},
    )
    (found,) = metrics(reports(here, [100], portfolio_risk_reports=before))
    assert found["peak_value"] == 1250001.0625
    assert found["drawdown"] == pytest.approx(0.2)


def test_liquidity_is_that_of_the_slowest_name_with_known_volume() -> None:
    here = world_with_cash(with_gaps=False)
    volume = here.columns["volume"].copy()
    volume[:, 7] = np.nan
    (found,) = metrics(reports(here.changed(volume=volume), [100]))
    usual = (here.columns["close"] * volume)[80:101].mean(axis=0)
    assert found["days_to_liquidate"] == pytest.approx(
        max(250000.50 / (0.1 * usual[2]), 650000.25 / (0.1 * usual[3]))
    )
    assert found["liquidity_coverage"] == pytest.approx(900000.75 / 900000.85)


def test_without_positions_there_is_no_report() -> None:
    here = world_with_cash()
    assert len(reports(here, [100, 101], positions_snapshots=NOTHING)) == 0


def test_a_batch_equals_its_dates_one_by_one_and_the_order_of_rows_changes_nothing() -> None:
    here = world_with_cash()
    days = list(range(70, 130))
    batch = reports(here, days)
    before = NOTHING
    for i, day in enumerate(days):
        alone = reports(
            here,
            [day],
            positions_snapshots=shuffled(positions(here, [day], HELD)),
            portfolio_risk_reports=before,
        )
        for name in batch.columns:
            assert repr(batch.values(name)[i]) == repr(alone.values(name)[0])
        before = alone


def test_nothing_after_a_day_changes_its_report() -> None:
    here = world_with_cash()
    before, after = reports(here, [100, 101]), reports(here.scrambled_after(100), [100, 101])
    assert before.values("risk_metrics")[0] == after.values("risk_metrics")[0]
    assert before.values("risk_metrics")[1] != after.values("risk_metrics")[1]


def test_a_portfolio_that_is_worth_nothing_but_holds_names_is_an_error() -> None:
    here = world_with_cash()
    broke = positions(here, [100], {2: "100"}, cash="-100")
    with pytest.raises(InvariantError, match=r"holds 1 names on \d{4}-\d\d-\d\d, but is worth 0"):
        reports(here, [100], positions_snapshots=broke)
