"""A market's sessions, and what is derived from its prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from prometheus.kernel.errors import ConfigError, DateOutsideDataError
from prometheus.kernel.sessions import Sessions, sessions_of
from prometheus.store.connections import Databases, connect, driver_errors, open_databases
from prometheus.store.settings import Settings

if TYPE_CHECKING:
    from prometheus.flow.progress import Progress


def sessions_of_market(databases: Databases, market_id: str) -> Sessions:
    """Return the sessions of a registered market.

    Raises
    ------
    ConfigError
        If the market is not registered.
    """
    from prometheus.domain.reference.markets import known_market
    from prometheus.store.reference import market_row

    with driver_errors(), connect(databases.runtime_url) as connection:
        found = market_row(connection, market_id)
    if found is None:
        known_market(market_id)  # refuses a word that is no market, and names those that there are
        raise ConfigError(
            f"Market {market_id} is not in this database.",
            remedy=f"`prometheus ingest prices PATH --market {market_id}` registers it.",
        )
    return sessions_of(found[0])


def derive_market(
    settings: Settings,
    market_id: str,
    first: np.datetime64 | None = None,
    last: np.datetime64 | None = None,
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Recompute the derived tables of a market; return the rows that were new or changed, by table.

    Parameters
    ----------
    settings : Settings
    market_id : str
    first, last : datetime64[D], optional
        Dates to recompute; all that has prices by default.
    progress : Progress, optional

    Raises
    ------
    DateOutsideDataError
        If the market has no prices between the dates.
    """
    from prometheus.flow.batch import Context
    from prometheus.flow.derivation import derive
    from prometheus.flow.graph import graph_of
    from prometheus.flow.world import World
    from prometheus.pipeline import default_configs, derivation_steps
    from prometheus.store.assets import read_assets
    from prometheus.store.ledger import price_span
    from prometheus.store.postgres import PostgresStorage

    databases = open_databases(settings)
    sessions = sessions_of_market(databases, market_id)
    with driver_errors(), connect(databases.runtime_url) as connection:
        assets = read_assets(connection, market_id=market_id)
    with driver_errors(), connect(databases.historical_url) as connection:
        span = price_span(connection, assets.ids)
    if span is None:
        return {}
    days = sessions.between(max(span[0], first or span[0]), min(span[1], last or span[1]))
    if not len(days):
        raise DateOutsideDataError(
            f"{market_id} has prices from {span[0]} to {span[1]}.", remedy="Choose dates inside."
        )
    steps = derivation_steps()
    configs = default_configs(steps)
    with PostgresStorage(databases, sessions, market_id=market_id) as storage:
        world = World(Context(market_id=market_id), sessions, assets, storage)
        return derive(graph_of(steps, configs), configs, world, days=days, progress=progress)


def derive_if_stale(
    settings: Settings, market_id: str, *, progress: Progress | None = None
) -> Mapping[str, int]:
    """Recompute a market's derived tables if deliveries came after they were computed last.

    A run of `prometheus ingest` that ended between its prices and what follows from them is healed by this.
    """
    from prometheus.pipeline import default_configs, derivation_steps
    from prometheus.store.decisions import is_derived

    databases = open_databases(settings)
    configs = default_configs(derivation_steps()).values()
    with driver_errors(), connect(databases.runtime_url) as connection:
        if is_derived(connection, market_id, [config.config_id for config in configs]):
            return {}
    return derive_market(settings, market_id, progress=progress)
