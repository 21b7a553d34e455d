"""A broker that trades on daily bars, by arithmetic alone.

1. Sells before buys, each by instrument id, so that what is sold pays for what is bought.
2. A name without a price rejects its order. After its delisting a sell is closed out at the last close less
   the configured loss.
3. A split on the day expires the order: its quantity was meant in old shares, and exchanges cancel or
   restate such orders (FINRA rule 5330); the next decision sees the new shares.
4. A participation limit and, for buys, cash cut the quantity to whole shares; the rest expires.
5. Slippage moves the price against the order; commission is charged on the slipped notional. Nothing is
   rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from operator import attrgetter

from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.exact import MONEY, ZERO, whole_shares
from prometheus.domain.execution.ports import Bar, Execution, Order, Report, TradingDay

_BASIS_POINT = Decimal("0.0001")
_ONE = Decimal(1)
_BY_INSTRUMENT = attrgetter("instrument_id", "order_id")


@dataclass(frozen=True, slots=True)
class SimulatedBroker:
    """Executes market orders on the bars it is given; it holds no state."""

    def execute(self, orders: Sequence[Order], day: TradingDay, config: FillsConfig) -> Sequence[Report]:
        """Return one report an order, sells first.

        Parameters
        ----------
        orders : sequence of Order
        day : TradingDay
            A bar for each order's asset, and the cash before the first trade.
        config : FillsConfig
        """
        with localcontext(MONEY):
            costs = _Costs.of(config)
            cash: Decimal | None = None if config.allow_negative_cash else day.cash
            in_turn = sorted(orders, key=_BY_INSTRUMENT)
            reports = []
            for order in [o for o in in_turn if o.side == "SELL"] + [o for o in in_turn if o.side == "BUY"]:
                report = _executed(order, day, config, costs, cash)
                reports.append(report)
                if cash is not None:
                    for done in report.executions:
                        notional = done.quantity * done.price
                        cash += (notional if order.side == "SELL" else -notional) - done.commission
            return reports


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

    def commission(self, quantity: Decimal, price: Decimal) -> Decimal:
        found = quantity * price * self.rate
        if self.per_share:
            found += quantity * self.per_share
        return found if found >= self.minimum else self.minimum

    def affordable(self, cash: Decimal, price: Decimal) -> Decimal:
        """Return the most whole shares that cash pays for, commission included."""
        each = price * (_ONE + self.rate) + self.per_share
        spendable = min(cash // each, (cash - self.minimum) // price)
        return max(spendable, ZERO)


def _executed(
    order: Order, day: TradingDay, config: FillsConfig, costs: _Costs, cash: Decimal | None
) -> Report:
    order_id, asset, _, side, order_type, quantity = order
    bar = day.bars[asset]
    price, volume, is_split, _, _ = bar
    if order_type != "MARKET":
        return Report(order_id, "REJECTED", (), "only market orders are simulated")
    if price is None:
        return _closed_out(order, bar, day, config, costs)
    if is_split:
        return Report(order_id, "EXPIRED", (), "split on the day")
    is_buy = side == "BUY"
    price *= costs.buy if is_buy else costs.sell
    reason = ""
    if config.participation is not None:
        if volume is None:
            return Report(order_id, "REJECTED", (), "no volume to limit by")
        most = whole_shares(config.participation * volume)
        if most < quantity:
            quantity, reason = most, "participation limit"
    commission = costs.commission(quantity, price)
    if is_buy and cash is not None and quantity * price + commission > cash:
        quantity, reason = costs.affordable(cash, price), "not enough cash"
        commission = costs.commission(quantity, price)
    if not quantity:
        return Report(order_id, "EXPIRED", (), reason)
    done = Execution("1", quantity, price, commission, day.trades_at)
    return Report(order_id, "EXPIRED" if reason else "FILLED", (done,), reason)


def _closed_out(order: Order, bar: Bar, day: TradingDay, config: FillsConfig, costs: _Costs) -> Report:
    if not bar.is_delisted:
        return Report(order.order_id, "REJECTED", reason="no bar")
    if order.side != "SELL":
        return Report(order.order_id, "REJECTED", reason="delisted")
    if bar.last_close is None:
        return Report(order.order_id, "REJECTED", reason="delisted, and no last close is known")
    price = bar.last_close * (_ONE - config.delisting_loss) * costs.sell
    commission = costs.commission(order.quantity, price)
    done = Execution("1", order.quantity, price, commission, day.trades_at, "delisted")
    return Report(order.order_id, "FILLED", (done,))
