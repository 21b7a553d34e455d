"""Bars as a market makes them, and defects as vendors make them.

The bars are seeded: a market factor with a crash in it, betas, fat tails, volatility that comes in clusters,
quarterly news with its volume and its range, overnight gaps, prices in cents. A defect takes bars and returns
them with the rows that carry it.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from prometheus.kernel.sessions import sessions_of

SESSIONS = sessions_of({"calendar": "XNYS"})
N_NAMES, N_SESSIONS = 120, 520
FIRST = np.datetime64("2014-01-02", "D")
CRASH = 300
PRICES = ("open", "high", "low", "close")
KEY = ["instrument_id", "trade_date"]


def clean_bars(seed: int = 7, *, n_names: int = N_NAMES, n_sessions: int = N_SESSIONS) -> pl.DataFrame:
    """Return bars without a defect, one crash of the whole market among them."""
    random = np.random.default_rng(seed)
    start = int(np.searchsorted(SESSIONS.dates, FIRST))
    dates = SESSIONS.dates[start : start + n_sessions]
    shape = (n_sessions, n_names)
    calm = np.exp(0.25 * np.cumsum(random.normal(0, 0.12, n_sessions)))[:, None].clip(0.5, 2.5)
    beta, own = random.normal(1.0, 0.3, n_names), random.uniform(0.007, 0.022, n_names)
    market = 0.008 * calm[:, 0] * random.standard_t(4, n_sessions) / np.sqrt(2)
    if n_sessions > CRASH:
        market[CRASH] = -0.11
    noise = own * calm * random.standard_t(4, shape) / np.sqrt(2)
    is_news = (np.arange(n_sessions)[:, None] + random.integers(0, 63, n_names)) % 63 == 0
    news = np.where(is_news, random.normal(0, 1, shape) * 4.0 * own, 0.0)
    moves = beta * market[:, None] + noise + news
    part = random.beta(4, 6, shape)
    overnight = np.where(is_news, 0.75, part) * moves + random.normal(0, 0.3, shape) * own * calm
    close = np.exp(np.log(random.uniform(15, 250, n_names)) + np.cumsum(moves, axis=0))
    opens = np.exp(np.log(np.vstack([close[:1], close[:-1]])) + overnight)
    reach = own * calm * (0.5 + np.abs(market[:, None]) * 40) + 0.4 * np.abs(news)
    high = np.maximum(opens, close) * np.exp(np.abs(random.normal(0, 1, shape)) * 0.7 * reach)
    low = np.minimum(opens, close) * np.exp(-np.abs(random.normal(0, 1, shape)) * 0.7 * reach)
    busy = 1.0 + 20.0 * np.abs(market[:, None]) + 1.2 * np.abs(news) / own + 0.6 * np.abs(noise) / own
    volume = random.uniform(2e5, 8e6, n_names) * busy * np.exp(random.normal(0, 0.25, shape))
    columns = {"open": opens, "high": high, "low": low, "close": close}
    frame = {name: np.round(values, 2).T.ravel() for name, values in columns.items()}
    names = np.array([f"N{i:03d}" for i in range(n_names)])
    return pl.DataFrame(
        {
            "instrument_id": np.repeat(names, n_sessions),
            "trade_date": pl.Series(np.tile(dates, n_names)).cast(pl.Date),
            **frame,
            "volume": np.round(volume).T.ravel(),
        }
    )


def places(bars: pl.DataFrame, n: int, seed: int, *, margin: int = 70) -> np.ndarray:
    """Return rows, one an instrument, away from the ends of their instrument and from the crash."""
    random = np.random.default_rng(seed)
    names = bars["instrument_id"].unique(maintain_order=True).to_list()
    length = bars.height // len(names)
    chosen = random.choice(len(names), size=n, replace=n > len(names))
    offsets = random.integers(margin, length - margin, size=n)
    offsets = np.where(np.abs(offsets - CRASH) < 12, offsets + 30, offsets)
    return chosen * length + offsets


class Draft:
    """Bars that are being spoilt, as arrays."""

    def __init__(self, bars: pl.DataFrame) -> None:
        self.bars = bars
        self.columns = {name: bars[name].to_numpy().copy() for name in (*PRICES, "volume")}
        self.rows: list[int] = []
        self.removed: list[int] = []

    def done(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the bars and the keys of those that carry the defect."""
        spoilt = self.bars.with_columns(pl.Series(k, v).fill_nan(None) for k, v in self.columns.items())
        keys = self.bars[sorted(set(self.rows))].select(KEY)
        if self.removed:
            keep = np.ones(self.bars.height, dtype=bool)
            keep[self.removed] = False
            spoilt = spoilt.filter(pl.Series(keep))
        return spoilt, keys


