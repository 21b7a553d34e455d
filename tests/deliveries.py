"""Deliveries of prices for the tests, and what the databases hold after them.

`seeded_bars` are random walks as a vendor delivers them, as traded: every second name splits, most
pay dividends, one begins late. Adjusted closes are left to the product.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from prometheus.kernel.sessions import sessions_of
from prometheus.store.connections import Databases, connect

SHARED = Path(
    os.environ.get("PROMETHEUS_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
)
FIRST = np.datetime64("2014-01-02")
VALUES = "instrument_id, trade_date, open, high, low, close, adjusted_close, volume, currency"
DERIVED = ("returns_daily", "volatility_daily", "factors_daily", "instrument_factors_daily")
KEYS = {"factors_daily": "factor_id, trade_date"}


def shared(name: str) -> Path:
    """Return a file or folder of the shared data; the test is skipped where there is none."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"no {path}; PROMETHEUS_SHARED_DATA names the folder of the shared data")
    return path


def seeded_bars(n_names: int = 6, n_sessions: int = 60, *, seed: int = 3) -> pl.DataFrame:
    """Return bars as traded with their splits and dividends, sorted by symbol and date."""
    calendar = sessions_of({"calendar": "XNYS"}).dates
    start = int(np.searchsorted(calendar, FIRST))
    dates = calendar[start : start + n_sessions]
    draws = np.random.default_rng(seed)
    frames = []
    for place in range(n_names):
        begins = n_sessions // 3 if place == n_names - 1 else 0
        n = n_sessions - begins
        close = draws.uniform(40.0, 160.0) * np.exp(np.cumsum(draws.normal(0.0, 0.012, n)))
        split, dividend = np.full(n, np.nan), np.full(n, np.nan)
        if place % 2 == 0:
            split[n // 2] = (2.0, 3.0, 0.2)[place // 2 % 3]
            close[n // 2 :] /= split[n // 2]
        dividend[9 + place :: 21] = 0.11 + place / 8
        close = np.round(close, 2)
        opens = np.round(close * np.exp(draws.normal(0.0, 0.004, n)), 2)
        frames.append(
            pl.DataFrame(
                {
                    "symbol": [f"N{place}"] * n,
                    "date": pl.Series(dates[begins:]).cast(pl.Date),
                    "open": opens,
                    "high": np.round(np.maximum(opens, close) * 1.004 + 0.01, 2),
                    "low": np.round(np.minimum(opens, close) * 0.996 - 0.01, 2),
                    "close": close,
                    "volume": np.floor(draws.lognormal(12.0, 0.3, n)),
                    "split": split,
                    "dividend": dividend,
                }
            )
        )
    return pl.concat(frames).with_columns(pl.col("split", "dividend").fill_nan(None))


def content_of(databases: Databases, *, derived: bool = True) -> dict[str, str]:
    """Return a digest of the values of each table: batches, times of knowledge and flags aside."""
    queries = {
        "prices_daily": f"SELECT {VALUES}, metadata ->> 'split', metadata ->> 'dividend'"
        " FROM prices_daily ORDER BY 1, 2"
    }
    if derived:
        for table in DERIVED:
            key = KEYS.get(table, "instrument_id, trade_date")
            queries[table] = f"SELECT to_jsonb(t) - 'metadata' FROM {table} t ORDER BY {key}, 1::text"
    found = {}
    with connect(databases.historical_url) as connection:
        for table, query in queries.items():
            rows = connection.execute(query.encode()).fetchall()
            found[table] = hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest()
    return found


def count_of(databases: Databases, query: str) -> int:
    """Return the one number that a query of the historical database gives."""
    with connect(databases.historical_url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
