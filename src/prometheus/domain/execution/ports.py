"""The broker door: orders go out, reports of what became of them come back.

`Order`, `Bar` and `Execution` are named tuples rather than dataclasses: a backtest makes a hundred
thousand of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

from prometheus.domain.execution.config import FillsConfig


class Order(NamedTuple):
    """A working order. ``order_id`` are the 16 bytes of its UUID; ``asset`` is its place among the assets."""

    order_id: bytes
    asset: int
    instrument_id: str
    side: str
    order_type: str
    quantity: Decimal


class Bar(NamedTuple):
    """What a simulation knows of a name on the session that orders trade in; None is not known.

    ``price`` is the open or the close, as the config says; ``last_close`` is given where there is no bar.
    """

    price: Decimal | None
    volume: Decimal | None = None
    is_split: bool = False
    is_delisted: bool = False
    last_close: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TradingDay:
    """The session that orders trade in. A live adapter needs none of it but the times.

    Attributes
    ----------
    trades_at : int
        When orders trade, in seconds since 1970 (UTC).
    bars : mapping of int to Bar
        By place among the assets; one for each order.
    cash : Decimal
        Cash before the orders trade.
    """

    trades_at: int
    bars: Mapping[int, Bar]
    cash: Decimal


class Execution(NamedTuple):
    """One execution. ``execution_id`` is the broker's, unlike any other of its order.

    ``executed_at`` counts seconds since 1970 (UTC); ``tag`` says what was special, mostly nothing.
    """

    execution_id: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    executed_at: int
    tag: str = ""


class Report(NamedTuple):
    """What became of an order: its executions, the status that it has now and, unless filled, why."""

    order_id: bytes
    status: str
    executions: tuple[Execution, ...] = ()
    reason: str = ""


class Broker(Protocol):
    """Executes orders, or tells what a broker outside did with them."""

    def execute(self, orders: Sequence[Order], day: TradingDay, config: FillsConfig) -> Sequence[Report]:
        """Return at most one report an order; an order without one keeps its status."""
        ...
