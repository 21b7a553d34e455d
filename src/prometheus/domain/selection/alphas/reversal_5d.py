"""Reversal: what fell this week tends to recover."""

from __future__ import annotations

from prometheus.domain.selection.alpha_family import PRICE, AlphaFamily, Panels
from prometheus.flow.step import Read
from prometheus.kernel.arrays import FloatArray


def reversal_5d(panels: Panels) -> FloatArray:
    """Return minus the simple return over the last five sessions.

    Returns
    -------
    ndarray of shape (n_days, n_assets)
        Decimal; NaN where either price is missing.

    Notes
    -----
    Source: Lehmann (1990), "Fads, martingales, and market efficiency"; Jegadeesh (1990).
    """
    price = panels["prices_daily", PRICE]
    return -(price.at(0) / price.at(5) - 1.0)


FAMILY = AlphaFamily(
    name="reversal_5d",
    reads=(Read("prices_daily", (PRICE,), sessions=6),),
    signal=reversal_5d,
)
