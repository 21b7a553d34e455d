"""What a portfolio holds while a session is being settled."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from itertools import compress
from operator import mul
from typing import Any

from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.corporate_actions import after_split, dividend_cash
from prometheus.domain.execution.day_prices import DayPrices
from prometheus.domain.execution.exact import ZERO, plain
from prometheus.domain.execution.ports import Executions
from prometheus.domain.execution.positions import Position, folded
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
        """Apply the day's dividends, then its splits; return both in short for the record.

        A dividend is cash for each share held at the close before, so it is taken before a split of the
        same day (CRSP, *Data Descriptions Guide*, holding period total return).
        """
        held = sorted(self.positions)
        events: dict[str, Any] = {}
        dividends = prices.dividends(held)
        for asset, dividend in dividends.items():
            cash = dividend_cash(self.positions[asset], dividend)
            self.cash += cash
            events.setdefault("dividends", {})[names[asset]] = format(cash, "f")
        for asset, ratio in prices.splits(held).items():
            before = prices.close_before(asset)
            if before is not None and asset in dividends:  # the fraction is worth what the dividend leaves
                before = max(before - dividends[asset], ZERO)
            position, cash = after_split(self.positions[asset], ratio, before)
            self._put(asset, position)
            self.cash += cash
            body = {"ratio": str(ratio)}
            events.setdefault("splits", {})[names[asset]] = (
                {**body, "cash_in_lieu": format(cash, "f")} if cash else body
            )
        return events

    def fold(
        self, assets: Sequence[int], sides: Sequence[str], executions: Executions
    ) -> tuple[Decimal, Decimal]:
        """Take executions in, given the asset and side of each; return what was traded, and commissions.

        Opening and closing, what most trades do, need no arithmetic; `folded` says the same of them.
        """
        positions, prices = self.positions, executions.prices
        is_sell = [side == "SELL" for side in sides]
        changes = [-q if sold else q for q, sold in zip(executions.quantities, is_sell, strict=True)]
        for asset, change, price in zip(assets, changes, prices, strict=True):
            before = positions.get(asset)
            if before is None and change:
                positions[asset] = change, price
            elif before is None:
                continue
            elif before[0] == -change:
                del positions[asset]
            else:
                positions[asset] = folded(before, change, price)
        paid = list(map(mul, executions.quantities, prices))
        traded = sum(paid, ZERO)
        sold = sum(compress(paid, is_sell), ZERO)
        commissions = sum(executions.commissions, ZERO)
        self.cash += sold - (traded - sold) - commissions
        return traded, commissions

    def _put(self, asset: int, position: Position) -> None:
        held, _ = position
        if held:
            self.positions[asset] = position
        else:
            del self.positions[asset]


def opened(batch: Batch, day: int, config: FillsConfig) -> Book:
    """Return the book as it was at the close before, or with the initial cash where there is none."""
    cash_asset = cash_place(batch)
    rows = batch.rows("positions_snapshots")
    if len(rows):
        rows = rows.on(day - 1)
    if not len(rows):
        return Book({}, plain(config.initial_cash), cash_asset)
    held = zip(rows.values("quantity"), rows.values("avg_cost"), strict=True)
    positions = dict(zip(rows.codes("instrument_id").tolist(), held, strict=True))
    cash, _ = positions.pop(cash_asset)
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
