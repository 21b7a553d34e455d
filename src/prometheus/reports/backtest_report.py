"""Everything a tear sheet shows about one run, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prometheus.kernel.errors import InvalidRowsError
from prometheus.maths.performance import Performance


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A position at the end of the run.

    Attributes
    ----------
    instrument_id, name : str
        Id, and what people call it; the name may be empty.
    quantity : float
        Shares, negative for a short position.
    price, market_value : float
        Last close and what the position was worth at it, in the portfolio's currency.
    weight : float
        Market value over equity.
    """

    instrument_id: str
    name: str
    quantity: float
    price: float
    market_value: float
    weight: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one instrument earned over the whole run.

    Attributes
    ----------
    instrument_id, name : str
    pnl : float
        Profit and loss after costs, in the portfolio's currency; dividends and cash in lieu of fractions of
        shares are part of it.
    n_sessions_held : int
        Sessions at whose close it was held.
    """

    instrument_id: str
    name: str
    pnl: float
    n_sessions_held: int


# No equality: arrays have none that is a yes or a no.
@dataclass(frozen=True, slots=True, eq=False)
class BacktestReport:
    """One run: its curves, statistics, positions and specification.

    Attributes
    ----------
    title : str
        Name of the strategy.
    portfolio_id, currency : str
    dates : ndarray of datetime64[D] of shape (n_days,)
        Sessions, ascending.
    equity, cash : ndarray of shape (n_days,)
        At each close, in ``currency``.
    gross_exposure, net_exposure : ndarray of shape (n_days,)
        Over equity, decimal.
    turnover : ndarray of shape (n_days,)
        Value traded one way over equity, decimal.
    costs : ndarray of shape (n_days,)
        Commission and slippage of each session, in ``currency``.
    statistics : Performance
        Of ``equity``.
    benchmark : ndarray of shape (n_days,) or None
        Levels in any unit; drawn from the first equity.
    benchmark_name : str
        Empty without a benchmark.
    benchmark_statistics : Performance or None
        Of ``benchmark``.
    top_positions : tuple of HeldPosition
        At the end, largest first; without cash.
    contributions : tuple of Contribution
        In any order; the tear sheet picks the best and the worst.
    spec : mapping
        The run's specification: config, data fingerprint, code version and whatever else made it what it
        is. May be nested; values are shown as they are.
    example_fill_id : str or None
        A fill that the reader can try `prometheus explain` on.

    Raises
    ------
    InvalidRowsError
        If an array is not as long as ``dates``.
    """

    title: str
    portfolio_id: str
    currency: str
    dates: NDArray[np.datetime64]
    equity: NDArray[np.float64]
    cash: NDArray[np.float64]
    gross_exposure: NDArray[np.float64]
    net_exposure: NDArray[np.float64]
    turnover: NDArray[np.float64]
    costs: NDArray[np.float64]
    statistics: Performance
    benchmark: NDArray[np.float64] | None
    benchmark_name: str
    benchmark_statistics: Performance | None
    top_positions: tuple[HeldPosition, ...]
    contributions: tuple[Contribution, ...]
    spec: Mapping[str, object]
    example_fill_id: str | None = None

    def __post_init__(self) -> None:
        n_days = self.dates.size
        for name in ("equity", "cash", "gross_exposure", "net_exposure", "turnover", "costs", "benchmark"):
            series = getattr(self, name)
            if series is not None and series.shape != (n_days,):
                raise InvalidRowsError(
                    f"{name}: expected one value for each of the {n_days} dates, found shape {series.shape}.",
                    remedy="Align the series on the sessions of the run.",
                )
