"""Rows of fills, executed actions and order states, from what the broker reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from prometheus.domain.execution.exact import ZERO, quotient
from prometheus.domain.execution.ports import Execution, Order, Report
from prometheus.domain.execution.texts import json_text, uuid_strings, with_members
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows
from prometheus.kernel.arrays import ByteArray
from prometheus.kernel.ids import key_digests, row_ids

SIDES = ("BUY", "SELL")
STATUSES = ("PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED")
_STATUS_CODES = {status: code for code, status in enumerate(STATUSES)}
_OF_A_FILL = ("timestamp", "instrument_id", "side", "quantity", "price")
_FIRST_EXECUTION = ('{"execution_id": "1"}',)
_ACTION_KEY = key_digests(("",), space="executed_actions")


@dataclass(frozen=True, slots=True)
class WorkingOrders:
    """Working orders of the session before; ``place`` finds their rows."""

    rows: Rows
    working: list[Order]
    place: Mapping[bytes, int]

    @classmethod
    def of(cls, batch: Batch, i: int) -> WorkingOrders:
        """Return those that date ``i`` of a batch finds; what was cancelled by hand stays so."""
        rows = batch.rows("orders")
        if len(rows):
            rows = rows.on(int(batch.days[i]) - 1)
        if len(rows) and "CANCELLED" in (states := rows.values("status")):
            rows = rows.taken([k for k, status in enumerate(states) if status != "CANCELLED"])
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


def days(day: int, n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the same day n times."""
    return np.full(n, day, dtype=np.int64)


def coded(codes: Sequence[int], values: Sequence[Any]) -> Coded:
    """Return a coded column from a list of places."""
    return Coded(np.array(codes, dtype=np.int64), values)


def _times(seconds: Sequence[int]) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    return np.array(seconds, dtype=np.int64).view("datetime64[s]")


def _distinct(texts: list[str]) -> Coded:
    if texts.count(texts[0]) == len(texts):
        return Coded(np.zeros(len(texts), dtype=np.int64), (texts[0],))
    place: dict[str, int] = {}
    codes = [place.setdefault(text, len(place)) for text in texts]
    return coded(codes, tuple(place))


def fills_rows(batch: Batch, day: int, orders: WorkingOrders, done: Sequence[tuple[int, Execution]]) -> Rows:
    """Return a row for each execution; ``done`` pairs it with the place of its order."""
    executions = [execution for _, execution in done]
    own = [orders.working[k] for k, _ in done]
    order_ids = _taken(orders.rows, "order_id", [k for k, _ in done])
    names = _distinct([execution.execution_id for execution in executions])
    keys = key_digests(names.values, space="fills")
    is_tagged = [execution.tag for execution in executions].count("") < len(executions)
    is_plain = names.values == ("1",) and not is_tagged
    metadata = Coded(names.codes, _FIRST_EXECUTION) if is_plain else _distinct(list(map(_facts, executions)))
    return Rows(
        "fills",
        days(day, len(done)),
        {
            "fill_id": row_ids(order_ids, keys[names.codes]),
            "order_id": order_ids,
            "timestamp": _times([execution.executed_at for execution in executions]),
            "instrument_id": coded([order.asset for order in own], batch.assets.ids),
            "side": coded([0 if order.side == "BUY" else 1 for order in own], SIDES),
            "quantity": [execution.quantity for execution in executions],
            "price": [execution.price for execution in executions],
            "commission": [execution.commission for execution in executions],
            "mode": batch.context.mode,
            "metadata": metadata,
        },
    )


def _taken(rows: Rows, name: str, places: Sequence[int]) -> ByteArray:
    ids: ByteArray = rows.columns[name][np.array(places)]  # type: ignore[index, assignment]
    return ids


def _facts(execution: Execution) -> str:
    body = {"execution_id": execution.execution_id}
    return json_text({**body, "tag": execution.tag} if execution.tag else body)


def executed_actions_rows(
    batch: Batch, day: int, orders: WorkingOrders, reports: Sequence[Report], fills: Rows
) -> Rows:
    """Return a row for each order with fills, its price weighted by their volume."""
    executions = [report.executions for report in reports if report.executions]
    places = [orders.place[report.order_id] for report in reports if report.executions]
    order_ids = _taken(orders.rows, "order_id", places)
    texts = uuid_strings(np.concatenate((order_ids, fills.columns["fill_id"])))  # type: ignore[arg-type]
    order_texts, fill_texts = texts[: len(places)], texts[len(places) :]
    own: dict[str, Any]
    if len(fills) == len(places):  # one execution each, as on daily bars: prices need no weighting
        own = {name: fills.columns[name] for name in _OF_A_FILL}
    else:
        fill_texts = _grouped(fill_texts, [len(one) for one in executions])
        volumes = [_volume_weighted(one) for one in executions]
        first = np.cumsum([0, *[len(one) for one in executions[:-1]]])
        own = {
            "timestamp": _times([max(e.executed_at for e in one) for one in executions]),
            "instrument_id": Coded(fills.codes("instrument_id")[first], batch.assets.ids),
            "side": Coded(fills.codes("side")[first], SIDES),
            "quantity": [quantity for quantity, _ in volumes],
            "price": [price for _, price in volumes],
        }
    head = f'{{"mode": "{batch.context.mode}", "fill_ids": ["'
    return Rows(
        "executed_actions",
        days(day, len(places)),
        {
            "action_id": row_ids(order_ids, _ACTION_KEY),
            "decision_id": _taken(orders.rows, "decision_id", places),
            "portfolio_id": batch.context.portfolio_id,
            **own,
            "metadata": [
                f'{head}{fill_text}"], "order_id": "{order_text}"}}'
                for fill_text, order_text in zip(fill_texts, order_texts, strict=True)
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


def orders_updates(day: int, orders: WorkingOrders, reports: Sequence[Report]) -> Rows:
    """Return the state that each reported order has now, and what stopped it."""
    places = [orders.place[report.order_id] for report in reports]
    texts = orders.rows.values("metadata")
    metadata = [texts[k] for k in places]
    for n, report in enumerate(reports):
        if report.reason:
            filled = sum((execution.quantity for execution in report.executions), ZERO)
            metadata[n] = with_members(metadata[n], filled_quantity=format(filled, "f"), reason=report.reason)
    return Rows(
        "orders",
        days(day, len(places)),
        {
            "order_id": _taken(orders.rows, "order_id", places),
            "status": coded([_STATUS_CODES[report.status] for report in reports], STATUSES),
            "metadata": metadata,
        },
    )
