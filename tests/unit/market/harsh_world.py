"""Bars of a market at its worst, in which everything that looks like an error is true.

Seeded like `quality_world`, and harsher: a crisis of half a year in which moves are four times as large, a
day on which the market loses a fifth, another on which bids vanish for minutes, results that move a name by
20 to 45 per cent, takeovers after which prices stand nearly still, news that are half taken back the next
day, names that hardly trade, penny stocks whose tick is a per cent, and prices that a vendor has adjusted.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from tests.unit.market.quality_world import SESSIONS

FIRST = np.datetime64("2006-01-03", "D")
CRISIS = slice(660, 790)
CRASH, FLASH = 705, 400
KINDS = ("liquid", "liquid", "liquid", "adjusted", "illiquid", "penny")
"""One name of each in turn."""


def harsh_bars(seed: int = 1, *, n_names: int = 60, n_sessions: int = 1100) -> pl.DataFrame:
    """Return bars without a defect."""
    random = np.random.default_rng(seed)
    start = int(np.searchsorted(SESSIONS.dates, FIRST))
    dates = SESSIONS.dates[start : start + n_sessions]
    kinds = np.array(KINDS)[np.arange(n_names) % len(KINDS)]
    shape = (n_sessions, n_names)
    market_vol = 0.007 * np.exp(0.3 * _cluster(random, n_sessions, 0.97))
    market_vol[CRISIS] *= 4.0
    market = market_vol * random.standard_t(4, n_sessions) / np.sqrt(2)
    market[CRASH] = -0.20
    own = random.uniform(0.008, 0.025, n_names) * np.where(kinds == "penny", 2.5, 1.0)
    vol = own * np.exp(0.4 * np.stack([_cluster(random, n_sessions, 0.95) for _ in range(n_names)], axis=1))
    vol[CRISIS] *= 2.5
    noise = vol * random.standard_t(3, shape) / np.sqrt(3)
    is_news = (np.arange(n_sessions)[:, None] + random.integers(0, 63, n_names)) % 63 == 0
    is_large = is_news & (random.random(shape) < 0.06)
    news = np.where(is_news, random.normal(0, 0.04, shape), 0.0)
    news = np.where(is_large, random.choice([-1, 1], shape) * random.uniform(0.2, 0.45, shape), news)
    taken_back = np.zeros(shape)
    taken_back[1:] = np.where(random.random((n_sessions - 1, n_names)) < 0.3, -0.5 * news[:-1], 0.0)
    moves = random.normal(1.0, 0.3, n_names) * market[:, None] + noise + news + taken_back
    for name in np.flatnonzero(kinds == "adjusted")[::2]:  # a takeover
        day = int(random.integers(200, n_sessions - 100))
        moves[day, name] = random.uniform(0.2, 0.5)
        moves[day + 1 :, name] = random.normal(0, 0.0015, n_sessions - day - 1)
        vol[day + 1 :, name] = 0.0015
        news[day + 1 :, name] = 0.0
        news[day, name] = moves[day, name]
    share = np.where(np.abs(news) > 0.0, random.uniform(0.6, 1.0, shape), random.beta(4, 6, shape))
    level = np.where(kinds == "penny", random.uniform(0.8, 3, n_names), random.uniform(12, 200, n_names))
    close = level * np.exp(np.cumsum(moves, axis=0) - np.cumsum(moves, axis=0).mean(axis=0))
    before = np.vstack([close[:1], close[:-1]])
    opens = before * np.exp(share * moves + random.normal(0, 0.3, shape) * vol)
    reach = vol * 0.6 + 0.3 * np.abs(news) + 0.5 * np.abs(market)[:, None]
    high = np.maximum(opens, close) * np.exp(np.abs(random.normal(0, 1, shape)) * reach)
    low = np.minimum(opens, close) * np.exp(-np.abs(random.normal(0, 1, shape)) * reach)
    low[FLASH] *= np.exp(-random.gamma(1.2, 0.06, n_names))
    busy = 1.0 + 25.0 * np.abs(market)[:, None] + 0.8 * np.abs(noise) / own + 60.0 * np.abs(news)
    busy[FLASH] *= 1.8
    volume = random.uniform(2e5, 8e6, n_names) * busy * np.exp(random.normal(0, 0.3, shape))
    tick = np.where(kinds == "illiquid", 0.05, 0.01)
    columns = {}
    for name, values in {"open": opens, "high": high, "low": low, "close": close}.items():
        columns[name] = np.maximum(np.round(values / tick) * tick, tick)
    is_idle = (kinds == "illiquid") & (random.random(shape) < 0.25) & ~is_news
    for name in range(n_names):
        for day in np.flatnonzero(is_idle[:, name]):
            if day:
                for values in columns.values():
                    values[day, name] = columns["close"][day - 1, name]
                volume[day, name] = random.choice([0.0, 100.0])
    columns["high"] = np.maximum.reduce(list(columns.values()))
    columns["low"] = np.minimum.reduce(list(columns.values()))
    factor = np.where(kinds == "adjusted", random.uniform(0.2, 0.9, n_names), 1.0)
    digits = {name: np.round(values * factor, 6).T.ravel() for name, values in columns.items()}
    return pl.DataFrame(
        {
            "instrument_id": np.repeat(np.array([f"H{i:03d}" for i in range(n_names)]), n_sessions),
            "trade_date": pl.Series(np.tile(dates, n_names)).cast(pl.Date),
            **digits,
            "volume": np.round(volume).T.ravel(),
        }
    )


def _cluster(random: np.random.Generator, n: int, memory: float) -> np.ndarray:
    """Return an autoregression of the first order with unit variance."""
    steps = random.normal(0, np.sqrt(1 - memory**2), n)
    found = np.zeros(n)
    for place in range(1, n):
        found[place] = memory * found[place - 1] + steps[place]
    return found
