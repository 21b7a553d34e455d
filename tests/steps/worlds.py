"""Clones of one filled market, runs of steps on them, and what the tables hold afterwards."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from psycopg import sql

from prometheus.backtest import context_of, spec_of
from prometheus.domain.reference.markets import known_market
from prometheus.domain.reference.specs import CASH_MARKET, Portfolio, Strategy, cash_instrument
from prometheus.flow.batch import Assets, Context
from prometheus.flow.derivation import derive
from prometheus.flow.graph import Graph, graph_of
from prometheus.flow.runner import BATCH_SESSIONS, World, run
from prometheus.flow.step import Step
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.config import EngineConfig
from prometheus.pipeline import default_configs
from prometheus.schema.tables import TABLES, TableSpec
from prometheus.store.artifacts import Artifacts
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect
from prometheus.store.postgres import PostgresStorage
from prometheus.store.reference import (
    register_instruments,
    register_markets,
    register_portfolio,
    register_strategy,
)
from tests import world
from tests.conftest import NAMES, Server

SPEC = spec_of(world.specification(), where="tests/world.py")
CASH = "CASH:USD"
SESSIONS = world.calendar()
_clone_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """The steps under test, with short windows where the specification sets them."""

    derivations: tuple[Step, ...]
    engines: tuple[Step, ...]
    configs: Mapping[str, EngineConfig] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.derivations + self.engines

    def settings(self) -> dict[str, EngineConfig]:
        return {**default_configs(self.steps), **SPEC.configs(), **self.configs}

    def derivation_graph(self) -> Graph:
        return graph_of(self.derivations, self.settings())

    def engine_graph(self) -> Graph:
        return graph_of(self.engines, self.settings())

    def writer(self, table: str) -> str:
        return next((step.name for step in self.steps if table in step.writes), "nobody")


@dataclass(frozen=True, slots=True)
class Worlds:
    """Makes clones of the template databases of a filled market; they go when their server goes."""

    server: Server
    artifacts: Path
    whole: dict[Pipeline, Databases] = field(default_factory=dict)

    def clone(self, template: str = "world") -> Databases:
        """Return a pair of databases with the market in it and nothing decided yet."""
        number = next(_clone_numbers)
        names = {name: f"w_{name}_{os.getpid()}_{number}" for name in NAMES}
        self.server.execute(
            *(f"CREATE DATABASE {new} TEMPLATE {template}_{name}" for name, new in names.items())
        )
        return Databases(self.server.url(names["runtime"]), self.server.url(names["historical"]))


def fill_templates(server: Server, home: Path) -> Databases:
    """Make the databases that the worlds are cloned from, out of the empty templates."""
    server.execute(*(f"CREATE DATABASE world_{name} TEMPLATE template_{name}" for name in NAMES))
    databases = Databases(server.url("world_runtime"), server.url("world_historical"))
    world.fill_world(databases, home)
    prepare(databases)
    return databases


def prepare(databases: Databases, *, strategy_id: str = SPEC.run.strategy) -> None:
    """Register what a run needs besides the market: cash, a strategy and its portfolio."""
    with connect(databases.runtime_url) as connection:
        register_markets(connection, [known_market(CASH_MARKET)])
        register_instruments(connection, [cash_instrument("USD")])
        register_strategy(connection, Strategy(strategy_id, "Contract"))
        register_portfolio(connection, Portfolio(f"BT-{strategy_id}", "Contract"))


def days_of_run(n_sessions: int = 80) -> IntArray:
    """Return the last sessions of the market: a split, a delisting and gaps are among them."""
    dates = world.dates_of_world()
    return SESSIONS.between(dates[-n_sessions], dates[-1])


def assets_of(databases: Databases, *, cash: bool = True) -> Assets:
    """Return the instruments of the market."""
    with connect(databases.runtime_url) as connection:
        return read_assets(connection, market_id=world.MARKET, cash_instrument_id=CASH if cash else None)


def run_derivations(
    pipeline: Pipeline, databases: Databases, days: IntArray, *, assets: Assets | None = None
) -> Mapping[str, int]:
    """Run the derivation steps over sessions."""
    artifacts = Artifacts("memory://steps")
    with PostgresStorage(databases, SESSIONS, market_id=world.MARKET, artifacts=artifacts) as storage:
        known = assets_of(databases, cash=False) if assets is None else assets
        about = World(Context(market_id=world.MARKET), SESSIONS, known, storage)
        counts = derive(pipeline.derivation_graph(), pipeline.settings(), about, days=days)
    return {table: found.n_written for table, found in counts.items()}


def run_engines(
    pipeline: Pipeline,
    databases: Databases,
    days: IntArray,
    *,
    batch_sessions: int = BATCH_SESSIONS,
    assets: Assets | None = None,
    graph: Graph | None = None,
    strategy_id: str = SPEC.run.strategy,
) -> Mapping[str, int]:
    """Run the engine steps over sessions, through a storage of its own."""
    every = SESSIONS.rebalances(days_of_run()[:-1], frequency=SPEC.run.rebalance)
    with PostgresStorage(databases, SESSIONS, market_id=world.MARKET) as storage:
        about = World(
            replace(context_of(SPEC, f"BT-{strategy_id}"), strategy_id=strategy_id),
            SESSIONS,
            assets_of(databases) if assets is None else assets,
            storage,
        )
        return run(
            pipeline.engine_graph() if graph is None else graph,
            pipeline.settings(),
            about,
            days=days,
            rebalance_days=np.intersect1d(every, days),
            batch_sessions=batch_sessions,
        )


Stored = dict[str, list[str]]
"""The rows of each table as sorted texts, doubles exact."""


def stored(
    databases: Databases,
    *,
    until: np.datetime64 | None = None,
    versions: bool = False,
    tables: Iterable[str] = tuple(TABLES),
) -> Stored:
    """Return what tables hold.

    Wall clocks (``created_at``, ``updated_at``, the times at which a decision and the deliveries that it
    rests on were recorded) and identity columns are left out.

    Parameters
    ----------
    until : datetime64, optional
        Leave out rows about later dates, and the state of orders, which the next session advances.
    versions : bool
        Put each row's transaction beside it: a row that was written again differs then.
    """
    found: Stored = {}
    wanted = set(tables)
    for database in NAMES:
        with connect(databases.url(database)) as connection:
            for spec in TABLES.values():
                if spec.database == database and spec.name in wanted:
                    statement, values = _selection(spec, until, versions)
                    found[spec.name] = sorted(
                        row[0] for row in connection.execute(statement, values).fetchall()
                    )
    return found


_SHOWN = {("engine_decisions", "input_refs"): sql.SQL("t.input_refs - 'deliveries' AS input_refs")}


def _selection(
    spec: TableSpec, until: np.datetime64 | None, versions: bool
) -> tuple[sql.Composed, list[Any]]:
    left_out = {"created_at", "updated_at"}
    if spec.name == "engine_decisions":
        left_out.add("timestamp")
    if until is not None and spec.mutability == "forward":
        left_out |= {"status", "metadata"}
    names = [c.name for c in spec.columns if c.default != "identity" and c.name not in left_out]
    where: sql.Composable = sql.SQL("true")
    values: list[Any] = []
    about = "trade_date" if "trade_date" in spec.column_names else spec.as_of
    if until is not None and about is not None:
        where = sql.SQL("{}::date <= %s").format(sql.Identifier(about))
        values.append(str(until))
    row = sql.SQL("row_to_json(r)::text")
    version = sql.SQL(", t.xmin::text AS version") if versions else sql.SQL("")
    statement = sql.SQL("SELECT {} FROM (SELECT {}{} FROM {} t WHERE {}) r").format(
        row,
        sql.SQL(", ").join(_SHOWN.get((spec.name, name), sql.Identifier("t", name)) for name in names),
        version,
        sql.Identifier(spec.name),
        where,
    )
    return statement, values


def unlike(first: Stored, second: Stored) -> dict[str, str]:
    """Return, for each table that differs, how many rows do and one of them from either side."""
    out = {}
    for table in first:
        if first[table] != second[table]:
            ours, theirs = set(first[table]), set(second[table])
            only, other = sorted(ours - theirs), sorted(theirs - ours)
            out[table] = (
                f"{table}: {len(first[table])} rows against {len(second[table])}; "
                f"{len(only)} and {len(other)} stand on one side only, "
                f"e.g. {(only or ['none'])[0]} against {(other or ['none'])[0]}"
            )
    return out


def as_owner(databases: Databases, database: str, *statements: str) -> None:
    """Run statements that the triggers would refuse."""
    with connect(databases.url(database)) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement.encode())
