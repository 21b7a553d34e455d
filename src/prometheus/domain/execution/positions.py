"""Positions as a fold over executions."""

from __future__ import annotations

from decimal import Decimal

from prometheus.domain.execution.exact import ZERO, quotient

Position = tuple[Decimal, Decimal]
"""Units held, negative when short, and the average price paid for one; commissions are not in it."""

FLAT: Position = (ZERO, ZERO)


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
    >>> folded((Decimal(10), Decimal(4)), Decimal(10), Decimal(5))
    (Decimal('20'), Decimal('4.500000000000'))
    """
    held, cost = position
    if not held:
        return (quantity, price) if quantity else FLAT
    total = held + quantity
    if not total:
        return FLAT
    if (held > ZERO) == (quantity > ZERO):
        return total, quotient(held * cost + quantity * price, total)
    if (total > ZERO) == (held > ZERO):
        return total, cost
    return total, price
