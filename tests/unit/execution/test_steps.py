"""The two steps over a small market: fills of the session before, then orders for the next one."""

import json
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.exact import MONEY
from prometheus.flow.rows import Coded, Rows, joined
from prometheus.kernel.errors import ConfigError, InvalidRowsError, MissingPriceError
from prometheus.kernel.ids import uuid_text
from tests.unit.execution import plain_loop
from tests.unit.execution.world import FIRST, NONE, World, holdings, once, table, updates

D = Decimal
NAN = float("nan")


def market(n_days, n_names, seed=3):
    rng = np.random.default_rng(seed)
    closes = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, (n_days, n_names)), axis=0))
    return np.round(closes * np.exp(rng.normal(0, 0.01, closes.shape)), 2), np.round(closes, 2)


@pytest.mark.parametrize(
    ("score", "days"),
    [(plain_loop.momentum, range(20, 119, 21)), (plain_loop.reversal, range(6, 119))],
    ids=["monthly momentum", "daily reversal"],
)
def test_equity_is_that_of_a_plain_loop(score, days):
    opens, closes = market(120, 20)

    def policy(day, held, cash):
        if day not in days:
            return None
        worth = float(cash) + sum(float(held[p]) * closes[day, p - 1] for p in held)
        return {
            int(name) + 1: int(plain_loop.BUFFER * worth / plain_loop.N / closes[day, name])
            for name in plain_loop.chosen(score(closes, day))
        }

    world = World(
        closes,
        opens=opens,
        initial_cash=10_000_000,
        slippage_bps=5,
        commission_bps=5,
        allow_negative_cash=True,
    ).run(policy)
    expected = plain_loop.equity(opens, closes, set(days), score)
    found = [float(world.value(day)) for day in range(120)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found[-1] != found[0]


def test_a_portfolio_opens_with_its_cash():
    world = World([[10.0], [11.0]], initial_cash="1e6").run(once(None))
    rows = world.rows("positions_snapshots", 0)
    assert rows.values("instrument_id") == ["CASH:USD"]
    assert [str(q) for q in rows.values("quantity")] == ["1000000"]
    assert world.held(1) == {0: D(1_000_000)}


def test_what_is_decided_at_the_close_is_filled_at_the_next_open():
    world = World([[10.0], [12.0]], opens=[[9.0], [11.0]]).run(once({1: 100}))
    fill = world.rows("fills", 1)
    assert fill.values("price") == [D(11)]
    assert fill.columns["timestamp"][0] == world.sessions.opens[FIRST + 1]
    order = world.rows("orders", 0)
    assert order.columns["timestamp"][0] == world.sessions.closes[FIRST]
    rows = world.rows("positions_snapshots", 1)
    held = dict(zip(rows.values("instrument_id"), rows.values("market_value"), strict=True))
    assert held == {"US_EQ:N0000": D(1200), "CASH:USD": D(1_000_000 - 1100)}
    assert sorted(rows.values("unrealized_pnl")) == [0, 100]


def test_close_only_data_is_filled_at_the_next_close():
    world = World([[10.0], [12.0]], opens=[[NAN], [NAN]], price="close").run(once({1: 100}))
    fill = world.rows("fills", 1)
    assert fill.values("price") == [D(12)]
    assert fill.columns["timestamp"][0] == world.sessions.closes[FIRST + 1]


def test_a_fill_its_action_and_its_order_point_at_each_other():
    world = World([[10.0], [12.0]]).run(once({1: 100}))
    order, fill, action = world.rows("orders", 0), world.rows("fills", 1), world.rows("executed_actions", 1)
    assert bytes(fill.columns["order_id"][0]) == bytes(order.columns["order_id"][0])
    assert bytes(action.columns["decision_id"][0]) == bytes(order.columns["decision_id"][0])
    assert json.loads(action.values("metadata")[0]) == {
        "order_id": uuid_text(bytes(order.columns["order_id"][0])),
        "fill_ids": [uuid_text(bytes(fill.columns["fill_id"][0]))],
        "mode": "BACKTEST",
    }
    assert world.order_updates(1) == [("FILLED", {"tag": "target"})]


def test_an_order_that_ends_unfilled_says_why_and_how_far_it_came():
    world = World([[10.0]] * 3, volumes=[[500.0]] * 3, participation="0.1").run(once({1: 80}))
    assert world.order_updates(1) == [
        ("EXPIRED", {"tag": "target", "reason": "participation limit", "filled_quantity": "50"})
    ]
    assert world.held(2)[1] == 50
    assert world.outputs[1][0].proposed_actions[0]["reasons"] == {"participation limit": 1}


def test_a_name_without_a_bar_rejects_its_order():
    world = World([[10.0, 10.0], [NAN, 10.0], [10.0, 10.0]]).run(once({1: 80, 2: 5}))
    assert world.order_updates(1) == [
        ("REJECTED", {"tag": "target", "reason": "no bar", "filled_quantity": "0"}),
        ("FILLED", {"tag": "target"}),
    ]
    assert world.held(2) == {0: D(1_000_000 - 50), 2: D(5)}


def test_a_buy_that_cash_cannot_pay_is_cut():
    world = World([[10.0], [11.0]], initial_cash=1000).run(once({1: 100}))
    assert world.held(1) == {0: D(10), 1: D(90)}


def test_a_halted_name_is_valued_at_its_last_close_and_named():
    closes = [[10.0], [12.0], [NAN], [NAN], [13.0]]
    world = World(closes, opens=[[10.0], [12.0], [NAN], [NAN], [13.0]]).run(once({1: 10}))
    assert world.value(3) == 1_000_000
    assert world.outputs[3][0].input_summaries[0]["stale"] == {"US_EQ:N0000": 2}
    assert "stale" not in world.outputs[4][0].input_summaries[0]


def test_a_halt_beyond_the_window_is_a_named_error():
    closes = [[10.0]] * 2 + [[NAN]] * 5
    with pytest.raises(MissingPriceError, match="US_EQ:N0000"):
        World(closes, stale_sessions=4).run(once({1: 10}))


def test_a_name_is_sold_at_its_last_bar_when_its_listing_ends():
    closes = [[10.0], [10.0], [10.0], [9.0], [NAN]]
    world = World(closes, delisted={1: 3}).run(once({1: 10}))
    assert world.rows("orders", 2).values("metadata") == ['{"tag": "delisting"}']
    assert world.rows("fills", 3).values("price") == [D(9)]
    assert world.held(4) == {0: D(1_000_000 - 10)}


def test_a_name_whose_bars_ended_before_its_listing_is_closed_out_at_its_last_close():
    closes = [[10.0], [10.0], [8.0], [NAN], [NAN]]
    world = World(closes, delisted={1: 3}, slippage_bps=10).run(once({1: 10}))
    fill = world.rows("fills", 3)
    assert fill.values("price") == [D(8) * D("0.999")]
    assert json.loads(fill.values("metadata")[0])["tag"] == "delisted"
    assert list(world.held(3)) == [0]


def test_a_name_whose_listing_ends_is_not_bought():
    world = World([[10.0], [10.0]], delisted={1: 1}).run(once({1: 10}))
    assert len(world.rows("orders", 0)) == 0
    assert world.outputs[0][1].proposed_actions == [{"n_orders": 0, "n_sells": 0, "n_buys": 0}]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_cash_is_the_cash_before_less_buys_plus_sells_less_costs_plus_dividends(seed):
    rng = np.random.default_rng(seed)
    n_days, n_names = 12, 6
    opens, closes = market(n_days, n_names, seed)
    is_out = rng.random(closes.shape) < 0.1
    opens[is_out] = closes[is_out] = np.nan
    closes[0] = 50.0
    dividends = np.where(rng.random(closes.shape) < 0.2, np.round(rng.random(closes.shape), 3), np.nan)
    dividends[is_out] = np.nan
    world = World(
        closes, opens=opens, dividends=dividends, volumes=rng.integers(0, 9_000, closes.shape).astype(float),
        participation="0.05", initial_cash=20_000, slippage_bps="3.7", commission_bps="1.3",
        commission_per_share="0.005",
    )  # fmt: skip
    world.run(lambda *_: {int(p): int(rng.integers(0, 300)) for p in rng.integers(1, n_names + 1, 4)})
    with localcontext(MONEY):
        for day in range(1, n_days):
            before, after = world.held(day - 1), world.held(day)
            flow, shares = D(0), {p: q for p, q in before.items() if p}
            for place, held in shares.items():
                dividend = dividends[day, place - 1]
                flow += held * D(repr(float(dividend))) if dividend == dividend else 0
            fills = world.rows("fills", day)
            if len(fills):
                names = ("side", "quantity", "price", "commission")
                columns = zip(fills.codes("instrument_id").tolist(), *map(fills.values, names), strict=True)
                for place, side, quantity, price, commission in columns:
                    sign = 1 if side == "SELL" else -1
                    flow += sign * quantity * price - commission
                    shares[place] = shares.get(place, D(0)) - sign * quantity
            assert after[0] == before[0] + flow
            assert after[0] >= 0
            assert {p: q for p, q in after.items() if p} == {p: q for p, q in shares.items() if q}


FROM_PENDING = {"SUBMITTED", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED", "REJECTED"}


def test_states_of_orders_follow_the_schema():
    rng = np.random.default_rng(5)
    opens, closes = market(20, 5)
    opens[rng.random(opens.shape) < 0.2] = np.nan
    volumes = rng.integers(0, 2000, closes.shape).astype(float)
    world = World(closes, opens=opens, volumes=volumes, participation="0.1", initial_cash=5000)
    world.run(lambda *_: {p: int(rng.integers(0, 90)) for p in range(1, 6)})
    seen = set()
    for day in range(1, 20):
        assert len(world.order_updates(day)) == len(world.rows("orders", day - 1))
        for status, metadata in world.order_updates(day):
            assert status in FROM_PENDING
            assert ("reason" in metadata) == (status != "FILLED")
            seen.add(status)
    assert seen == {"FILLED", "EXPIRED", "REJECTED"}


def test_shuffled_rows_change_nothing():
    opens, closes = market(4, 8)
    world = World(closes, opens=opens, initial_cash=3000).run(
        lambda day, *_: {p: 9 + (p * day) % 5 for p in range(1, 9)}
    )
    orders, positions = world.rows("orders", 2), world.rows("positions_snapshots", 2)
    again = world.settle(
        3, orders.taken(np.arange(len(orders))[::-1]), positions.taken(np.arange(len(positions))[::-1])
    )
    for one, other in zip(world.outputs[3][0].rows, again.rows, strict=True):
        assert as_texts(one) == as_texts(other)
    target = dict.fromkeys(range(8, 0, -1), 4)
    assert as_texts(table(world.plan(3, positions, target), "orders")) == as_texts(
        table(
            world.plan(3, positions.taken(np.arange(len(positions))[::-1]), dict(reversed(target.items()))),
            "orders",
        )
    )


def test_a_batch_of_dates_equals_its_dates_one_by_one():
    opens, closes = market(6, 4)
    world = World(closes, opens=opens).run(lambda day, *_: {1 + day % 4: 10, 1 + (day + 1) % 4: 5})
    days = [2, 3, 4]
    tables = {
        "orders": joined([world.rows("orders", day - 1) for day in days]),
        "positions_snapshots": joined([world.rows("positions_snapshots", day - 1) for day in days]),
    }
    whole = world.settled([FIRST + day for day in days], tables)
    for day in days:
        for name in ("fills", "executed_actions", "positions_snapshots"):
            assert as_texts(table(whole, name).on(FIRST + day)) == as_texts(world.rows(name, day))
    assert whole.proposed_actions == [world.outputs[day][0].proposed_actions[0] for day in days]
    assert whole.input_summaries == [world.outputs[day][0].input_summaries[0] for day in days]


def as_texts(rows):
    """Return rows as a list of texts, so that two sets of them compare in full, digit by digit."""
    columns = [list(map(str, rows.values(name))) for name in sorted(rows.columns)]
    return list(zip(*columns, strict=True))


def test_the_first_date_has_no_orders_and_that_is_no_error():
    world = World([[10.0]])
    output = world.settle(0, NONE, NONE)
    assert holdings(table(output, "positions_snapshots")) == {0: D(1_000_000)}
    assert output.updates == ()


def test_a_target_outside_the_run_is_named():
    world = World([[10.0]])
    rows = Rows(
        "target_portfolios", np.array([FIRST]), {"target_positions": ['{"US_EQ:ZZZ": {"quantity": 1}}']}
    )
    world.target_rows = lambda day, target: rows
    with pytest.raises(InvalidRowsError, match="US_EQ:ZZZ"):
        world.plan(0, NONE, {})


def test_a_portfolio_without_a_cash_instrument_is_refused():
    world = World([[10.0]])
    world.context = type(world.context)("US_EQ", "S", "P", cash_instrument_id="CASH:EUR")
    with pytest.raises(ConfigError, match="CASH:EUR"):
        world.settle(0, NONE, NONE)


def test_an_order_that_was_cancelled_by_hand_is_not_executed():
    world = World([[10.0, 20.0], [11.0, 21.0]]).run(once({1: 5, 2: 5}))
    orders = world.rows("orders", 0)
    columns = {**orders.columns, "status": Coded(np.array([0, 1]), ("CANCELLED", "PENDING"))}
    settled = world.settle(1, Rows("orders", orders.day, columns), world.rows("positions_snapshots", 0))
    assert table(settled, "fills").values("instrument_id") == ["US_EQ:N0001"]
    assert [status for status, _ in updates(settled)] == ["FILLED"]


def test_small_changes_are_not_traded_when_the_config_says_so():
    world = World([[10.0], [10.0], [10.0]])
    world.orders_config = type(world.orders_config)(min_trade_value=50)
    world.run(lambda day, *_: {0: {1: 100}, 1: {1: 104}}.get(day))
    assert world.held(2)[1] == 100


def test_what_a_day_leaves_unfilled_waits_for_the_next_target():
    world = World([[10.0]] * 4, volumes=[[500.0]] * 4, participation="0.1")
    world.run(lambda day, *_: {0: {1: 80}, 2: {1: 80}}.get(day))
    assert [world.held(day).get(1, 0) for day in range(4)] == [0, 50, 50, 80]
    assert len(world.rows("orders", 1)) == 0


def test_the_sale_of_a_name_whose_listing_ends_is_ordered_until_it_is_done():
    closes = [[10.0], [10.0], [10.0], [10.0], [10.0]]
    volumes = [[5000.0], [5000.0], [300.0], [300.0], [5000.0]]
    world = World(closes, volumes=volumes, delisted={1: 2}, participation="0.1").run(once({1: 80}))
    assert [world.held(day).get(1, 0) for day in range(5)] == [0, 80, 50, 20, 0]


@pytest.mark.parametrize("cash", ["0", "-1"])
def test_a_portfolio_without_cash_is_refused(cash):
    with pytest.raises(ConfigError, match=r"initial_cash: .* greater than 0"):
        FillsConfig.parsed({"initial_cash": cash}, where="fills")
