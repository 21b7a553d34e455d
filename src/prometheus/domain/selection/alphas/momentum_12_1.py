"""Momentum: what rose over the year before last month tends to go on rising."""

from __future__ import annotations

from prometheus.domain.selection.alpha_family import PRICE, AlphaFamily, Panels
from prometheus.flow.step import Read
from prometheus.kernel.arrays import FloatArray


def momentum_12_1(panels: Panels) -> FloatArray:
    """Return the price of 21 sessions ago over that of 252 sessions ago, less 1.

    Returns
    -------
    ndarray of shape (n_days, n_assets)
        Simple return over 231 sessions; NaN where either price is missing.

    Notes
    -----
    The last month is left out because short-term returns reverse. Source: Jegadeesh and Titman (1993);
    Asness, Moskowitz and Pedersen (2013), "MOM2-12".
    """
    price = panels["prices_daily", PRICE]
    return price.at(21) / price.at(252) - 1.0


FAMILY = AlphaFamily(
    name="momentum_12_1",
    reads=(Read("prices_daily", (PRICE,), sessions=253),),
    signal=momentum_12_1,
)
