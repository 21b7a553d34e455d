"""Rows of fills, executed actions and order states, from what the broker reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import localcontext
from functools import lru_cache
from typing import Any

import numpy as np

from prometheus.domain.execution.exact import MONEY, ZERO, quotient
from prometheus.domain.execution.ports import Executions, Reports
from prometheus.domain.execution.texts import json_text, uuid_strings, with_ids, with_members
from prometheus.domain.execution.working_orders import order_ids
from prometheus.flow.batch import Batch, Context
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.step import Completion
from prometheus.kernel.arrays import ByteArray, IntArray
from prometheus.kernel.ids import key_digests, row_ids

STATUSES = ("PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED")
_STATUS_CODES = {status: code for code, status in enumerate(STATUSES)}
_OF_A_FILL = ("timestamp", "instrument_id", "side", "quantity", "price")
_NAME, _TAG, _DECISION, _PLACE = "execution_name", "tag", "decision_id", "place of the order"
_OF_AN_ACTION = (_NAME, _TAG, _DECISION, _PLACE)
_ACTION_KEY = key_digests(("",), space="executed_actions")


def days(day: int, n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the same day n times."""
    return np.full(n, day, dtype=np.int64)


def coded(codes: Sequence[int], values: Sequence[Any]) -> Coded:
    """Return a coded column from a list of places."""
    return Coded(np.array(codes, dtype=np.int64), values)


def _times(seconds: Sequence[int]) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    return np.array(seconds, dtype=np.int64).view("datetime64[s]")


def _one_or_all(texts: Sequence[str]) -> str | list[str]:
    """Return the text that all rows share, or one a row."""
    return texts[0] if texts.count(texts[0]) == len(texts) else list(texts)


def _distinct(texts: Sequence[str]) -> Coded:
    if texts.count(texts[0]) == len(texts):
        return Coded(np.zeros(len(texts), dtype=np.int64), (texts[0],))
    place: dict[str, int] = {}
    codes = [place.setdefault(text, len(place)) for text in texts]
    return coded(codes, tuple(place))


def fills_rows(batch: Batch, day: int, orders: Rows, executions: Executions) -> Rows:
    """Return a row for each execution of orders, with what its action takes from its order.

    Their ids, metadata and actions follow from them: see `COMPLETION`.
    """
    own = np.array(executions.orders)
    return Rows(
        "fills",
        days(day, len(executions)),
        {
            "order_id": order_ids(orders)[own],
            "timestamp": _times(executions.times),
            "instrument_id": Coded(orders.codes("instrument_id")[own], batch.assets.ids),
            "side": orders.columns["side"].taken(own),  # type: ignore[union-attr]
            "quantity": list(executions.quantities),
            "price": list(executions.prices),
            "commission": list(executions.commissions),
            "mode": batch.context.mode,
            _NAME: _one_or_all(executions.ids),
            _TAG: _one_or_all(executions.tags),
            _DECISION: orders.columns["decision_id"][own],  # type: ignore[index]
            _PLACE: own,
        },
    )


def _completed(tables: Mapping[str, Rows], context: Context) -> list[Rows]:
    found = dict(tables)
    if "fills" in found:
        found["fills"], found["executed_actions"] = _fills_and_actions(found["fills"], context)
    return list(found.values())


COMPLETION = Completion(("fills", "executed_actions"), _completed)
"""Gives fills their ids and metadata, and makes the executed actions of them."""


def _fills_and_actions(fills: Rows, context: Context) -> tuple[Rows, Rows]:
    ids: ByteArray = fills.columns["order_id"]  # type: ignore[assignment]
    names = _names(fills)
    columns = {name: column for name, column in fills.columns.items() if name not in _OF_AN_ACTION}
    fill_ids = row_ids(ids, _fill_keys(tuple(names.values))[names.codes])
    columns["fill_id"] = fill_ids
    columns["metadata"] = _facts(names, fills.values(_TAG))
    return Rows("fills", fills.day, columns), _actions(fills, fill_ids, context)


def _names(fills: Rows) -> Coded:
    """Return the names that the broker gave its executions."""
    given = fills.columns[_NAME]
    if isinstance(given, str):
        return Coded(np.zeros(len(fills), dtype=np.int64), (given,))
    return _distinct(fills.values(_NAME))


