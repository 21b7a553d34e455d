"""Jobs M and D once more, as a plain loop over arrays that shares no line with the product.

On each deciding session the names with the highest signal at the close are chosen, ties in the order of the
columns. Shares are whole and worth the same at that close. They are traded at the next session's open, sells
before buys, at prices that are worse by the slippage, and the commission comes on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is fixed about a job."""

    n_names: int = 50
    invested: float = 0.97
    start: float = 10_000_000.0
    slippage: float = 5.0 / 1e4
    commission: float = 5.0 / 1e4


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the loop came to.

    Attributes
    ----------
    equity : ndarray of shape (n_sessions,)
        Cash and shares at each close.
    n_trades : int
    least_cash : float
    """

    equity: Floats
    n_trades: int
    least_cash: float


def momentum(close: Floats) -> Floats:
    """Return close[t-21] / close[t-252] - 1, NaN before the 253rd session."""
    signal = np.full(close.shape, np.nan)
    for t in range(252, len(close)):
        signal[t] = close[t - 21] / close[t - 252] - 1.0
    return signal


def reversal(close: Floats) -> Floats:
    """Return the loss over five sessions, 1 - close[t] / close[t-5], NaN before the 6th session."""
    signal = np.full(close.shape, np.nan)
    for t in range(5, len(close)):
        signal[t] = -(close[t] / close[t - 5] - 1.0)
    return signal


def month_ends(dates: NDArray[np.datetime64], *, first: int) -> list[int]:
    """Return the last sessions of months from a place on; the month that is not over has none."""
    months = [str(date)[:7] for date in dates]
    return [t for t in range(first, len(months) - 1) if months[t] != months[t + 1]]


def simulated(close: Floats, opens: Floats, signal: Floats, deciding: list[int], rules: Rules) -> Simulated:
    """Trade the chosen names through all sessions, one after the other."""
    cash = rules.start
    held: dict[int, float] = {}
    wanted: dict[int, float] | None = None
    equity = []
    n_trades = 0
    least_cash = cash
    when = set(deciding)
    for t in range(len(close)):
        if wanted is not None:
            changes = {i: wanted.get(i, 0.0) - held.get(i, 0.0) for i in sorted({*held, *wanted})}
            for i, change in changes.items():
                if change < 0.0:
                    proceeds = -change * opens[t, i] * (1.0 - rules.slippage)
                    cash += proceeds - proceeds * rules.commission
                    n_trades += 1
            for i, change in changes.items():
                if change > 0.0:
                    cost = change * opens[t, i] * (1.0 + rules.slippage)
                    cash -= cost + cost * rules.commission
                    n_trades += 1
            held = {i: shares for i, shares in wanted.items() if shares > 0.0}
            least_cash = min(least_cash, cash)
            wanted = None
        worth = cash + sum(shares * close[t, i] for i, shares in held.items())
        equity.append(worth)
        if t in when and t < len(close) - 1:
            order = sorted(range(close.shape[1]), key=lambda i: -signal[t, i])
            wanted = {
                i: float(np.floor(rules.invested * worth / rules.n_names / close[t, i]))
                for i in order[: rules.n_names]
            }
    return Simulated(np.array(equity), n_trades, float(least_cash))