def missing_fields(bars: pl.DataFrame, n: int = 40, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    draft = Draft(bars)
    for i, row in enumerate(places(bars, n, seed)):
        for name in (("open",), ("open", "high", "low"), ("volume",))[i % 3]:
            draft.columns[name][row] = np.nan
        draft.rows.append(row)
    return draft.done()


def zero_volume(bars: pl.DataFrame, n: int = 40, seed: int = 2) -> tuple[pl.DataFrame, pl.DataFrame]:
    draft = Draft(bars)
    rows = places(bars, n, seed)
    draft.columns["volume"][rows] = 0.0
    draft.rows = list(rows)
    return draft.done()


def gap_before(bars: pl.DataFrame, n: int = 40, seed: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    draft = Draft(bars)
    for i, row in enumerate(places(bars, n, seed)):
        draft.removed += list(range(row, row + 1 + i % 4))
        draft.rows.append(row + 1 + i % 4)
    return draft.done()


def stale_run(bars: pl.DataFrame, n: int = 40, seed: int = 4) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Whole bars carried on for three to eight sessions, or closes for six to eleven."""
    draft = Draft(bars)
    for i, row in enumerate(places(bars, n, seed)):
        if i % 2:
            for name in PRICES:
                draft.columns[name][row + 1 : row + 3 + i % 6] = draft.columns[name][row]
            draft.rows += list(range(row + 1, row + 3 + i % 6))
        else:
            last = row + 6 + i % 6
            for name in PRICES:
                draft.columns[name][row + 1 : last] = draft.columns["close"][row]
            draft.rows += list(range(row + 1, last))
    return draft.done()


def repeated_bar(bars: pl.DataFrame, n: int = 40, seed: int = 5) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bars that carry the values of one to sixty sessions later, some with a volume that was mended since."""
    draft = Draft(bars)
    for i, row in enumerate(places(bars, n, seed)):
        other = row + (1, 2, 5, 9, 60)[i % 5]
        for name in (*PRICES, "volume"):
            draft.columns[name][row] = draft.columns[name][other]
        draft.columns["volume"][row] *= 1.0 - 0.02 * (i % 2)
        draft.rows.append(row)
    return draft.done()


def swapped_bars(bars: pl.DataFrame, n: int = 40, seed: int = 6) -> tuple[pl.DataFrame, pl.DataFrame]:
    draft = Draft(bars)
    for i, row in enumerate(places(bars, n, seed)):
        pair = [row, row + 1 + i % 3]
        for name in (*PRICES, "volume"):
            draft.columns[name][pair] = draft.columns[name][pair[::-1]]
        draft.rows += pair
    return draft.done()


def twin_series(bars: pl.DataFrame, n: int = 4, seed: int = 8) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A stretch of 30 to 200 sessions of one instrument under another's name."""
    draft = Draft(bars)
    names = bars["instrument_id"].n_unique()
    length = bars.height // names
    for i in range(n):
        span = np.arange(50, 80 + 40 * i)
        source, copy = (2 * i) * length + span, (2 * i + 1) * length + span
        for name in (*PRICES, "volume"):
            draft.columns[name][copy] = draft.columns[name][source]
        draft.rows += [*source, *copy]
    return draft.done()


def outlier(bars: pl.DataFrame, n: int = 40, seed: int = 9) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One to three bars at 0.1 to 10 times their level, without a trade more."""
    draft = Draft(bars)
    factors = (1.2, 0.8, 10.0, 0.1, 1.35, 0.6, 100.0, 0.01, 1.28, 1.8)
    for i, row in enumerate(places(bars, n, seed)):
        span = slice(row, row + 1 + i % 3)
        for name in PRICES:
            draft.columns[name][span] = np.round(draft.columns[name][span] * factors[i % 10], 2)
        draft.rows += list(range(row, row + 1 + i % 3))
    return draft.done()


def high_low_spike(bars: pl.DataFrame, n: int = 40, seed: int = 10) -> tuple[pl.DataFrame, pl.DataFrame]:
    draft = Draft(bars)
    for i, row in enumerate(places(bars, n, seed)):
        name, factor = (("high", 1.15), ("low", 0.85), ("high", 1.3), ("low", 0.7), ("high", 2.0))[i % 5]
        edge = (max if name == "high" else min)(draft.columns[k][row] for k in ("open", "close"))
        draft.columns[name][row] = round(edge * factor, 2)
        draft.rows.append(row)
    return draft.done()


def level_shift(bars: pl.DataFrame, n: int = 40, seed: int = 11) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Splits that change the volume too, and spin-offs that don't but trade some more on their day."""
    draft = Draft(bars)
    length = bars.height // bars["instrument_id"].n_unique()
    factors = (1 / 2, 0.75, 2 / 3, 0.85, 1 / 3, 0.6, 5.0, 0.88, 3 / 2, 0.8)
    taken = set()
    for i, row in enumerate(places(bars, n, seed)):
        if row // length in taken:
            continue
        taken.add(row // length)
        rest = slice(row, (row // length + 1) * length)
        for name in PRICES:
            draft.columns[name][rest] = np.round(draft.columns[name][rest] * factors[i % 10], 2)
        if i % 2:
            draft.columns["volume"][row] *= 1.8
        else:
            draft.columns["volume"][rest] = np.round(draft.columns["volume"][rest] / factors[i % 10])
        draft.rows.append(row)
    return draft.done()


def adjustment_on_wrong_day(
    bars: pl.DataFrame, n: int = 40, seed: int = 12
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bars that were adjusted once too often for one to three days, and splits given a day or two late."""
    draft = Draft(bars)
    draft.columns["split"] = np.full(bars.height, np.nan)
    length = bars.height // bars["instrument_id"].n_unique()
    factors = (1 / 2, 2.0, 1 / 3, 3.0, 2 / 3, 1 / 4)
    taken = set()
    for i, row in enumerate(places(bars, n, seed)):
        if row // length in taken:
            continue
        taken.add(row // length)
        span = slice(row, row + 1 + i % 3)
        rest = slice(row, (row // length + 1) * length) if i % 2 else span
        for name in PRICES:
            draft.columns[name][rest] = np.round(draft.columns[name][rest] * factors[i % 6], 2)
        draft.columns["volume"][rest] = np.round(draft.columns["volume"][rest] / factors[i % 6])
        if i % 2:
            draft.columns["split"][row + 1 + i % 3] = 1 / factors[i % 6]
        draft.rows += list(range(row, row + 1 + i % 3))
    return draft.done()


DEFECTS = {
    defect.__name__: defect
    for defect in (
        missing_fields,
        zero_volume,
        gap_before,
        stale_run,
        repeated_bar,
        swapped_bars,
        twin_series,
        outlier,
        high_low_spike,
        level_shift,
        adjustment_on_wrong_day,
    )
}
