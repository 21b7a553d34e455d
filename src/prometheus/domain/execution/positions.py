"""Positions as a fold over executions."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from prometheus.domain.execution.exact import ZERO, quotient


class Position(NamedTuple):
    """Units held, negative when short, and the average price paid for one; commissions are not in it."""

    quantity: Decimal
    avg_cost: Decimal


FLAT = Position(ZERO, ZERO)


def folded(position: Position, quantity: Decimal, price: Decimal) -> Position:
    """Return a position after a trade.

    Parameters
    ----------
    position : Position
    quantity : Decimal
        Units bought, negative when sold.
    price : Decimal
        As executed, slippage included.

    Returns
    -------
    Position
        Adding averages the cost (rounded at 12 decimal places, the quantity is exact); reducing leaves it;
        a trade through zero starts again at its price; `FLAT` when nothing is left.

    Examples
    --------
    >>> folded(Position(Decimal(10), Decimal(4)), Decimal(10), Decimal(5))
    Position(quantity=Decimal('20'), avg_cost=Decimal('4.500000000000'))
    """
    held, cost = position
    if not held:
        return Position(quantity, price) if quantity else FLAT
    total = held + quantity
    if not total:
        return FLAT
    if (held > 0) == (quantity > 0):
        return Position(total, quotient(held * cost + quantity * price, total))
    if (total > 0) == (held > 0):
        return Position(total, cost)
    return Position(total, price)
