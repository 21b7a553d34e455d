"""Jobs M and D: as a specification for the product, and as a plain loop."""

from __future__ import annotations

from typing import Any, Literal

from benchmarks import plain_loop
from benchmarks.place import MARKET
from benchmarks.stored import StoredPanel
from prometheus.backtest import BacktestSpec, spec_of

Job = Literal["M", "D"]
WARM_UP = {"M": 252, "D": 5}
MOST_SECONDS = {"M": 4.0, "D": 20.0}


def spec_body(job: Job, panel: StoredPanel, *, rebalance: str = "", last: int = -1) -> dict[str, Any]:
    """Return the specification of a job over the whole names of a panel.

    Parameters
    ----------
    job : {"M", "D"}
    panel : StoredPanel
        The whole names alone.
    rebalance : str, optional
        Another rhythm than the job's own.
    last : int
        The session with which it ends.
    """
    is_monthly = job == "M"
    return {
        "run": {
            "strategy": f"job-{job}",
            "market": MARKET,
            "rebalance": rebalance or ("monthly" if is_monthly else "daily"),
            "start": str(panel.dates[WARM_UP[job]]),
            "end": str(panel.dates[last]),
        },
        "scores": {
            "weights": {"momentum_12_1" if is_monthly else "reversal_5d": 1.0},
            "price": "close",
            "winsorise": 0.0,
            "standardise": "none",
            "horizon_days": 21 if is_monthly else 5,
        },
        "universes": {"instruments": list(panel.names), "min_history": 1, "history_window": 1},
        "targets": {"n_names": 50, "cash_buffer": 0.03},
        "fills": {
            "initial_cash": "10000000",
            "slippage_bps": "5",
            "commission_bps": "5",
            "allow_negative_cash": True,
        },
    }


def spec(body: dict[str, Any]) -> BacktestSpec:
    """Return the parsed specification."""
    return spec_of(body, where="the benchmark")


def looped(job: Job, panel: StoredPanel) -> plain_loop.Simulated:
    """Return what the plain loop makes of a job over the whole names of a panel."""
    close, opens = panel.values["close"], panel.values["open"]
    if job == "M":
        deciding = plain_loop.month_ends(panel.dates, first=WARM_UP[job])
        signal = plain_loop.momentum(close)
    else:
        deciding = list(range(WARM_UP[job], len(close)))
        signal = plain_loop.reversal(close)
    return plain_loop.simulated(close, opens, signal, deciding, plain_loop.Rules())
