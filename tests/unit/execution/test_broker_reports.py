"""What the step ``fills`` makes of a broker's reports, and in which turn the broker gets the orders."""

import json
from decimal import Decimal

import numpy as np

from prometheus.domain.execution.ports import Executions, Reports
from prometheus.domain.execution.steps import fills_step
from prometheus.domain.execution.working_orders import as_orders, working_orders
from prometheus.flow.rows import Rows, joined
from prometheus.kernel.ids import uuid_text
from tests.unit.execution.world import FIRST, World, once

D = Decimal


class TwoExecutions:
    """A broker that fills each order in two executions, the first a tenth of it."""

    def execute(self, orders, day, config):
        n = len(orders)
        done = Executions(
            orders=[*range(n), *reversed(range(n))],
            ids=["a"] * n + ["b"] * n,
            quantities=[q / 10 for q in orders.quantities] + [q * 9 / 10 for q in orders.quantities[::-1]],
            prices=[D(10)] * n + [D(20)] * n,
            commissions=[D(1)] * n + [D(2)] * n,
            times=[day.trades_at] * n + [day.trades_at + 60] * n,
            tags=[""] * n + ["late"] * n,
        )
        return Reports(["FILLED"] * n, [""] * n, done)


class OnlyTheFirst:
    """A broker that has news of the first order alone."""

    def execute(self, orders, day, config):
        silent = len(orders) - 1
        done = Executions([0], ["a"], [D(3)], [D(10)], [D(0)], [day.trades_at], [""])
        return Reports(["EXPIRED", *[None] * silent], ["closed", *[""] * silent], done)


def test_an_order_without_news_keeps_its_status():
    world = World([[10.0, 10.0], [20.0, 20.0]])
    world.fills = fills_step(OnlyTheFirst())
    world.run(once({1: 100, 2: 50}))
    (told,) = world.order_updates(1)
    assert told == ("EXPIRED", {"tag": "target", "reason": "closed", "filled_quantity": "3"})
    assert world.rows("executed_actions", 1).values("instrument_id") == ["US_EQ:N0000"]


def test_orders_come_to_the_broker_in_turn():
    world = World([[10.0, 20.0, 30.0]] * 3).run(lambda day, *_: [{1: 5, 2: 5}, {2: 9, 3: 1}, None][day])
    orders = world.rows("orders", 1)
    twice = joined([orders, orders])
    ids = np.arange(len(twice) * 16, dtype=np.uint8).reshape(-1, 16)[::-1]
    shuffled = Rows("orders", twice.day, {**twice.columns, "order_id": ids})
    batch = world.batch(world.fills, world.fills_config, [FIRST + 2], {"orders": shuffled})
    found = as_orders(working_orders(batch, 0), batch)
    in_turn = list(zip(found.sides, found.instrument_ids.texts(), found.ids[:, 0].tolist(), strict=True))
    assert in_turn == sorted(in_turn, key=lambda one: (one[0] == "BUY", *one[1:]))
    assert [name for _, name, _ in in_turn] == [f"US_EQ:N{k:04d}" for k in (0, 0, 1, 1, 2, 2)]


def test_an_action_weighs_the_prices_of_its_fills_by_their_volume():
    world = World([[10.0, 10.0], [20.0, 20.0]])
    world.fills = fills_step(TwoExecutions())
    world.run(once({1: 100, 2: 50}))
    fills, actions = world.rows("fills", 1), world.rows("executed_actions", 1)
    assert sorted(fills.values("quantity")) == [5, 10, 45, 90]
    assert len({bytes(one) for one in fills.columns["fill_id"]}) == 4
    assert [json.loads(text).get("tag") for text in fills.values("metadata")] == [None, None, "late", "late"]
    assert actions.values("price") == [D(19), D(19)]
    assert dict(zip(actions.codes("instrument_id").tolist(), actions.values("quantity"), strict=True)) == {
        1: D(100),
        2: D(50),
    }
    assert actions.columns["timestamp"][0] == world.sessions.opens[FIRST + 1] + 60
    for text in actions.values("metadata"):
        of_order = json.loads(text)
        own = [
            uuid_text(bytes(fill))
            for fill, order in zip(fills.columns["fill_id"], fills.columns["order_id"], strict=True)
            if uuid_text(bytes(order)) == of_order["order_id"]
        ]
        assert of_order["fill_ids"] == own
    assert world.held(1) == {0: D(1_000_000 - 1900 - 950 - 6), 1: D(100), 2: D(50)}


class TwoExecutionsEveryOtherDay:
    """Two executions of each order on one day, one on the next."""

    def execute(self, orders, day, config):
        if day.trades_at // 86_400 % 2:
            return TwoExecutions().execute(orders, day, config)
        n = len(orders)
        each = [["a"] * n, orders.quantities, [D(10)] * n, [D(1)] * n, [day.trades_at] * n, [""] * n]
        return Reports(["FILLED"] * n, [""] * n, Executions(range(n), *each))


def test_a_batch_with_several_executions_of_an_order_equals_its_dates_one_by_one():
    world = World([[10.0, 10.0]] * 5)
    world.fills = fills_step(TwoExecutionsEveryOtherDay())
    world.run(lambda day, *_: {1: 10 + 10 * day, 2: 100 - 10 * day})
    days = [1, 2, 3, 4]
    tables = {
        name: joined([world.rows(name, day - 1) for day in days])
        for name in ("orders", "positions_snapshots")
    }
    whole = world.settled([FIRST + day for day in days], tables)
    found = {rows.table: rows for rows in whole.rows}
    n_fills = [len(world.rows("fills", day)) for day in days]
    assert sorted(n_fills) == [2, 2, 4, 4]
    for name in ("fills", "executed_actions"):
        for day in days:
            one, own = world.rows(name, day), found[name].on(FIRST + day)
            for column in one.columns:
                assert list(map(str, own.values(column))) == list(map(str, one.values(column)))
