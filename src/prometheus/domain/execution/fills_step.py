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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

import numpy as np

from prometheus.domain.execution.book import Book, opened
from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.day_prices import PRICES, DayPrices
from prometheus.domain.execution.exact import MONEY, ZERO, quotient
from prometheus.domain.execution.ports import Broker, Execution, Order, Report, TradingDay
from prometheus.domain.execution.texts import json_text, uuid_strings, with_members
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows, joined
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.arrays import ByteArray
from prometheus.kernel.ids import key_digests, row_ids

SIDES = ("BUY", "SELL")
STATUSES = ("PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED")
_FIRST_EXECUTION = ('{"execution_id": "1"}',)
_ACTION_KEY = key_digests(("",), space="executed_actions")
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


@dataclass(frozen=True, slots=True)
class _Orders:
    """Working orders of the session before; ``place`` finds their rows."""

    rows: Rows
    working: list[Order]
    place: Mapping[bytes, int]

    @classmethod
    def of(cls, batch: Batch, i: int) -> _Orders:
        rows = batch.rows("orders")
        if len(rows):
            rows = rows.on(int(batch.days[i]) - 1)
        if not len(rows):
            return cls(rows, [], {})
        ids: ByteArray = rows.columns["order_id"]  # type: ignore[assignment]
        raw = np.ascontiguousarray(ids).tobytes()
        assets = rows.codes("instrument_id").tolist()
        columns = (
            [raw[at : at + 16] for at in range(0, len(raw), 16)],
            assets,
            [batch.assets.ids[asset] for asset in assets],
            rows.values("side"),
            rows.values("order_type"),
            rows.values("quantity"),
        )
        working = list(map(Order._make, zip(*columns, strict=True)))
        place = {order.order_id: k for k, order in enumerate(working)}
        return cls(rows, working, place)


def _settled(batch: Batch, i: int, config: FillsConfig, broker: Broker) -> Output:
    day = int(batch.days[i])
    prices = DayPrices(batch, i, config)
    book = opened(batch, day, config)
    n_held = len(book.positions)
    events = book.apply_corporate_actions(batch.assets.ids, prices)
    orders = _Orders.of(batch, i)
    clock = batch.sessions.opens if config.price == "open" else batch.sessions.closes
    trading_day = TradingDay(
        trades_at=int(clock[day].astype(np.int64)),
        bars=prices.bars([order.asset for order in orders.working]),
        cash=book.cash,
    )
    reports = broker.execute(orders.working, trading_day, config) if orders.working else ()
    rows: list[Rows] = []
    done = [(orders.place[r.order_id], execution) for r in reports for execution in r.executions]
    notional = commission = ZERO
    for k, execution in done:
        paid = execution.quantity * execution.price
        notional += paid
        commission += execution.commission
        book.fold(orders.working[k], execution, paid)
    if done:
        fills = _fills(batch, day, orders, done)
        rows += [fills, _actions(batch, day, orders, reports, fills)]
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
        updates=(_updates(day, orders, reports),) if reports else (),
        proposed_actions=[action],
        input_summaries=[summary],
    )


