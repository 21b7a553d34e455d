"""Portfolio weights of the selected names, with a cap on each.

What a cap cuts off is spread over the names below it in proportion to what they would have had, again and
again until none is above it (water-filling). When the cap times the names can't hold the whole amount, every
name stands at the cap and the rest stays in cash.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prometheus.maths._checks import require_same_shape, require_within
from prometheus.maths.jit import B2, F2, OUT_F2, as_floats, compiled, type_f8


def inverse_volatility_weights(
    volatility: NDArray[np.float64],
    selected: NDArray[np.bool_],
    *,
    cap: float = 1.0,
    invested: float = 1.0,
) -> NDArray[np.float64]:
    """Return weights in proportion to one over volatility.

    Parameters
    ----------
    volatility : ndarray of shape (n_dates, n_assets)
        Any unit, the same for all names.
    selected : ndarray of bool of shape (n_dates, n_assets)
    cap : float, default 1.0
        Highest weight of a name, over portfolio value, in (0, 1].
    invested : float, default 1.0
        Sum of the weights where the cap allows it, in (0, 1]; the rest is the cash buffer.

    Returns
    -------
    ndarray of shape (n_dates, n_assets)
        Weights over portfolio value. 0 for names not selected, and for selected names whose volatility is
        missing, infinite or not positive: no risk estimate, no position; the others share the amount.

    Raises
    ------
    ConfigError
        If ``cap`` or ``invested`` is outside (0, 1].
    InvalidRowsError
        If the shapes differ.

    Notes
    -----
    w_i = (1/s_i) / sum(1/s_j), then water-filling. The weights sum to min(invested, n * cap). Source:
    Maillard, Roncalli and Teiletche (2010): equal risk contributions when all correlations are equal.

    Examples
    --------
    >>> import numpy as np
    >>> volatility, everyone = np.array([[0.1, 0.2, 0.4]]), np.ones((1, 3), dtype=bool)
    >>> inverse_volatility_weights(volatility, everyone).round(4).tolist()
    [[0.5714, 0.2857, 0.1429]]
    >>> inverse_volatility_weights(volatility, everyone, cap=0.4).round(4).tolist()
    [[0.4, 0.4, 0.2]]
    """
    require_same_shape(volatility, selected, names="volatility and selected")
    require_within(cap, 0.0, 1.0, name="cap", bounds="(]")
    require_within(invested, 0.0, 1.0, name="invested", bounds="(]")
    return _inverse_volatility_weights(as_floats(volatility), selected, float(cap), float(invested))


@compiled(OUT_F2, F2, B2, type_f8, type_f8)
def _inverse_volatility_weights(
    volatility: NDArray[np.float64], selected: NDArray[np.bool_], cap: float, invested: float
) -> NDArray[np.float64]:
    n_dates, n_assets = volatility.shape
    out = np.zeros((n_dates, n_assets))
    raw = np.empty(n_assets)
    for i in range(n_dates):
        lowest = np.inf
        for j in range(n_assets):
            s = volatility[i, j]
            if selected[i, j] and s > 0.0 and s < np.inf:
                lowest = min(lowest, s)
        if lowest == np.inf:
            continue
        for j in range(n_assets):
            s = volatility[i, j]
            # Over the lowest, so that 1/s of a tiny volatility can't overflow: every raw weight is in (0, 1].
            raw[j] = lowest / s if selected[i, j] and s > 0.0 and s < np.inf else 0.0
        left = invested
        n_capped = -1
        while n_capped != 0:
            total = 0.0
            for j in range(n_assets):
                total += raw[j]
            n_capped = 0
            if total == 0.0:
                break
            spread = left
            for j in range(n_assets):
                if raw[j] > 0.0 and spread * (raw[j] / total) > cap:
                    out[i, j] = cap
                    raw[j] = 0.0
                    left -= cap
                    n_capped += 1
            if n_capped == 0:
                for j in range(n_assets):
                    if raw[j] > 0.0:
                        out[i, j] = spread * (raw[j] / total)
    return out
