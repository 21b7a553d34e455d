"""A market's sessions, and what is derived from its prices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from prometheus.kernel.errors import ConfigError, DateOutsideDataError
from prometheus.kernel.sessions import Sessions, sessions_of
from prometheus.store.connections import Databases, connect, driver_errors, open_databases
from prometheus.store.settings import Settings

if TYPE_CHECKING:
    from prometheus.flow.affected import Change
    from prometheus.flow.progress import Progress
    from prometheus.flow.storage import Written
    from prometheus.store.copying import Connection


def sessions_of_market(databases: Databases, market_id: str) -> Sessions:
    """Return the sessions of a registered market.

    Raises
    ------
    ConfigError
        If the market is not registered.
    """
    with driver_errors(), connect(databases.runtime_url) as connection:
        return sessions_of(_calendar_spec(connection, market_id))


def _calendar_spec(runtime: Connection, market_id: str) -> Any:
    from prometheus.domain.reference.markets import known_market
    from prometheus.store.reference import market_row

    found = market_row(runtime, market_id)
    if found is None:
        known_market(market_id)  # refuses a word that is no market, and names those that there are
        raise ConfigError(
            f"Market {market_id} is not in this database.",
            remedy=f"`prometheus ingest prices PATH --market {market_id}` registers it.",
        )
    return found[0]


def derive_market(
    settings: Settings,
    market_id: str,
    first: np.datetime64 | None = None,
    last: np.datetime64 | None = None,
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Recompute the derived tables of a market; return the rows that were new or changed, by table.

    See `derived_tables`.
    """
    return _n_written(derived_tables(settings, market_id, first=first, last=last, progress=progress))


