"""Target portfolios: the best names of the universe, weighted and turned into whole shares.

1. A name can be chosen when it is in CORE, has a score and a close (and a volatility, if that weighs it).
2. The ``n_names`` best scores are chosen, equal ones in the order of instrument ids.
3. Weights share 1 - ``cash_buffer`` of the portfolio's value, none above ``name_cap``; what a cap cuts
   off and nobody can take stays in cash.
4. quantity = floor(weight * value / close).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prometheus.domain.portfolios.config import TargetsConfig
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray
from prometheus.maths.ranks import best_n
from prometheus.maths.weights import inverse_volatility_weights

TOLERANCE = 1e-12
"""Relative: a quantity this close below a whole number is that number, and its distance rounding."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a portfolio should hold.

    Attributes
    ----------
    places : ndarray of shape (n_chosen,), int64
        Columns of the chosen names, ascending.
    weights : ndarray of shape (n_chosen,)
        Intended, over portfolio value.
    quantities : ndarray of shape (n_chosen,), int64
        Whole shares.
    n_capped : int
        Names that stand at the cap.
    left_out : dict of str to int
        How many scored names were not chosen, by the first reason that holds.
    """

    places: IntArray
    weights: FloatArray
    quantities: IntArray
    n_capped: int
    left_out: dict[str, int]


def whole_shares(amounts: FloatArray, closes: FloatArray) -> IntArray:
    """Return how many whole shares each amount buys at its price.

    Parameters
    ----------
    amounts, closes : ndarray of shape (n_names,)
        In one currency; closes above 0.

    Returns
    -------
    ndarray of shape (n_names,), int64
        floor(amount / close); a ratio within 1e-12 (relative) of the next whole number counts as that.

    Examples
    --------
    >>> import numpy as np
    >>> 0.3 / 0.1
    2.9999999999999996
    >>> whole_shares(np.array([1000.0, 0.3]), np.array([300.0, 0.1])).tolist()
    [3, 3]
    """
    shares = amounts / closes
    return np.floor(shares + TOLERANCE * np.maximum(shares, 1.0)).astype(np.int64)


def target(
    scores: FloatArray,
    is_core: BoolArray,
    closes: FloatArray,
    volatility: FloatArray | None,
    value: float,
    config: TargetsConfig,
) -> Target:
    """Return what to hold.

    Parameters
    ----------
    scores, closes : ndarray of shape (n_assets,)
        NaN where there is none.
    is_core : ndarray of bool of shape (n_assets,)
    volatility : ndarray of shape (n_assets,), optional
        Any unit; needed for inverse-volatility weights.
    value : float
        Cash and positions at the close.
    config : TargetsConfig

    Returns
    -------
    Target

    Notes
    -----
    Equal weights are computed as amount = (1 - cash_buffer) * value / n, so that the quantity is
    floor((1 - cash_buffer) * value / n / close), operation by operation. With fewer names than ``n_names``
    the whole amount is shared by those there are. Sources: `prometheus.maths.weights`.
    """
    is_scored = ~np.isnan(scores)
    can_hold = is_scored & is_core
    n_core = int(np.count_nonzero(can_hold))
    can_hold &= closes > 0.0
    n_priced = int(np.count_nonzero(can_hold))
    if volatility is not None:
        can_hold &= (volatility > 0.0) & (volatility < np.inf)
    n_able = int(np.count_nonzero(can_hold))
    best = best_n(scores[None, :], config.n_names, can_hold[None, :])[0]
    places = np.sort(best[best >= 0])
    left_out = {
        "not_core": int(np.count_nonzero(is_scored)) - n_core,
        "no_close": n_core - n_priced,
        "no_volatility": n_priced - n_able,
        "score_too_low": n_able - len(places),
    }
    if not len(places) or not value > 0.0:
        return Target(places[:0], np.empty(0), places[:0], 0, left_out)
    weights, amounts = _weights_and_amounts(places, volatility, value, config)
    quantities = whole_shares(amounts, closes[places])
    # A weight may come out at the cap without being cut by it; a hair below is the rounding of a division.
    n_capped = int(np.count_nonzero(weights >= config.name_cap * (1.0 - TOLERANCE)))
    return Target(places, weights, quantities, n_capped, left_out)


def _weights_and_amounts(
    places: IntArray, volatility: FloatArray | None, value: float, config: TargetsConfig
) -> tuple[FloatArray, FloatArray]:
    n = len(places)
    invested = 1.0 - config.cash_buffer
    if volatility is None:
        weight = invested / n
        if weight <= config.name_cap:
            return np.full(n, weight), np.full(n, invested * value / n)
        return np.full(n, config.name_cap), np.full(n, config.name_cap * value)
    weights = inverse_volatility_weights(
        volatility[places][None, :], np.ones((1, n), dtype=np.bool_), cap=config.name_cap, invested=invested
    )[0]
    return weights, weights * value
