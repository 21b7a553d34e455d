"""A small market for the tests, made by a seed and taken in through the product's own doors.

Twelve names over 420 sessions of the New York Stock Exchange, from 2011-12-01 on (the two days of hurricane
Sandy are among them): one splits 3 for 1 and pays dividends, one has gaps, one is listed late, one is
delisted halfway, one trades so little that orders are filled in parts. An index is the benchmark.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from prometheus.adapters.instrument_files import ingest_instruments
from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derive_market
from prometheus.kernel.arrays import DateArray, FloatArray
from prometheus.kernel.sessions import Sessions, sessions_of
from prometheus.store.connections import Databases
from prometheus.store.settings import Settings

MARKET = "US_EQ"
INDEX = "US_INDEX:MKT"
SYMBOLS = ("ALFA", "BRAV", "CHAR", "DELT", "ECHO", "FOXT", "GOLF", "HOTL", "INDI", "JULI", "KILO", "LIMA")
SPLITS, GAPS, LATE, DELISTED, THIN = "BRAV", "DELT", "GOLF", "JULI", "LIMA"
N_SESSIONS = 420
FIRST = np.datetime64("2011-12-01")
SPLIT_AT, LISTED_AT, DELISTED_AT = 350, 120, 365
KNOWN_AT = datetime(2024, 1, 2, 22, tzinfo=UTC)


def calendar() -> Sessions:
    """Return the sessions of the market."""
    return sessions_of({"calendar": "XNYS"})


def dates_of_world(n_sessions: int = N_SESSIONS) -> DateArray:
    """Return the dates that have prices."""
    dates = calendar().dates
    start = int(np.searchsorted(dates, FIRST))
    found: DateArray = dates[start : start + n_sessions]
    return found


def settings_at(databases: Databases, home: Path) -> Settings:
    """Return settings that name these databases."""
    return Settings(home, f"file://{home / 'artifacts'}", databases.runtime_url, databases.historical_url)


def fill_world(databases: Databases, home: Path, *, symbols: tuple[str, ...] = SYMBOLS) -> None:
    """Take the market in and derive what follows from its prices."""
    home.mkdir(parents=True, exist_ok=True)
    instruments = home / "instruments.csv"
    instruments.write_text(_instruments(symbols))
    ingest_instruments(databases, [instruments], market_id=MARKET, known_at=KNOWN_AT)
    prices = home / "prices.csv"
    bars(symbols).write_csv(prices)
    ingest_prices(databases, price_delivery([prices], source="tests"), market_id=MARKET, known_at=KNOWN_AT)
    index = home / "MKT.csv"
    _index().write_csv(index)
    ingest_prices(
        databases,
        price_delivery([index], source="tests"),
        market_id="US_INDEX",
        create=True,
        known_at=KNOWN_AT,
    )
    derive_market(settings_at(databases, home), MARKET)


def bars(symbols: tuple[str, ...] = SYMBOLS) -> pl.DataFrame:
    """Return the bars of these names as a vendor would deliver them."""
    dates = dates_of_world()
    frames = []
    for place, symbol in enumerate(SYMBOLS):
        frame = _bars(symbol, dates, np.random.default_rng([7, place]))
        if symbol in symbols:
            frames.append(frame)
    return pl.concat(frames)


def _bars(symbol: str, dates: DateArray, draws: np.random.Generator) -> pl.DataFrame:
    n = len(dates)
    # The peculiar names do well, so that strategies hold them.
    drift = 0.0015 if symbol in (SPLITS, GAPS, DELISTED, THIN) else 0.0
    steps = draws.normal(drift, 0.008 + 0.002 * draws.integers(0, 6), n)
    close = np.round(draws.uniform(20.0, 120.0) * np.exp(np.cumsum(steps)), 2)
    split: list[float | None] = [None] * n
    dividend: list[float | None] = [None] * n
    if symbol == SPLITS:
        close[SPLIT_AT:] = np.round(close[SPLIT_AT:] / 3.0, 2)
        split[SPLIT_AT] = 3.0
        for at in range(30, n, 63):
            dividend[at] = 0.37
    opens = np.round(close * np.exp(draws.normal(0.0, 0.004, n)), 2)
    high = np.round(np.maximum(opens, close) * (1.0 + draws.uniform(0.0, 0.01, n)) + 0.01, 2)
    low = np.round(np.minimum(opens, close) * (1.0 - draws.uniform(0.0, 0.01, n)) - 0.01, 2)
    volume = np.floor(draws.lognormal(6.0 if symbol == THIN else 13.0, 0.4, n))
    is_there = np.ones(n, dtype=bool)
    if symbol == GAPS:
        is_there[[200, 372, 373, 374, 390]] = False
    if symbol == LATE:
        is_there[:LISTED_AT] = False
    if symbol == DELISTED:
        is_there[DELISTED_AT:] = False
    return pl.DataFrame(
        {
            "date": pl.Series(dates).cast(pl.Date),
            "symbol": [symbol] * n,
            "open": opens,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume,
            "split": pl.Series(split, dtype=pl.Float64),
            "dividend": pl.Series(dividend, dtype=pl.Float64),
        }
    ).filter(pl.Series(is_there))


def _index() -> pl.DataFrame:
    dates = dates_of_world()
    steps = np.random.default_rng(11).normal(0.0003, 0.008, len(dates))
    level: FloatArray = np.round(1250.0 * np.exp(np.cumsum(steps)), 2)
    return pl.DataFrame({"date": pl.Series(dates).cast(pl.Date), "close": level})


def _instruments(symbols: tuple[str, ...]) -> str:
    dates = dates_of_world()
    lines = ["symbol,name,sector,listed,delisted"]
    for symbol in symbols:
        listed = dates[LISTED_AT] if symbol == LATE else ""
        delisted = dates[DELISTED_AT] if symbol == DELISTED else ""
        lines.append(f"{symbol},{symbol.title()} Corp,Sector {ord(symbol[0]) % 3},{listed},{delisted}")
    return "\n".join(lines) + "\n"


def specification() -> dict[str, dict[str, object]]:
    """Return a specification whose windows are short, so that a run over 60 sessions sees everything."""
    return {
        "run": {"strategy": "contract", "market": MARKET, "rebalance": "weekly", "benchmark": INDEX},
        "scores": {
            "weights": {"momentum_12_1": 1.0, "reversal_5d": 0.5, "low_volatility": 0.5},
            "horizon_days": 5,
            "ic_sessions": 20,
            "ic_prior": 10.0,
        },
        "universes": {"history_window": 42, "min_history": 35, "max_staleness": 1, "min_dollar_volume": 1.0},
        "targets": {
            "n_names": 9,
            "weighting": "inverse_volatility",
            "volatility_sessions": 42,
            "min_sessions": 21,
        },
        "fills": {"initial_cash": "200000", "participation": "0.1", "commission_minimum": "1"},
        "risk": {"window": 42, "min_sessions": 10},
        "outcomes": {"horizons": [1, 5, 10]},
    }
