"""Small worlds made by hand: prices from a seed, and batches whose panels end where they must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from prometheus.flow.batch import Assets, Batch, Context, Panel
from prometheus.flow.rows import Rows
from prometheus.flow.step import Read
from prometheus.kernel.sessions import Sessions


@dataclass(frozen=True, slots=True)
class World:
    sessions: Sessions
    assets: Assets
    columns: Mapping[str, np.ndarray]

    def batch(
        self, reads: Sequence[Read], days: Sequence[int], tables: Mapping[str, Rows] | None = None
    ) -> Batch:
        places = np.asarray(days, dtype=np.int64)
        panels = {}
        for read in reads:
            first = places[0] - read.reach
            for column in read.columns:
                values = self.columns[column][max(first, 0) : places[-1] + 1 - read.lag]
                before = np.full((max(-first, 0), len(self.assets)), np.nan)
                whole = np.vstack([before, values])
                whole.flags.writeable = False
                ends = places - read.lag - first
                panels[read.table, column] = Panel(whole, ends=ends, sessions=read.sessions)
        return Batch(
            places, self.sessions, self.assets, Context("US_EQ", "S", "P"),
            np.zeros((len(places), 16), dtype=np.uint8), panels, tables or {},
        )  # fmt: skip

    def changed(self, **columns: np.ndarray) -> World:
        return replace(self, columns={**self.columns, **columns})

    def scrambled_after(self, day: int, seed: int = 9) -> World:
        """Return the world with other values on every day after ``day``."""
        rng = np.random.default_rng(seed)
        columns = {}
        for name, values in self.columns.items():
            columns[name] = values.copy()
            columns[name][day + 1 :] = rng.uniform(1.0, 90.0, columns[name][day + 1 :].shape)
        return replace(self, columns=columns)

    def permuted(self, order: np.ndarray) -> World:
        a = self.assets

        def of(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(values[i] for i in order)

        assets = Assets(
            of(a.ids), of(a.symbols), a.digests[order], of(a.issuers), of(a.sectors), of(a.asset_classes),
            of(a.currencies), a.delisted[order],
        )  # fmt: skip
        return World(self.sessions, assets, {k: v[:, order] for k, v in self.columns.items()})


def assets_named(symbols: Sequence[str], classes: Sequence[str] | None = None) -> Assets:
    n = len(symbols)
    return Assets(
        ids=tuple(f"US_EQ:{one}" for one in symbols),
        symbols=tuple(symbols),
        digests=np.zeros((n, 16), dtype=np.uint8),
        issuers=("",) * n,
        sectors=("",) * n,
        asset_classes=tuple(classes or ("EQUITY",) * n),
        currencies=("USD",) * n,
        delisted=np.full(n, "NaT", dtype="datetime64[D]"),
    )


def world(n_days: int = 160, n_assets: int = 12, *, seed: int = 1, with_gaps: bool = True) -> World:
    rng = np.random.default_rng(seed)
    returns = rng.normal(0.0004, 0.02, (n_days, n_assets)) * rng.uniform(0.5, 2.0, n_assets)
    close = np.round(50.0 * np.exp(np.cumsum(returns, axis=0)), 2)
    adjusted = close * 0.9
    if with_gaps:
        close[:40, 1] = np.nan  # listed later
        close[120:, 2] = np.nan  # delisted
        close[rng.random(close.shape) < 0.01] = np.nan
        adjusted[np.isnan(close)] = np.nan
    ret = np.full_like(close, np.nan)
    ret[1:] = adjusted[1:] / adjusted[:-1] - 1.0
    vol = np.full_like(close, np.nan)
    for t in range(20, n_days):
        window = ret[t - 19 : t + 1]
        complete = ~np.isnan(window).any(axis=0)
        vol[t, complete] = window[:, complete].std(axis=0, ddof=1) * np.sqrt(252.0)
    volume = np.where(np.isnan(close), np.nan, rng.integers(1_000, 90_000, close.shape).astype(float))
    dates = np.busday_offset(np.datetime64("2020-01-06"), np.arange(n_days))
    seconds = dates.astype("datetime64[s]")
    return World(
        Sessions("XNYS", dates, seconds, seconds),
        assets_named([f"N{i:02d}" for i in range(n_assets)]),
        {"close": close, "adjusted_close": adjusted, "volume": volume, "ret_1d": ret, "vol_63d": vol},
    )
