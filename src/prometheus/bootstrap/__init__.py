"""The composition root: settings to connections, adapters and runner. The only place that asks which mode.

Nothing here computes; each function opens what a verb needs, calls it, and closes what it opened. What is
heavy is imported inside the functions, so that the command line starts quickly.
"""

from prometheus.bootstrap.backtests import run_backtest
from prometheus.bootstrap.demo import DemoRecord, run_demo
from prometheus.bootstrap.markets import (
    derive_changes,
    derive_if_stale,
    derive_market,
    derived_tables,
    profiles_are_derived,
    sessions_of_market,
    tables_are_derived,
)

__all__ = [
    "DemoRecord",
    "derive_changes",
    "derive_if_stale",
    "derive_market",
    "derived_tables",
    "profiles_are_derived",
    "run_backtest",
    "run_demo",
    "sessions_of_market",
    "tables_are_derived",
]
