"""The step that turns the day's targets and positions into orders for the next session.

It decides every session: ordinary trades where there is a target of the day, and a sale of each held name
whose listing ends by the next session, which was announced before and so is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from typing import Any

import numpy as np

from prometheus.domain.execution.book import cash_place
from prometheus.domain.execution.config import OrdersConfig
from prometheus.domain.execution.day_prices import PRICES
from prometheus.domain.execution.exact import MONEY, exact
from prometheus.domain.execution.planned_orders import (
    DELISTING,
    NOT_IN_TARGET,
    TARGET,
    Trades,
    planned_orders,
)
from prometheus.domain.execution.texts import json_text
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows, joined
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.errors import InvalidRowsError
from prometheus.kernel.ids import row_ids

_SIDES = ("BUY", "SELL")
_REASONS = (TARGET, NOT_IN_TARGET, DELISTING)
_REASON_CODES = {reason: code for code, reason in enumerate(_REASONS)}
_METADATA = tuple(json_text({"tag": reason}) for reason in _REASONS)


def _reads(config: OrdersConfig) -> tuple[Read, ...]:
    reads = (Read("target_portfolios"), Read("positions_snapshots"))
    return (*reads, Read(PRICES, ("close",))) if config.min_trade_value else reads


def _compute(batch: Batch, config: OrdersConfig) -> Output:
    with localcontext(MONEY):
        planned = [_planned(batch, i, config) for i in range(len(batch.days))]
    found = [_orders(batch, i, trades) for i, (trades, _) in enumerate(planned) if len(trades)]
    return Output(
        rows=(joined(found),) if found else (),
        proposed_actions=[_in_short(trades) for trades, _ in planned],
        input_summaries=[summary for _, summary in planned],
    )


def _in_short(trades: Trades) -> dict[str, Any]:
    n_leaving = trades.reasons.count(DELISTING)
    short = {"n_orders": len(trades), "n_sells": trades.n_sells, "n_buys": len(trades) - trades.n_sells}
    return {**short, "n_delistings": n_leaving} if n_leaving else short


def _planned(batch: Batch, i: int, config: OrdersConfig) -> tuple[Trades, dict[str, Any]]:
    positions = _held(batch, i)
    targets = _targets(batch, i)
    touched = list(positions) if targets is None else list({**positions, **targets})
    trades = planned_orders(
        positions, targets, leaving=_leaving(batch, i, touched), is_worth_it=_is_worth_it(batch, i, config)
    )
    n_targets = None if targets is None else len(targets)
    return trades, {"n_positions": len(positions), "n_targets": n_targets}


def _held(batch: Batch, i: int) -> dict[int, Decimal]:
    rows = batch.rows("positions_snapshots")
    if len(rows):
        rows = rows.on(int(batch.days[i]))
    if not len(rows):
        return {}
    held = dict(zip(rows.codes("instrument_id").tolist(), rows.values("quantity"), strict=True))
    held.pop(cash_place(batch), None)
    return held


def _targets(batch: Batch, i: int) -> dict[int, Decimal] | None:
    rows = batch.rows("target_portfolios")
    if len(rows):
        rows = rows.on(int(batch.days[i]))
    if not len(rows):
        return None
    if len(rows) > 1:
        raise InvalidRowsError(
            f"Expected one target portfolio on {batch.dates[i]}, found {len(rows)}.",
            remedy="Read the target of one decision.",
        )
    column = rows.records("target_positions", batch.assets.ids, ("quantity",))
    shares = column.values[0][0]
    wanted = [Decimal(n) if isinstance(n, int) else exact(n) for n in shares]
    return dict(zip(column.places[0], wanted, strict=True))


def _leaving(batch: Batch, i: int, assets: Sequence[int]) -> list[int]:
    if not assets:
        return []
    codes = np.array(assets)
    day = int(batch.days[i])
    # The calendar's very last session has no next one; nothing will trade after it.
    coming = batch.sessions.dates[min(day + 1, len(batch.sessions.dates) - 1)]
    is_leaving = batch.assets.delisted[codes] <= coming
    return codes[is_leaving].tolist() if is_leaving.any() else []


def _is_worth_it(batch: Batch, i: int, config: OrdersConfig) -> Callable[[int, Decimal], bool] | None:
    if not config.min_trade_value:
        return None
    closes = batch.panel(PRICES, "close").at(0)[i]

    def is_worth_it(asset: int, change: Decimal) -> bool:
        close = float(closes[asset])
        return close == close and abs(change) * exact(close) >= config.min_trade_value

    return is_worth_it


def _orders(batch: Batch, i: int, trades: Trades) -> Rows:
    n, day = len(trades), int(batch.days[i])
    codes = np.array(trades.assets)
    is_sell = (np.arange(n) < trades.n_sells).astype(np.int64)
    decisions = np.repeat(batch.decisions[i : i + 1], n, axis=0)
    return Rows(
        "orders",
        np.full(n, day, dtype=np.int64),
        {
            "order_id": row_ids(decisions, batch.assets.digests[codes]),
            "timestamp": np.full(n, batch.sessions.closes[day]),
            "instrument_id": Coded(codes, batch.assets.ids),
            "side": Coded(is_sell, _SIDES),
            "order_type": "MARKET",
            "quantity": trades.quantities,
            "limit_price": None,
            "stop_price": None,
            "status": "PENDING",
            "mode": batch.context.mode,
            "portfolio_id": batch.context.portfolio_id,
            "decision_id": decisions,
            "metadata": Coded(np.array([_REASON_CODES[reason] for reason in trades.reasons]), _METADATA),
        },
    )


ORDERS = Step(
    name="orders",
    config_type=OrdersConfig,
    reads=_reads,
    writes=("orders",),
    compute=_compute,
    when="session",
    scope="portfolio",
)