def _days(day: int, n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.full(n, day, dtype=np.int64)


def _coded(codes: Sequence[int], values: Sequence[Any]) -> Coded:
    return Coded(np.array(codes, dtype=np.int64), values)


def _times(seconds: Sequence[int]) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    return np.array(seconds, dtype=np.int64).view("datetime64[s]")


def _distinct(texts: Sequence[str]) -> Coded:
    place: dict[str, int] = {}
    codes = [place.setdefault(text, len(place)) for text in texts]
    return _coded(codes, tuple(place))


def _fills(batch: Batch, day: int, orders: _Orders, done: Sequence[tuple[int, Execution]]) -> Rows:
    executions = [execution for _, execution in done]
    own = [orders.working[k] for k, _ in done]
    order_ids = _taken(orders.rows, "order_id", [k for k, _ in done])
    names = _distinct([execution.execution_id for execution in executions])
    keys = key_digests(names.values, space="fills")
    if len(names.values) == 1 and names.values[0] == "1" and not any(e.tag for e in executions):
        metadata = Coded(names.codes, _FIRST_EXECUTION)
    else:
        metadata = _distinct([_facts(execution) for execution in executions])
    return Rows(
        "fills",
        _days(day, len(done)),
        {
            "fill_id": row_ids(order_ids, keys[names.codes]),
            "order_id": order_ids,
            "timestamp": _times([execution.executed_at for execution in executions]),
            "instrument_id": _coded([order.asset for order in own], batch.assets.ids),
            "side": _coded([0 if order.side == "BUY" else 1 for order in own], SIDES),
            "quantity": [execution.quantity for execution in executions],
            "price": [execution.price for execution in executions],
            "commission": [execution.commission for execution in executions],
            "mode": batch.context.mode,
            "metadata": metadata,
        },
    )


def _taken(rows: Rows, name: str, places: Sequence[int]) -> ByteArray:
    ids: ByteArray = rows.columns[name][np.array(places)]  # type: ignore[index, call-overload, assignment]
    return ids


def _facts(execution: Execution) -> str:
    body = {"execution_id": execution.execution_id}
    return json_text({**body, "tag": execution.tag} if execution.tag else body)


def _actions(batch: Batch, day: int, orders: _Orders, reports: Sequence[Report], fills: Rows) -> Rows:
    executions = [report.executions for report in reports if report.executions]
    places = [orders.place[report.order_id] for report in reports if report.executions]
    own = [orders.working[k] for k in places]
    order_ids = _taken(orders.rows, "order_id", places)
    fill_texts = uuid_strings(fills.columns["fill_id"])  # type: ignore[arg-type]
    if len(fills) == len(own):  # one execution each, as on daily bars: prices need no weighting
        summed = {name: fills.columns[name] for name in ("timestamp", "quantity", "price")}
    else:
        fill_texts = _grouped(fill_texts, [len(one) for one in executions])
        volumes = [_volume_weighted(one) for one in executions]
        summed = {
            "timestamp": _times([max(e.executed_at for e in one) for one in executions]),
            "quantity": [quantity for quantity, _ in volumes],
            "price": [price for _, price in volumes],
        }
    head = f'{{"mode": "{batch.context.mode}", "fill_ids": ["'
    return Rows(
        "executed_actions",
        _days(day, len(own)),
        {
            "action_id": row_ids(order_ids, _ACTION_KEY),
            "decision_id": _taken(orders.rows, "decision_id", places),
            "portfolio_id": batch.context.portfolio_id,
            "instrument_id": _coded([order.asset for order in own], batch.assets.ids),
            "side": _coded([0 if order.side == "BUY" else 1 for order in own], SIDES),
            **summed,
            "metadata": [
                f'{head}{fill_text}"], "order_id": "{order_text}"}}'
                for fill_text, order_text in zip(fill_texts, uuid_strings(order_ids), strict=True)
            ],
        },
    )


def _grouped(texts: Sequence[str], sizes: Sequence[int]) -> list[str]:
    """Return the ids of each group as the inside of a JSON array."""
    left = iter(texts)
    return ['", "'.join([next(left) for _ in range(size)]) for size in sizes]


def _volume_weighted(executions: Sequence[Execution]) -> tuple[Decimal, Decimal]:
    quantity = sum((e.quantity for e in executions), ZERO)
    if len(executions) == 1:
        return quantity, executions[0].price
    return quantity, quotient(sum((e.quantity * e.price for e in executions), ZERO), quantity)


def _updates(day: int, orders: _Orders, reports: Sequence[Report]) -> Rows:
    places = [orders.place[report.order_id] for report in reports]
    texts = orders.rows.values("metadata")
    metadata = []
    for k, report in zip(places, reports, strict=True):
        text = texts[k]
        if report.reason:
            filled = sum((execution.quantity for execution in report.executions), ZERO)
            text = with_members(text, filled_quantity=format(filled, "f"), reason=report.reason)
        metadata.append(text)
    return Rows(
        "orders",
        _days(day, len(places)),
        {
            "order_id": _taken(orders.rows, "order_id", places),
            "status": _coded([STATUSES.index(report.status) for report in reports], STATUSES),
            "metadata": metadata,
        },
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
        _days(day, n),
        {
            "portfolio_id": batch.context.portfolio_id,
            "timestamp": np.full(n, batch.sessions.closes[day]),
            "instrument_id": _coded([*assets, book.cash_asset], names),
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