def derive_changes(
    settings: Settings,
    market_id: str,
    *,
    first: np.datetime64,
    last: np.datetime64,
    instruments: Collection[str] | None = None,
    table: str = "prices_daily",
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Recompute the derived rows that the latest delivery can have changed, and no others.

    Parameters
    ----------
    settings : Settings
    market_id : str
    first, last : datetime64[D]
        The first and the last date of the rows that were new or corrected.
    instruments : collection of str, optional
        Whose rows they are; any by default.
    table : str
        The table that holds them.
    progress : Progress, optional

    Returns
    -------
    mapping of str to int
        The rows that were new or changed, by table.

    Notes
    -----
    If an earlier delivery was not derived from yet, or the latest one changed more than this, everything is:
    nothing stays stale behind a change. A session that is new to the market moves the windows of all
    instruments, also of those without a bar.
    """
    from prometheus.flow.affected import Change
    from prometheus.pipeline import default_configs, derivation_steps
    from prometheus.store.assets import read_assets
    from prometheus.store.decisions import is_change_latest, is_derived, latest_deliveries
    from prometheus.store.ledger import has_new_sessions

    databases = open_databases(settings)
    configs = [config.config_id for config in default_configs(derivation_steps()).values()]
    n_names = None if instruments is None else len(instruments)
    with driver_errors(), connect(databases.runtime_url) as connection:
        deliveries = latest_deliveries(connection, market_id)
        is_of_prices = table == "prices_daily"
        before = latest_deliveries(connection, market_id, but_latest=int(is_of_prices))
        is_fresh = is_derived(connection, market_id, configs, deliveries=before)
        if is_fresh and is_of_prices:
            is_fresh = is_change_latest(connection, market_id, first, last, n_names)
    if not is_fresh:
        return derive_market(settings, market_id, progress=progress)
    sessions = sessions_of_market(databases, market_id)
    places = sessions.between(first, last)
    if not len(places):
        return {}
    names = None if instruments is None else frozenset(instruments)
    if names is not None:
        with driver_errors(), connect(databases.runtime_url) as connection:
            ids = read_assets(connection, market_id=market_id).ids
        with driver_errors(), connect(databases.historical_url) as connection:
            if has_new_sessions(connection, ids, sessions.dates[places].tolist()):
                names = None
    change = Change(int(places[0]), int(places[-1]), names, table)
    return _n_written(
        derived_tables(settings, market_id, changes=[change], deliveries=deliveries, progress=progress)
    )


def derived_tables(
    settings: Settings,
    market_id: str,
    *,
    first: np.datetime64 | None = None,
    last: np.datetime64 | None = None,
    tables: Collection[str] | None = None,
    changes: Sequence[Change] | None = None,
    deliveries: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Mapping[str, Written]:
    """Recompute derived tables of a market; return what became of their rows, by table.

    Parameters
    ----------
    settings : Settings
    market_id : str
    first, last : datetime64[D], optional
        Dates to recompute; all that has prices by default.
    tables : collection of str, optional
        Which of them; all by default.
    changes : sequence of Change, optional
        What is new or differs; without it everything between the dates is computed.
    deliveries : mapping of str to str, optional
        With ``changes``: the deliveries whose last ones these are, see `store.decisions.latest_deliveries`.
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
    from prometheus.store.artifacts import Artifacts
    from prometheus.store.assets import read_assets
    from prometheus.store.decisions import latest_deliveries
    from prometheus.store.derived import one_derivation
    from prometheus.store.ledger import price_span
    from prometheus.store.postgres import PostgresStorage

    databases = open_databases(settings)
    sessions = sessions_of_market(databases, market_id)
    steps = derivation_steps()
    if tables is not None:
        steps = tuple(step for step in steps if set(step.writes) & set(tables))
    configs = default_configs(steps)
    artifacts = Artifacts(settings.artifacts_url)
    with (
        driver_errors(),
        connect(databases.historical_url, autocommit=True) as historical,
        one_derivation(historical, market_id),
        PostgresStorage(databases, sessions, market_id=market_id, artifacts=artifacts) as storage,
    ):
        with connect(databases.runtime_url) as runtime:
            there = latest_deliveries(runtime, market_id)  # before anything else is read
            assets = read_assets(runtime, market_id=market_id)
            span = price_span(historical, assets.ids)
            if span is None:
                return {}
            low, high = max(span[0], first or span[0]), min(span[1], last or span[1])
            if changes is None and _leaves_nothing(
                runtime, market_id, span, (low, high), list(configs), there
            ):
                deliveries = there
        days = sessions.between(low, high)
        if not len(days):
            raise DateOutsideDataError(
                f"{market_id} has prices from {span[0]} to {span[1]}.", remedy="Choose dates inside."
            )
        world = World(Context(market_id=market_id), sessions, assets, storage)
        graph = graph_of(steps, configs)
        return derive(
            graph, configs, world, days=days, changes=changes, deliveries=deliveries, progress=progress
        )


def _leaves_nothing(
    runtime: Connection,
    market_id: str,
    span: tuple[np.datetime64, np.datetime64],
    days: tuple[np.datetime64, np.datetime64],
    names: Collection[str],
    deliveries: Mapping[str, str],
) -> bool:
    """Return whether nothing is stale once the steps of these names are computed over these days."""
    from prometheus.pipeline import default_configs, derivation_steps
    from prometheus.store.decisions import is_derived, latest_deliveries

    configs = default_configs(derivation_steps())
    others = [config.config_id for name, config in configs.items() if name not in names]
    if not is_derived(runtime, market_id, others, deliveries=deliveries):
        return False
    if days == span:
        return True
    outside = latest_deliveries(runtime, market_id, but_within=days)
    return is_derived(runtime, market_id, [configs[name].config_id for name in names], deliveries=outside)


def tables_are_derived(settings: Settings, market_id: str) -> bool:
    """Return whether the derived tables of a market took in all that was delivered to it.

    Raises
    ------
    ConfigError
        If the market is not registered.
    """
    from prometheus.pipeline import default_configs, derivation_steps
    from prometheus.store.decisions import is_derived, latest_deliveries

    databases = open_databases(settings)
    configs = [config.config_id for config in default_configs(derivation_steps()).values()]
    with driver_errors(), connect(databases.runtime_url) as connection:
        _calendar_spec(connection, market_id)
        deliveries = latest_deliveries(connection, market_id)
        return is_derived(connection, market_id, configs, deliveries=deliveries)


def _n_written(counts: Mapping[str, Written]) -> dict[str, int]:
    return {table: found.n_written for table, found in counts.items() if found.n_written}


def derive_if_stale(
    settings: Settings, market_id: str, *, progress: Progress | None = None
) -> Mapping[str, int]:
    """Recompute a market's derived tables if deliveries came after they were computed last.

    A run of `prometheus ingest` that ended between its prices and what follows from them is healed by this.
    """
    if tables_are_derived(settings, market_id):
        return {}
    return derive_market(settings, market_id, progress=progress)


def profiles_are_derived(settings: Settings, market_id: str) -> bool:
    """Return whether anything was derived since the latest profiles: a crash lies between them otherwise."""
    from prometheus.store.decisions import is_latest

    databases = open_databases(settings)
    with driver_errors(), connect(databases.runtime_url) as connection:
        return not is_latest(connection, market_id, "PROFILE", before="DERIVE")
