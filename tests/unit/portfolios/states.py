"""Portfolios made by hand on top of a small world: cash, positions, scores and a universe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from prometheus.flow.rows import Coded, Rows
from tests.unit.selection.worlds import World, assets_named, world


def world_with_cash(n_assets: int = 12, **settings: object) -> World:
    """Return a small world whose first asset, by id, is the cash."""
    here = world(n_assets=n_assets, **settings)  # type: ignore[arg-type]
    symbols = [f"N{i:02d}" for i in range(n_assets)]
    assets = assets_named(["CASH", *symbols], ["CASH", *["EQUITY"] * n_assets])
    assets = replace(assets, sectors=("", *["Energy", "Health", ""] * n_assets)[: n_assets + 1])
    columns = {k: np.hstack([np.full((len(v), 1), np.nan), v]) for k, v in here.columns.items()}
    return World(here.sessions, assets, columns)


def positions(here: World, days: Sequence[int], held: Mapping[int, str], cash: str = "100000") -> Rows:
    """Return the same positions on each day: market values by place, and cash."""
    places = [0, *held]
    values = [Decimal(cash), *map(Decimal, held.values())]
    return Rows(
        "positions_snapshots",
        np.repeat(np.asarray(days, dtype=np.int64), len(places)),
        {
            "instrument_id": Coded(np.array(places * len(days), dtype=np.int64), here.assets.ids),
            "market_value": values * len(days),
        },
    )


def scores(here: World, days: Sequence[int], values: Mapping[int, float]) -> Rows:
    places = list(values)
    return Rows(
        "instrument_scores",
        np.repeat(np.asarray(days, dtype=np.int64), len(places)),
        {
            "instrument_id": Coded(np.array(places * len(days), dtype=np.int64), here.assets.ids),
            "score": np.array(list(values.values()) * len(days)),
            "expected_return": np.array([0.01 * one for one in values.values()] * len(days)),
        },
    )


def universe(here: World, days: Sequence[int], members: Sequence[int]) -> Rows:
    core = tuple(here.assets.ids[j] for j in members)
    out = tuple(one for one in here.assets.ids[1:] if one not in core)
    return Rows(
        "universes",
        np.repeat(np.asarray(days, dtype=np.int64), 2),
        {
            "tier": Coded(np.array([0, 1] * len(days), dtype=np.int64), ("CORE", "EXCLUDED")),
            "instrument_ids": Coded(np.array([0, 1] * len(days), dtype=np.int64), [core, out]),
        },
    )


def shuffled(rows: Rows, seed: int = 4) -> Rows:
    """Return the rows in another order within each day."""
    order = np.random.default_rng(seed).permutation(len(rows))
    return rows.taken(order[np.argsort(rows.day[order], kind="stable")])
