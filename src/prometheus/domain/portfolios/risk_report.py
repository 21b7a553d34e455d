"""What a portfolio risks: exposures, volatility, value at risk, expected shortfall, drawdown, liquidity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prometheus.domain.portfolios.config import RiskConfig
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


def simulated_risk(earned: Sequence[FloatArray], *, min_sessions: int) -> list[dict[str, float]]:
    """Return the risk of each date's weights from what they would have earned on the sessions before.

    Parameters
    ----------
    earned : sequence of ndarray of shape (n_sessions,)
        One a date, see `simulated_returns`; each has its own number of sessions.
    min_sessions : int
        Fewest sessions that say something.

    Returns
    -------
    list of dict of str to float
        ``n_sessions``; with enough of them ``volatility`` (annualised) and ``var_95``, ``es_95``, ``var_99``,
        ``es_99`` (one session, positive for a loss). Without, these keys are absent.
    """
    found: list[dict[str, float]] = [{"n_sessions": len(one)} for one in earned]
    by_length: dict[int, list[int]] = {}
    for i, one in enumerate(earned):
        if len(one) >= min_sessions:
            by_length.setdefault(len(one), []).append(i)
    for dates in by_length.values():
        windows = np.stack([earned[i] for i in dates])[:, :, None]
        measures = {
            "volatility": realised_volatility(windows),
            "var_95": historical_var(windows, level=0.95),
            "es_95": historical_es(windows, level=0.95),
            "var_99": historical_var(windows, level=0.99),
            "es_99": historical_es(windows, level=0.99),
        }
        for name, values in measures.items():
            for i, value in zip(dates, values[:, 0].tolist(), strict=True):
                found[i][name] = value
    return found


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
    closes, volumes : ndarray of shape (1, n_sessions, n_assets)
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
    usual = mean_dollar_volume(closes, volumes, places)[0]
    is_known = usual > 0.0
    known = math.fsum(sizes[is_known].tolist())
    if known == 0.0:
        return {}
    days = sizes[is_known] / (config.participation * usual[is_known])
    return {
        "days_to_liquidate": float(days.max()),
        "liquidity_coverage": known / math.fsum(sizes.tolist()),
    }
