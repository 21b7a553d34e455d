"""What a portfolio holds while a session is being settled."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.corporate_actions import after_split, dividend_cash
from prometheus.domain.execution.day_prices import DayPrices
from prometheus.domain.execution.exact import ZERO, plain
from prometheus.domain.execution.ports import Execution, Order
from prometheus.domain.execution.positions import FLAT, Position, folded
from prometheus.flow.batch import Batch
from prometheus.kernel.errors import ConfigError


class Book:
    """Positions by place among the assets, and cash."""

    __slots__ = ("cash", "cash_asset", "positions")

    def __init__(self, positions: dict[int, Position], cash: Decimal, cash_asset: int) -> None:
        self.positions = positions
        self.cash = cash
        self.cash_asset = cash_asset

    def apply_corporate_actions(self, names: Sequence[str], prices: DayPrices) -> dict[str, Any]:
        """Apply the day's splits, then its dividends; return them in short for the record."""
        held = sorted(self.positions)
        events: dict[str, Any] = {}
        splits = prices.splits(held)
        for asset, ratio in splits.items():
            before = prices.close_before(asset)
            position, cash = after_split(self.positions[asset], ratio, before)
            self._put(asset, position)
            self.cash += cash
            body = {"ratio": str(ratio)}
            events.setdefault("splits", {})[names[asset]] = (
                {**body, "cash_in_lieu": format(cash, "f")} if cash else body
            )
        for asset, dividend in prices.dividends(held).items():
            if asset in self.positions:
                cash = dividend_cash(self.positions[asset], dividend)
                self.cash += cash
                events.setdefault("dividends", {})[names[asset]] = format(cash, "f")
        return events

    def fold(self, done: Iterable[tuple[Order, Execution]]) -> tuple[Decimal, Decimal]:
        """Take executions in; return what was traded and what it cost in commissions."""
        positions, cash = self.positions, self.cash
        traded = commissions = ZERO
        for (_, asset, _, side, _, _), (_, quantity, price, commission, _, _) in done:
            paid = quantity * price
            traded += paid
            commissions += commission
            if side == "BUY":
                cash -= paid
            else:
                cash += paid
                quantity = -quantity
            position = folded(positions.get(asset, FLAT), quantity, price)
            if position.quantity:
                positions[asset] = position
            else:
                positions.pop(asset, None)
        self.cash = cash - commissions
        return traded, commissions

    def _put(self, asset: int, position: Position) -> None:
        if position.quantity:
            self.positions[asset] = position
        else:
            self.positions.pop(asset, None)


def opened(batch: Batch, day: int, config: FillsConfig) -> Book:
    """Return the book as it was at the close before, or with the initial cash where there is none."""
    cash_asset = cash_place(batch)
    rows = batch.rows("positions_snapshots")
    if len(rows):
        rows = rows.on(day - 1)
    if not len(rows):
        return Book({}, plain(config.initial_cash), cash_asset)
    held = map(Position._make, zip(rows.values("quantity"), rows.values("avg_cost"), strict=True))
    positions = dict(zip(rows.codes("instrument_id").tolist(), held, strict=True))
    cash = positions.pop(cash_asset).quantity
    return Book(positions, cash, cash_asset)


def cash_place(batch: Batch) -> int:
    """Return the place of the portfolio's cash among the assets."""
    ids, wanted = batch.assets.ids, batch.context.cash_instrument_id
    place = bisect_left(ids, wanted)
    if place == len(ids) or ids[place] != wanted:
        raise ConfigError(
            f"The cash instrument {wanted} is not among the {len(ids)} assets of the run.",
            remedy="Set the portfolio's base currency to one that has a cash instrument.",
        )
    return place
