"""What a portfolio risks: exposures, volatility, value at risk, expected shortfall, drawdown, liquidity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from prometheus.domain.portfolios.config import RiskConfig
from prometheus.domain.portfolios.simulated_returns import simulated_returns
from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.maths.liquidity import mean_dollar_volume
from prometheus.maths.risk import historical_es, historical_var
from prometheus.maths.volatility import realised_volatility


@dataclass(frozen=True, slots=True)
class Exposures:
    """Market values over portfolio value."""

    net: float
    gross: float
    by_sector: dict[str, float]


def exposures(weights: list[float], sectors: list[str]) -> Exposures:
    """Return net and gross exposure, and the net one of each sector.

    Parameters
    ----------
    weights : list of float
        Market value over portfolio value of each held name, negative when short.
    sectors : list of str
        Of the same names; empty counts as UNKNOWN.

    Examples
    --------
    >>> exposures([0.5, -0.25], ["Energy", ""])
    Exposures(net=0.25, gross=0.75, by_sector={'Energy': 0.5, 'UNKNOWN': -0.25})
    """
    by_sector: dict[str, list[float]] = {}
    for weight, sector in zip(weights, sectors, strict=True):
        by_sector.setdefault(sector or "UNKNOWN", []).append(weight)
    return Exposures(
        net=math.fsum(weights),
        gross=math.fsum(map(abs, weights)),
        by_sector={sector: math.fsum(by_sector[sector]) for sector in sorted(by_sector)},
    )


def simulated_risk(
    returns: FloatArray, places: IntArray, weights: FloatArray, *, min_sessions: int
) -> dict[str, float]:
    """Return the risk of today's weights from the returns of the past.

    Parameters
    ----------
    returns : ndarray of shape (n_sessions, n_assets)
        Simple daily returns up to today.
    places : ndarray of shape (n_held,), int64
    weights : ndarray of shape (n_held,)
    min_sessions : int
        Fewest sessions on which all held names have a return.

    Returns
    -------
    dict of str to float
        ``n_sessions`` used; with enough of them ``volatility`` (annualised) and ``var_95``, ``es_95``,
        ``var_99``, ``es_99`` (one session, positive for a loss). Without, these keys are absent.
    """
    earned = simulated_returns(returns, places, weights)
    metrics: dict[str, float] = {"n_sessions": len(earned)}
    if len(earned) >= min_sessions:
        window = earned[None, :, None]
        metrics["volatility"] = float(realised_volatility(window)[0, 0])
        metrics["var_95"] = float(historical_var(window, level=0.95)[0, 0])
        metrics["es_95"] = float(historical_es(window, level=0.95)[0, 0])
        metrics["var_99"] = float(historical_var(window, level=0.99)[0, 0])
        metrics["es_99"] = float(historical_es(window, level=0.99)[0, 0])
    return metrics


def drawdown(value: float, peak_before: float | None) -> dict[str, float]:
    """Return the highest value so far and how far today's stands below it.

    Examples
    --------
    >>> drawdown(90.0, 120.0)
    {'peak_value': 120.0, 'drawdown': 0.25}
    >>> drawdown(90.0, None)
    {'peak_value': 90.0, 'drawdown': 0.0}
    """
    peak = value if peak_before is None else max(value, peak_before)
    if peak <= 0.0:
        return {"peak_value": peak}
    return {"peak_value": peak, "drawdown": 1.0 - value / peak}


def liquidity(
    closes: FloatArray, volumes: FloatArray, places: IntArray, market_values: list[float], config: RiskConfig
) -> dict[str, float]:
    """Return how many sessions it takes to sell everything at a share of the usual volume.

    Parameters
    ----------
    closes, volumes : ndarray of shape (n_sessions, n_assets)
    places : ndarray of shape (n_held,), int64
    market_values : list of float
    config : RiskConfig

    Returns
    -------
    dict of str to float
        ``days_to_liquidate`` of the slowest name whose volume is known, and ``liquidity_coverage``, the
        share of gross value that these names make up. Empty when no volume is known.
    """
    sizes = np.abs(np.array(market_values))
    usual = mean_dollar_volume(closes[None], volumes[None], places)[0]
    is_known = usual > 0.0
    known = math.fsum(sizes[is_known].tolist())
    if known == 0.0:
        return {}
    days = sizes[is_known] / (config.participation * usual[is_known])
    return {
        "days_to_liquidate": float(days.max()),
        "liquidity_coverage": known / math.fsum(sizes.tolist()),
    }
