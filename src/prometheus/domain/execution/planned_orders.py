"""From targets and positions to the trades between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from prometheus.domain.execution.exact import ZERO

TARGET = "target"
NOT_IN_TARGET = "not in target"
DELISTING = "delisting"


@dataclass(frozen=True, slots=True)
class Trades:
    """Trades to make, a list a column: first ``n_sells`` sells, then buys, each in the order of assets.

    Assets are places among the assets of the run, quantities above 0.
    """

    n_sells: int
    assets: list[int]
    quantities: list[Decimal]
    reasons: list[str]

    def __len__(self) -> int:
        return len(self.assets)


def planned_orders(
    positions: Mapping[int, Decimal],
    targets: Mapping[int, Decimal] | None,
    *,
    leaving: Collection[int] = (),
    is_worth_it: Callable[[int, Decimal], bool] | None = None,
) -> Trades:
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
    >>> trades = planned_orders({0: Decimal(5), 1: Decimal(3)}, {1: Decimal(9), 2: Decimal(4)})
    >>> trades.n_sells, trades.assets, [int(quantity) for quantity in trades.quantities], trades.reasons
    (1, [0, 1, 2], [5, 6, 4], ['not in target', 'target', 'target'])
    """
    changes: dict[int, Decimal] = {}
    if targets is not None:
        held = positions.get
        changes = {asset: wanted - held(asset, ZERO) for asset, wanted in targets.items()}
        if is_worth_it is not None:
            changes = {a: c for a, c in changes.items() if not targets[a] or is_worth_it(a, c)}
        changes |= {asset: -positions[asset] for asset in positions.keys() - targets.keys()}
    for asset in leaving:
        changes[asset] = -positions.get(asset, ZERO)
    sells: list[int] = []
    buys: list[int] = []
    for asset in sorted(changes):
        if changes[asset]:
            (sells if changes[asset].is_signed() else buys).append(asset)
    assets = sells + buys
    wanted_assets = targets or {}
    reasons = [TARGET if asset in wanted_assets else NOT_IN_TARGET for asset in assets]
    if leaving:
        reasons = [DELISTING if asset in leaving else why for asset, why in zip(assets, reasons, strict=True)]
    return Trades(
        len(sells),
        assets,
        [-changes[asset] for asset in sells] + [changes[asset] for asset in buys],
        reasons,
    )