@lru_cache(maxsize=16)
def _fill_keys(names: tuple[str, ...]) -> ByteArray:
    return key_digests(names, space="fills")


def _facts(names: Coded, tags: Sequence[str]) -> Coded:
    """Return the metadata of fills: the name that the broker gave, and the tag if there is one."""
    if not any(tags):
        return Coded(names.codes, tuple(json_text({"execution_id": name}) for name in names.values))
    pairs = zip(names.texts(), tags, strict=True)
    bodies = [{"execution_id": name, "tag": tag} if tag else {"execution_id": name} for name, tag in pairs]
    return _distinct([json_text(body) for body in bodies])


def _actions(fills: Rows, fill_ids: ByteArray, context: Context) -> Rows:
    """Return a row for each order and day with fills, its price weighted by their volume."""
    of_fills: ByteArray = fills.columns["order_id"]  # type: ignore[assignment]
    places: IntArray = fills.columns[_PLACE]  # type: ignore[assignment]
    same_day = fills.day[1:] == fills.day[:-1]
    template = f'{{"mode": "{context.mode}", "fill_ids": ["%s"], "order_id": "%s"}}'
    if (places[1:] > places[:-1])[same_day].all():  # one execution each, as on daily bars: nothing to weight
        first = np.arange(len(fills))
        ids = of_fills
        columns = {name: fills.columns[name] for name in _OF_A_FILL}
        metadata = with_ids(template, fill_ids, ids)
    else:
        groups: dict[tuple[int, int], list[int]] = {}
        for k, key in enumerate(zip(fills.day.tolist(), places.tolist(), strict=True)):
            groups.setdefault(key, []).append(k)
        first = np.array([group[0] for group in groups.values()])
        ids = of_fills[first]
        columns = _weighted(fills, list(groups.values()))
        texts = uuid_strings(fill_ids)
        behind = ['", "'.join([texts[k] for k in group]) for group in groups.values()]
        metadata = [template % pair for pair in zip(behind, uuid_strings(ids), strict=True)]
    return Rows(
        "executed_actions",
        fills.day[first],
        {
            "action_id": row_ids(ids, _ACTION_KEY),
            "decision_id": fills.columns[_DECISION][first],  # type: ignore[index]
            "portfolio_id": context.portfolio_id,
            **columns,
            "metadata": metadata,
        },
    )


def _weighted(fills: Rows, groups: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Return the columns that an action shares with its fills, from the places of each action's fills."""
    quantities, prices = fills.values("quantity"), fills.values("price")
    with localcontext(MONEY):
        volumes = [sum((quantities[k] for k in group), ZERO) for group in groups]
        notionals = [sum((quantities[k] * prices[k] for k in group), ZERO) for group in groups]
    first = np.array([group[0] for group in groups])
    times: Any = fills.columns["timestamp"]
    return {
        "timestamp": np.array([times[list(group)].max() for group in groups]),
        "instrument_id": fills.columns["instrument_id"].taken(first),  # type: ignore[union-attr]
        "side": fills.columns["side"].taken(first),  # type: ignore[union-attr]
        "quantity": volumes,
        "price": [
            prices[group[0]] if len(group) == 1 else quotient(notional, volume)
            for group, notional, volume in zip(groups, notionals, volumes, strict=True)
        ],
    }


def orders_updates(day: int, orders: Rows, reports: Reports) -> Rows:
    """Return the state that each reported order has now, and what stopped it."""
    told = [k for k, status in enumerate(reports.statuses) if status is not None]
    metadata = (orders if len(told) == len(orders) else orders.taken(told)).columns["metadata"]
    if any(reports.reasons):
        texts = orders.values("metadata")
        filled = dict.fromkeys(told, ZERO)
        for k, quantity in zip(reports.executions.orders, reports.executions.quantities, strict=True):
            filled[k] = filled.get(k, ZERO) + quantity
        for k in told:
            if reason := reports.reasons[k]:
                texts[k] = with_members(texts[k], filled_quantity=format(filled[k], "f"), reason=reason)
        metadata = [texts[k] for k in told]
    return Rows(
        "orders",
        days(day, len(told)),
        {
            "order_id": order_ids(orders)[told],
            "status": coded([_STATUS_CODES[reports.statuses[k]] for k in told], STATUSES),  # type: ignore[index]
            "metadata": metadata,
        },
    )
