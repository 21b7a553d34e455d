"""The step of the broker door: orders of the session before become fills, actions and positions.

For each date, in this order:

1. Take up the positions of the session before; without any, the portfolio opens with its cash.
2. Splits, then dividends, of what was held at the close before.
3. The broker executes the orders of the session before.
4. Each execution is a fill; an order with fills is an executed action; the order's state moves on.
5. Positions are the old ones folded over the fills; cash pays and receives.
6. Everything is valued at the close.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any

import numpy as np

from prometheus.domain.execution.book import Book, opened
from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.day_prices import PRICES, DayPrices
from prometheus.domain.execution.exact import MONEY, ZERO
from prometheus.domain.execution.ports import Broker, TradingDay
from prometheus.domain.execution.reported_rows import (
    WorkingOrders,
    coded,
    days,
    executed_actions_rows,
    fills_rows,
    orders_updates,
)
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Rows, joined
from prometheus.flow.step import Output, Read, Step

_ONE = Decimal(1)


def fills_step(broker: Broker) -> Step:
    """Return the step ``fills`` behind a broker."""

    def compute(batch: Batch, config: FillsConfig) -> Output:
        with localcontext(MONEY):
            return _joined([_settled(batch, i, config, broker) for i in range(len(batch.days))])

    return Step(
        name="fills",
        config_type=FillsConfig,
        reads=_reads,
        writes=("fills", "executed_actions", "positions_snapshots"),
        advances=("orders",),
        compute=compute,
        when="session",
        scope="portfolio",
    )


def _reads(config: FillsConfig) -> tuple[Read, ...]:
    today = ["split", "dividend"]
    if config.price == "open":
        today.append("open")
    if config.participation is not None:
        today.append("volume")
    return (
        Read("orders", lag=1),
        Read("positions_snapshots", lag=1),
        Read(PRICES, tuple(sorted(today))),
        Read(PRICES, ("close",), sessions=config.stale_sessions),
    )


def _settled(batch: Batch, i: int, config: FillsConfig, broker: Broker) -> Output:
    day = int(batch.days[i])
    prices = DayPrices(batch, i, config)
    book = opened(batch, day, config)
    n_held = len(book.positions)
    events = book.apply_corporate_actions(batch.assets.ids, prices)
    orders = WorkingOrders.of(batch, i)
    clock = batch.sessions.opens if config.price == "open" else batch.sessions.closes
    trading_day = TradingDay(
        trades_at=int(clock[day].astype(np.int64)),
        bars=prices.bars([order.asset for order in orders.working]),
        cash=book.cash,
    )
    reports = broker.execute(orders.working, trading_day, config) if orders.working else ()
    rows: list[Rows] = []
    done = [(orders.place[r.order_id], execution) for r in reports for execution in r.executions]
    notional, commission = book.fold([(orders.working[k], execution) for k, execution in done])
    if done:
        fills = fills_rows(batch, day, orders, done)
        rows += [fills, executed_actions_rows(batch, day, orders, reports, fills)]
    positions, stale = _positions(batch, day, book, prices)
    rows.append(positions)
    summary: dict[str, Any] = {"n_orders": len(orders.working), "n_positions": n_held, **events}
    if stale:
        summary["stale"] = stale
    action: dict[str, Any] = {
        "n_fills": len(done),
        "notional": format(notional, "f"),
        "commission": format(commission, "f"),
        "cash": format(book.cash, "f"),
    }
    reasons = Counter(report.reason for report in reports if report.reason)
    if reasons:
        action["reasons"] = dict(sorted(reasons.items()))
    return Output(
        rows=tuple(rows),
        updates=(orders_updates(day, orders, reports),) if reports else (),
        proposed_actions=[action],
        input_summaries=[summary],
    )


def _positions(batch: Batch, day: int, book: Book, prices: DayPrices) -> tuple[Rows, dict[str, int]]:
    names = batch.assets.ids
    assets = sorted(book.positions)
    held = [book.positions[asset] for asset in assets]
    closes, ages = prices.closes(assets)
    quantities = [quantity for quantity, _ in held]
    values = [quantity * close for quantity, close in zip(quantities, closes, strict=True)]
    gains = [value - quantity * cost for value, (quantity, cost) in zip(values, held, strict=True)]
    n = len(assets) + 1
    return Rows(
        "positions_snapshots",
        days(day, n),
        {
            "portfolio_id": batch.context.portfolio_id,
            "timestamp": np.full(n, batch.sessions.closes[day]),
            "instrument_id": coded([*assets, book.cash_asset], names),
            "quantity": [*quantities, book.cash],
            "avg_cost": [*[cost for _, cost in held], _ONE],
            "market_value": [*values, book.cash],
            "unrealized_pnl": [*gains, ZERO],
            "mode": batch.context.mode,
        },
    ), {names[asset]: age for asset, age in ages.items()}


def _joined(outputs: Sequence[Output]) -> Output:
    if len(outputs) == 1:
        return outputs[0]
    return Output(
        rows=_by_table([rows for output in outputs for rows in output.rows]),
        updates=_by_table([rows for output in outputs for rows in output.updates]),
        proposed_actions=[action for output in outputs for action in output.proposed_actions],
        input_summaries=[summary for output in outputs for summary in output.input_summaries],
    )


def _by_table(parts: Sequence[Rows]) -> tuple[Rows, ...]:
    tables = dict.fromkeys(part.table for part in parts)
    return tuple(joined([part for part in parts if part.table == table]) for table in tables)
