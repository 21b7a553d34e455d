"""From targets and positions to the trades between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from prometheus.domain.execution.exact import ZERO

TARGET = "target"
NOT_IN_TARGET = "not in target"
DELISTING = "delisting"


class Trade(NamedTuple):
    """One trade to make. ``asset`` is its place among the assets, ``quantity`` above 0."""

    asset: int
    side: str
    quantity: Decimal
    reason: str


def planned_orders(
    positions: Mapping[int, Decimal],
    targets: Mapping[int, Decimal] | None,
    *,
    leaving: Collection[int] = (),
    is_worth_it: Callable[[int, Decimal], bool] | None = None,
) -> list[Trade]:
    """Return the trades that turn positions into targets, sells first, each in the order of assets.

    Parameters
    ----------
    positions, targets : mapping of int to Decimal
        Units by place among the assets, cash left out. Without targets (None) nothing is traded but what
        is leaving; a position without a target is sold whole.
    leaving : collection of int
        Assets whose listing ends: their target is 0, whatever was wanted.
    is_worth_it : callable, optional
        ``(asset, change) -> bool``: whether a change towards a target is traded. Whole sales always are.

    Examples
    --------
    >>> [tuple(t)[:2] + (int(t.quantity), t.reason) for t in planned_orders(
    ...     {0: Decimal(5), 1: Decimal(3)}, {1: Decimal(9), 2: Decimal(4)})]
    [(0, 'SELL', 5, 'not in target'), (1, 'BUY', 6, 'target'), (2, 'BUY', 4, 'target')]
    """
    changes: list[tuple[int, Decimal, str]] = []
    if leaving:
        changes += [(asset, -held, DELISTING) for asset, held in positions.items() if asset in leaving]
    if targets is not None:
        for asset, held in positions.items():
            if asset not in targets and asset not in leaving:
                changes.append((asset, -held, NOT_IN_TARGET))
        for asset, wanted in targets.items():
            change = wanted - positions.get(asset, ZERO)
            if not change or asset in leaving:
                continue
            if not wanted or is_worth_it is None or is_worth_it(asset, change):
                changes.append((asset, change, TARGET))
    changes.sort()
    sells = [Trade(asset, "SELL", -change, reason) for asset, change, reason in changes if change < 0]
    return sells + [Trade(asset, "BUY", change, reason) for asset, change, reason in changes if change > 0]
