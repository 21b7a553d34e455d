"""The panel that is measured: 505 names x 1,259 sessions, real where it is at hand, otherwise synthetic.

The real one is five years of the S&P 500's members, raw bars, in ``prices/kaggle_sp500_5yr`` of the folder
that PROMETHEUS_SHARED_DATA names (by default ``shared/data`` beside the repository). Without it a seeded
panel of the same shape takes its place; 37 of its names, as many as there, begin late.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from prometheus.kernel.sessions import Sessions, sessions_of

N_NAMES = 505
N_SESSIONS = 1259
N_LATE = 37
SEED = 20130208
FIRST = np.datetime64("2013-02-08", "D")
FILE = Path("prices/kaggle_sp500_5yr/all_stocks_5yr.parquet")
REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Panel:
    """A file of daily bars, and what it is."""

    path: Path
    origin: str


def panel(folder: Path) -> Panel:
    """Return the real panel, or a synthetic one written into the folder."""
    shared = Path(os.environ.get("PROMETHEUS_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
    if (shared / FILE).exists():
        return Panel(shared / FILE, "five years of the S&P 500's members, real bars")
    return Panel(written(synthetic_bars(), folder / "synthetic.parquet"), "synthetic bars, seeded")


def bars_of(path: Path) -> pl.DataFrame:
    """Return the bars of a panel's file as ``symbol``, ``date``, prices and volume."""
    bars = pl.read_parquet(path).rename({"Name": "symbol"}, strict=False)
    return bars.with_columns(pl.col("date").cast(pl.String).str.slice(0, 10).str.to_date())


def written(bars: pl.DataFrame, path: Path) -> Path:
    """Write bars to a file and return it."""
    bars.write_parquet(path)
    return path


def synthetic_bars(n_names: int = N_NAMES, n_sessions: int = N_SESSIONS) -> pl.DataFrame:
    """Return bars of geometric random walks, the same at every call."""
    sessions = new_york()
    dates = sessions.dates[sessions.between(FIRST, sessions.dates[-1])][:n_sessions]
    random = np.random.default_rng(SEED)
    steps = random.normal(0.0004, 0.015, (n_sessions, n_names))
    close = random.uniform(20.0, 200.0, n_names) * np.exp(np.cumsum(steps, axis=0))
    opens = close * np.exp(random.normal(0.0, 0.006, close.shape))
    high = np.maximum(opens, close) * np.exp(np.abs(random.normal(0.0, 0.004, close.shape)))
    low = np.minimum(opens, close) * np.exp(-np.abs(random.normal(0.0, 0.004, close.shape)))
    volume = np.ceil(random.lognormal(14.0, 1.0, close.shape))
    begins = np.zeros(n_names, dtype=np.int64)
    n_late = min(N_LATE, n_names // 10)
    begins[:n_late] = random.integers(1, max(n_sessions - 1, 2), n_late)
    day, name = np.nonzero(np.arange(n_sessions)[:, None] >= begins)
    symbols = np.array([f"N{i:04d}" for i in range(n_names)])
    prices = {"open": opens, "high": high, "low": low, "close": close}
    return pl.DataFrame(
        {"symbol": symbols[name], "date": dates[day]}
        | {field: np.round(values[day, name], 2) for field, values in prices.items()}
        | {"volume": volume[day, name]}
    ).with_columns(pl.col("date").cast(pl.Date))


def with_twins(bars: pl.DataFrame) -> pl.DataFrame:
    """Return bars in which every name has a twin under another symbol."""
    return pl.concat([bars, bars.with_columns(pl.col("symbol") + "-TWIN")])


def with_past(bars: pl.DataFrame) -> pl.DataFrame:
    """Return bars with a history as long as their own before it: the same bars on earlier sessions."""
    sessions = new_york()
    dates = bars["date"].unique().sort()
    first = sessions.index(dates.to_numpy()[0].astype("datetime64[D]"))
    earlier = pl.Series(sessions.dates[first - len(dates) : first]).cast(pl.Date)
    moved = bars.with_columns(pl.col("date").replace_strict(dates, earlier, return_dtype=pl.Date))
    return pl.concat([moved, bars])


def new_york() -> Sessions:
    """Return the sessions of the New York Stock Exchange."""
    return sessions_of({"calendar": "XNYS"})
