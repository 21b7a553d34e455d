"""The broker door: orders go out, reports of what became of them come back.

Everything here is a column, a list with one value an order or an execution, rather than an object for each:
a backtest sends a hundred thousand orders. An order is named by its place in those lists.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from prometheus.domain.execution.config import FillsConfig
from prometheus.flow.rows import Coded
from prometheus.kernel.arrays import ByteArray


@dataclass(frozen=True, slots=True)
class Orders:
    """Working orders in turn: sells first, so that they pay for buys, each by instrument and id.

    Attributes
    ----------
    ids : ndarray of shape (n_orders, 16), uint8
        Their UUIDs.
    instrument_ids : Coded
        ``instrument_ids.texts()`` are the ids.
    sides, order_types : sequence of str
        BUY or SELL; MARKET, LIMIT and so on.
    quantities : sequence of Decimal
        Above 0.
    """

    ids: ByteArray
    instrument_ids: Coded
    sides: Sequence[str]
    order_types: Sequence[str]
    quantities: Sequence[Decimal]

    def __len__(self) -> int:
        return len(self.sides)


@dataclass(frozen=True, slots=True)
class TradingDay:
    """The session that orders trade in. A live adapter needs none of it but the times.

    Attributes
    ----------
    trades_at : int
        When orders trade, in seconds since 1970 (UTC).
    cash : Decimal
        Cash before the orders trade.
    prices : sequence of Decimal or None
        For each order the open or the close of its instrument, as the config says; None where there is no
        bar.
    volumes : sequence of Decimal or None
        For each order the volume of its bar; empty where the config sets no limit by volume.
    splits : collection of int
        The orders whose instrument splits on the day.
    last_closes : mapping of int to Decimal or None
        For the orders in a delisted instrument that has no bar, its last close, None where none is known.
    """

    trades_at: int
    cash: Decimal
    prices: Sequence[Decimal | None]
    volumes: Sequence[Decimal | None] = ()
    splits: Collection[int] = ()
    last_closes: Mapping[int, Decimal | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Executions:
    """Executions of orders.

    Attributes
    ----------
    orders : sequence of int
        The order of each.
    ids : sequence of str
        The broker's, unlike any other of the same order.
    quantities, prices, commissions : sequence of Decimal
    times : sequence of int
        Seconds since 1970 (UTC).
    tags : sequence of str
        What was special, mostly nothing.
    """

    orders: Sequence[int]
    ids: Sequence[str]
    quantities: Sequence[Decimal]
    prices: Sequence[Decimal]
    commissions: Sequence[Decimal]
    times: Sequence[int]
    tags: Sequence[str]

    def __len__(self) -> int:
        return len(self.orders)


@dataclass(frozen=True, slots=True)
class Reports:
    """What became of the orders.

    Attributes
    ----------
    statuses : sequence of str or None
        The status that each order has now; None leaves it as it is.
    reasons : sequence of str
        Why, for each order that was not filled; empty otherwise.
    executions : Executions
    """

    statuses: Sequence[str | None]
    reasons: Sequence[str]
    executions: Executions


NOTHING_TO_REPORT = Reports((), (), Executions((), (), (), (), (), (), ()))


class Broker(Protocol):
    """Executes orders, or tells what a broker outside did with them."""

    def execute(self, orders: Orders, day: TradingDay, config: FillsConfig) -> Reports:
        """Return what became of each order."""
        ...
