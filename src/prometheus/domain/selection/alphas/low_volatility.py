"""Low volatility: calm names have earned more for their risk than wild ones."""

from __future__ import annotations

from prometheus.domain.selection.alpha_family import AlphaFamily, Panels
from prometheus.flow.step import Read
from prometheus.kernel.arrays import FloatArray


def low_volatility(panels: Panels) -> FloatArray:
    """Return minus the realised volatility of the last 63 sessions.

    Returns
    -------
    ndarray of shape (n_days, n_assets)
        Decimal per year, negative; NaN where there is no volatility.

    Notes
    -----
    Source: Ang, Hodrick, Xing and Zhang (2006); Blitz and van Vliet (2007).
    """
    return -panels["volatility_daily", "vol_63d"].at(0)


FAMILY = AlphaFamily(
    name="low_volatility",
    reads=(Read("volatility_daily", ("vol_63d",)),),
    signal=low_volatility,
)
