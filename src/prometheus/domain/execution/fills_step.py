"""The step of the broker door: orders of the session before become fills, actions and positions.

For each date, in this order:

1. Take up the positions of the session before; without any, the portfolio opens with its cash.
2. Dividends, then splits, of what was held at the close before.
3. The broker executes the orders of the session before.
4. Each execution is a fill; an order with fills is an executed action; the order's state moves on.
5. Positions are the old ones folded over the fills; cash pays and receives.
6. Everything is valued at the close.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, localcontext
from operator import mul, sub
from typing import Any

import numpy as np

from prometheus.domain.execution.book import Book, opened
from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.day_prices import PRICES, DayPrices
from prometheus.domain.execution.exact import MONEY, ZERO
from prometheus.domain.execution.ports import NOTHING_TO_REPORT, Broker
from prometheus.domain.execution.reported_rows import (
    COMPLETION,
    coded,
    days,
    fills_rows,
    orders_updates,
)
from prometheus.domain.execution.working_orders import as_orders, working_orders
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
        completion=COMPLETION,
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
    orders = working_orders(batch, i)
    reports = NOTHING_TO_REPORT
    if len(orders):
        trading_day = prices.trading_day(orders.codes("instrument_id"), book.cash)
        reports = broker.execute(as_orders(orders, batch), trading_day, config)
    done = reports.executions
    rows: list[Rows] = []
    notional = commission = ZERO
    if len(done):
        fills = fills_rows(batch, day, orders, done)
        rows.append(fills)
        notional, commission = book.fold(fills.codes("instrument_id").tolist(), fills.values("side"), done)
    positions, stale = _positions(batch, day, book, prices)
    rows.append(positions)
    summary: dict[str, Any] = {"n_orders": len(orders), "n_positions": n_held, **events}
    if stale:
        summary["stale"] = stale
    action: dict[str, Any] = {
        "n_fills": len(done),
        "notional": format(notional, "f"),
        "commission": format(commission, "f"),
        "cash": format(book.cash, "f"),
    }
    if any(reports.reasons):
        action["reasons"] = dict(sorted(Counter(filter(None, reports.reasons)).items()))
    return Output(
        rows=tuple(rows),
        updates=(orders_updates(day, orders, reports),) if any(reports.statuses) else (),
        proposed_actions=[action],
        input_summaries=[summary],
    )


def _positions(batch: Batch, day: int, book: Book, prices: DayPrices) -> tuple[Rows, dict[str, int]]:
    names = batch.assets.ids
    assets = sorted(book.positions)
    held = [book.positions[asset] for asset in assets]
    quantities, costs = [quantity for quantity, _ in held], [cost for _, cost in held]
    closes, ages = prices.closes(assets)
    values = list(map(mul, quantities, closes))
    gains = map(sub, values, map(mul, quantities, costs))
    n = len(assets) + 1
    return Rows(
        "positions_snapshots",
        days(day, n),
        {
            "portfolio_id": batch.context.portfolio_id,
            "timestamp": np.full(n, batch.sessions.closes[day]),
            "instrument_id": coded([*assets, book.cash_asset], names),
            "quantity": [*quantities, book.cash],
            "avg_cost": [*costs, _ONE],
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
