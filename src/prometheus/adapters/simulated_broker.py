"""A broker that trades on daily bars, by arithmetic alone.

1. Orders trade in turn, sells first, so that what is sold pays for what is bought.
2. A name without a price rejects its order. After its delisting a sell is closed out at the last close less
   the configured loss.
3. A split on the day expires the order: its quantity was meant in old shares, and exchanges cancel or
   restate such orders (FINRA rule 5330); the next decision sees the new shares.
4. A participation limit and, for buys, cash cut the quantity to whole shares; the rest expires.
5. Slippage moves the price against the order; commission is charged on the slipped notional. Nothing is
   rounded.

On most days nothing stops an order and cash pays for all buys: then all are executed at once, as lists. On
any other day they are taken one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from operator import mul
from typing import NamedTuple

from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.exact import MONEY, ZERO, whole_shares
from prometheus.domain.execution.ports import Executions, Orders, Reports, TradingDay

_BASIS_POINT = Decimal("0.0001")
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class SimulatedBroker:
    """Executes market orders on the bars it is given; it holds no state."""

    def execute(self, orders: Orders, day: TradingDay, config: FillsConfig) -> Reports:
        """Return what became of each order.

        Parameters
        ----------
        orders : Orders
        day : TradingDay
            The bar of each order's instrument, and the cash before the first trade.
        config : FillsConfig
        """
        with localcontext(MONEY):
            costs = _Costs.of(config)
            return _at_once(orders, day, config, costs) or _one_by_one(orders, day, config, costs)


@dataclass(frozen=True, slots=True)
class _Costs:
    buy: Decimal
    sell: Decimal
    rate: Decimal
    per_share: Decimal
    minimum: Decimal

    @classmethod
    def of(cls, config: FillsConfig) -> _Costs:
        slippage = config.slippage_bps * _BASIS_POINT
        return cls(
            buy=_ONE + slippage,
            sell=_ONE - slippage,
            rate=config.commission_bps * _BASIS_POINT,
            per_share=config.commission_per_share,
            minimum=config.commission_minimum,
        )

    def slipped(self, side: str, price: Decimal) -> Decimal:
        return price * (self.sell if side == "SELL" else self.buy)

    def commissions(self, quantities: Sequence[Decimal], notionals: Sequence[Decimal]) -> list[Decimal]:
        found = [notional * self.rate for notional in notionals]
        if self.per_share:
            found = [one + n * self.per_share for one, n in zip(found, quantities, strict=True)]
        return [max(one, self.minimum) for one in found] if self.minimum else found

    def commission(self, quantity: Decimal, price: Decimal) -> Decimal:
        return self.commissions([quantity], [quantity * price])[0]

    def affordable(self, cash: Decimal, price: Decimal) -> Decimal:
        """Return the most whole shares that cash pays for, commission included."""
        each = price * (_ONE + self.rate) + self.per_share
        spendable = min(cash // each, (cash - self.minimum) // price)
        return max(spendable, ZERO)


def _at_once(orders: Orders, day: TradingDay, config: FillsConfig, costs: _Costs) -> Reports | None:
    """Return all orders filled whole; None where something stops one, or cash may not pay for all."""
    n, known = len(orders), [price for price in day.prices if price is not None]
    if config.participation is not None or day.splits or len(known) < n:
        return None
    if orders.order_types.count("MARKET") < n:
        return None
    quantities = orders.quantities
    n_sells = orders.sides.count("SELL")
    prices = [price * costs.sell for price in known[:n_sells]] + [
        price * costs.buy for price in known[n_sells:]
    ]
    notionals = list(map(mul, quantities, prices))
    commissions = costs.commissions(quantities, notionals)
    if not config.allow_negative_cash:
        # Buys come last and only take: if cash is left after the last one, it was enough for each.
        received = sum(notionals[:n_sells], ZERO) - sum(notionals[n_sells:], ZERO)
        if day.cash + received - sum(commissions, ZERO) < ZERO:
            return None
    done = Executions(range(n), ["1"] * n, quantities, prices, commissions, [day.trades_at] * n, [""] * n)
    return Reports(["FILLED"] * n, [""] * n, done)


class _Outcome(NamedTuple):
    """What became of one order; it was executed if the quantity is above 0."""

    status: str
    reason: str = ""
    quantity: Decimal = ZERO
    price: Decimal = ZERO
    commission: Decimal = ZERO
    tag: str = ""


def _one_by_one(orders: Orders, day: TradingDay, config: FillsConfig, costs: _Costs) -> Reports:
    """Return what became of each order, with what may stop it and the cash that is left at its turn."""
    cash: Decimal | None = None if config.allow_negative_cash else day.cash
    found: list[_Outcome] = []
    for k, side in enumerate(orders.sides):
        one = _executed(k, orders, day, config, costs, cash)
        found.append(one)
        if cash is not None:
            notional = one.quantity * one.price
            cash += (notional if side == "SELL" else -notional) - one.commission
    done = [(k, one) for k, one in enumerate(found) if one.quantity]
    executions = Executions(
        orders=[k for k, _ in done],
        ids=["1"] * len(done),
        quantities=[one.quantity for _, one in done],
        prices=[one.price for _, one in done],
        commissions=[one.commission for _, one in done],
        times=[day.trades_at] * len(done),
        tags=[one.tag for _, one in done],
    )
    return Reports([one.status for one in found], [one.reason for one in found], executions)


def _executed(
    k: int, orders: Orders, day: TradingDay, config: FillsConfig, costs: _Costs, cash: Decimal | None
) -> _Outcome:
    side, quantity, price = orders.sides[k], orders.quantities[k], day.prices[k]
    if orders.order_types[k] != "MARKET":
        return _Outcome("REJECTED", "only market orders are simulated")
    if price is None:
        return _closed_out(k, orders, day, config, costs)
    if k in day.splits:
        return _Outcome("EXPIRED", "split on the day")
    price = costs.slipped(side, price)
    reason = ""
    if config.participation is not None:
        volume = day.volumes[k]
        if volume is None:
            return _Outcome("REJECTED", "no volume to limit by")
        most = whole_shares(config.participation * volume)
        if most < quantity:
            quantity, reason = most, "participation limit"
    commission = costs.commission(quantity, price)
    if side == "BUY" and cash is not None and quantity * price + commission > cash:
        quantity, reason = costs.affordable(cash, price), "not enough cash"
        commission = costs.commission(quantity, price)
    if not quantity:
        return _Outcome("EXPIRED", reason)
    return _Outcome("EXPIRED" if reason else "FILLED", reason, quantity, price, commission)


def _closed_out(k: int, orders: Orders, day: TradingDay, config: FillsConfig, costs: _Costs) -> _Outcome:
    if k not in day.last_closes:
        return _Outcome("REJECTED", "no bar")
    if orders.sides[k] != "SELL":
        return _Outcome("REJECTED", "delisted")
    last_close = day.last_closes[k]
    if last_close is None:
        return _Outcome("REJECTED", "delisted, and no last close is known")
    quantity = orders.quantities[k]
    price = costs.slipped("SELL", last_close * (_ONE - config.delisting_loss))
    return _Outcome("FILLED", "", quantity, price, costs.commission(quantity, price), "delisted")
