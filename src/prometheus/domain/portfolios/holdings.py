"""The state of a portfolio at a close, from its positions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache

import numpy as np

from prometheus.flow.batch import Assets
from prometheus.flow.rows import Rows
from prometheus.kernel.arrays import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class Holdings:
    """Cash and what is held, in the order of the assets.

    Attributes
    ----------
    value, cash : Decimal
        Exact sums of market values.
    places : ndarray of shape (n_held,), int64
        Without cash.
    market_values : list of float
    """

    value: Decimal
    cash: Decimal
    places: IntArray
    market_values: list[float]


def value_of(positions: Rows) -> Decimal:
    """Return what the positions of one session are worth, cash included: an exact sum."""
    with localcontext(prec=60):
        return sum(positions.values("market_value"), Decimal(0))


def holdings(positions: Rows, assets: Assets) -> Holdings:
    """Return the holdings that the positions of one session make up, in whatever order they come.

    Parameters
    ----------
    positions : Rows
        At least one row of positions_snapshots; the cash among them.
    assets : Assets
    """
    codes = positions.codes("instrument_id").tolist()
    pairs = sorted(zip(codes, positions.values("market_value"), strict=True))
    classes = assets.asset_classes
    held = [pair for pair in pairs if classes[pair[0]] != "CASH"]
    with localcontext(prec=60):
        cash = sum([one for place, one in pairs if classes[place] == "CASH"], Decimal(0))
    places = [place for place, _ in held]
    market_values = [float(one) for _, one in held]
    return Holdings(value_of(positions), cash, np.array(places, dtype=np.int64), market_values)


@lru_cache(maxsize=4)
def place_of(ids: tuple[str, ...]) -> dict[str, int]:
    """Return the place of each instrument among the assets."""
    return {one: place for place, one in enumerate(ids)}


@lru_cache(maxsize=4)
def mask_of(members: tuple[str, ...], ids: tuple[str, ...]) -> BoolArray:
    """Return which assets are members; read-only, because sessions with the same members share it."""
    places = place_of(ids)
    mask = np.zeros(len(ids), dtype=np.bool_)
    mask[[places[one] for one in members if one in places]] = True
    mask.flags.writeable = False
    return mask
