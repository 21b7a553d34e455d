"""What every step promises, as functions that return the steps which break it.

Each takes the steps and a market to run them on, and returns a message for each step whose rows show that
the promise is broken; the first of them in the order of a session is the one to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from prometheus.flow.batch import Assets, Batch
from prometheus.flow.graph import Graph, graph_of
from prometheus.flow.rows import Rows
from prometheus.flow.step import Output, Step
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.errors import PrometheusError, UndeclaredTableError
from prometheus.schema.tables import TABLES
from prometheus.store.connections import Databases, connect
from tests.steps.worlds import (
    CASH,
    SESSIONS,
    Pipeline,
    Stored,
    Worlds,
    as_owner,
    assets_of,
    days_of_run,
    prepare,
    run_derivations,
    run_engines,
    stored,
    unlike,
)

Broken = dict[str, str]
"""A message by the name of the step that breaks the promise."""

LEDGER = ("engine_configs", "engine_decisions")
"""What the runner writes for every step."""
SHORT = 7
BEYOND = 12


def whole_run(worlds: Worlds, pipeline: Pipeline) -> Databases:
    """Return databases in which all steps ran over all sessions in one batch; made once for a pipeline."""
    if pipeline not in worlds.whole:
        databases = worlds.clone()
        _run_all(pipeline, databases)
        worlds.whole[pipeline] = databases
    return worlds.whole[pipeline]


def adds_nothing_twice(worlds: Worlds, pipeline: Pipeline) -> Broken:
    """Run all steps twice; no row may appear, change or be written again."""
    databases = whole_run(worlds, pipeline)
    before = stored(databases, versions=True)
    written = {**run_derivations(pipeline, databases, days_of_run())}
    written |= run_engines(pipeline, databases, days_of_run())
    broken = _blamed(pipeline, databases, before, stored(databases, versions=True))
    for table, n_rows in written.items():
        if n_rows:
            broken.setdefault(pipeline.writer(table), f"{table}: {n_rows} rows written again")
    return broken


def equals_its_dates(worlds: Worlds, pipeline: Pipeline, *, batch_sessions: int | None = None) -> Broken:
    """Compare one batch of all sessions with the sessions one by one, each through a fresh storage.

    With ``batch_sessions`` the other side is one run in batches of that length instead.
    """
    days = days_of_run()
    whole, parted = whole_run(worlds, pipeline), worlds.clone()
    _forget_derived(pipeline, parted, days)
    if batch_sessions is not None:
        for start in range(0, len(days), batch_sessions):
            run_derivations(pipeline, parted, days[start : start + batch_sessions])
        run_engines(pipeline, parted, days, batch_sessions=batch_sessions)
    else:
        for at in range(len(days)):
            run_derivations(pipeline, parted, days[at : at + 1])
        for at in range(len(days)):
            run_engines(pipeline, parted, days[at : at + 1])
    return _blamed(pipeline, whole, stored(whole), stored(parted))


def sees_no_future(
    worlds: Worlds, pipeline: Pipeline, *, back: int, change: Callable[[Databases, np.datetime64], None]
) -> Broken:
    """Change every row after a date; nothing that was put out up to that date may differ.

    Parameters
    ----------
    back : int
        The date is this many sessions before the last one.
    change : callable
        `delete_after` or `scramble_after`.
    """
    days = days_of_run()
    date = SESSIONS.dates[days[-1 - back]]
    # Far beyond deleted prices no run gets: held names have none. A while beyond it every batch must.
    days = days[: len(days) - max(back - BEYOND, 0)]
    plain, changed = whole_run(worlds, pipeline), worlds.clone()
    change(changed, date)
    _run_all(pipeline, changed, days)
    return _blamed(pipeline, plain, stored(plain, until=date), stored(changed, until=date))


def delete_after(databases: Databases, date: np.datetime64) -> None:
    """Delete every price and derived row after a date, and what the reference says of later dates."""
    tables = [name for name, spec in TABLES.items() if "trade_date" in spec.column_names]
    as_owner(
        databases, "historical", *(f"DELETE FROM {table} WHERE trade_date > '{date}'" for table in tables)
    )
    _forget_delistings(databases, date)


def scramble_after(databases: Databases, date: np.datetime64) -> None:
    """Put other values into every price and derived row after a date; splits and dividends appear."""
    values = ", ".join(f"{name} = {name} * f" for name in ("open", "high", "low", "close"))
    action = """CASE WHEN f > 1.8 THEN '{"split": 2.0}' WHEN f < 0.6 THEN '{"dividend": 3.5}' ELSE '{}' END"""
    derived = {
        table: [c.name for c in spec.columns if c.type == "real8"]
        for table, spec in TABLES.items()
        if spec.mutability == "recomputed" and "trade_date" in spec.column_names
    }
    as_owner(
        databases,
        "historical",
        "SELECT setseed(0.25)",
        f"UPDATE prices_daily SET {values}, adjusted_close = adjusted_close * f * f,"
        f" volume = floor(volume * f), metadata = metadata || ({action})::jsonb FROM"
        " (SELECT instrument_id AS i, trade_date AS d, 0.5 + 1.5 * random() AS f FROM prices_daily) n"
        f" WHERE (i, d) = (instrument_id, trade_date) AND trade_date > '{date}'",
        *(
            f"UPDATE {table} SET {', '.join(f'{c} = {c} * (0.5 + random())' for c in columns)} "
            f"WHERE trade_date > '{date}'"
            for table, columns in derived.items()
            if columns
        ),
    )
    _forget_delistings(databases, date)


def _forget_delistings(databases: Databases, date: np.datetime64) -> None:
    as_owner(
        databases,
        "runtime",
        "UPDATE instruments SET status = 'ACTIVE', metadata = metadata - 'delisted' "
        f"WHERE (metadata ->> 'delisted')::date > '{date}'",
    )


def touches_declared_tables(worlds: Worlds, pipeline: Pipeline) -> Broken:
    """Compare all tables before and after each step, and ask every row which step decided it."""
    databases = worlds.clone()
    broken: Broken = {}
    days = days_of_run()
    _forget_derived(pipeline, databases, days)
    for steps, graph, start in (
        (pipeline.derivations, pipeline.derivation_graph(), run_derivations),
        (pipeline.engines, pipeline.engine_graph(), run_engines),
    ):
        before = stored(databases, versions=True)
        try:
            start(pipeline, databases, days)
        except UndeclaredTableError as error:
            names = [step.name for step in steps if str(error).startswith(f"{step.name} ")]
            return broken | dict.fromkeys(names, str(error))
        after = stored(databases, versions=True)
        declared = {table for step in graph.steps for table in (*step.writes, *step.advances)}
        for table in unlike(before, after):
            if table not in declared and table not in LEDGER:
                broken["nobody"] = f"{table} was touched, which no step declares"
    return broken | _undeclared_rows(pipeline, databases)


def _undeclared_rows(pipeline: Pipeline, databases: Databases) -> Broken:
    """Ask the rows of engine outputs, whose ids and metadata say which decision made them."""
    broken: Broken = {}
    declared = {step.name: step.writes for step in pipeline.steps}
    with connect(databases.runtime_url) as connection:
        for table, spec in TABLES.items():
            if not spec.natural:
                continue
            found = connection.execute(
                "SELECT DISTINCT d.input_refs ->> 'step' FROM engine_decisions d "
                f"JOIN {table} t ON d.decision_id = (t.metadata ->> 'decision_id')::uuid".encode()
            )
            for (name,) in found.fetchall():
                if table not in declared.get(name, ()):
                    broken[str(name)] = f"{name} wrote {table}, which it does not declare"
    return broken


def ignores_row_order(worlds: Worlds, pipeline: Pipeline, name: str) -> Broken:
    """Give one step its rows in another order within each day; its own rows must stay the same."""
    step = _step(pipeline, name)
    if all(read.columns for read in pipeline.engine_graph().reads[name]):
        return {}  # panels have no order
    others = tuple(with_shuffled_rows(s) if s is step else s for s in pipeline.engines)
    plain, shuffled = whole_run(worlds, pipeline), worlds.clone()
    run_engines(replace(pipeline, engines=others), shuffled, days_of_run())
    tables = (*step.writes, *step.advances)
    found = unlike(stored(plain, tables=tables), stored(shuffled, tables=tables))
    return {name: "; ".join(found.values())} if found else {}


def ignores_stored_order(worlds: Worlds, pipeline: Pipeline, *, n_sessions: int = 15) -> Broken:
    """Write every table anew in random order before each session that continues a run."""
    days = days_of_run()[:n_sessions]
    plain, shuffled = whole_run(worlds, pipeline), worlds.clone()
    _forget_derived(pipeline, shuffled, days)
    _rewrite_in_random_order(shuffled, "historical")
    run_derivations(pipeline, shuffled, days)
    for at in range(len(days)):
        _rewrite_in_random_order(shuffled, "runtime")
        run_engines(pipeline, shuffled, days[at : at + 1])
    last = SESSIONS.dates[days[-1]]
    return _blamed(pipeline, plain, stored(plain, until=last), stored(shuffled, until=last))


def with_shuffled_rows(step: Step) -> Step:
    """Return the step, given its rows in another order within each day."""

    def compute(batch: Batch, config: Any) -> Output:
        draws = np.random.default_rng([17, int(batch.days[0])])
        tables = {name: _shuffled(rows, draws) for name, rows in batch.tables.items()}
        return step.compute(replace(batch, tables=tables), config)

    return replace(step, compute=compute)


def _shuffled(rows: Rows, draws: np.random.Generator) -> Rows:
    return rows.taken(np.lexsort((draws.random(len(rows)), rows.day))) if len(rows) else rows


def _rewrite_in_random_order(databases: Databases, database: str) -> None:
    tables = [name for name, spec in TABLES.items() if spec.database == database]
    statements = ["SELECT setseed(0.5)"]
    for table in tables:
        statements += [
            f"CREATE TEMP TABLE kept AS SELECT * FROM {table}",
            f"DELETE FROM {table}",
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept ORDER BY random()",
            "DROP TABLE kept",
        ]
    as_owner(databases, database, *statements)


def small_worlds(worlds: Worlds) -> dict[str, tuple[Databases, Assets]]:
    """Return databases and instruments of a world without any, one without prices, and one of one name."""
    none, unpriced, one = (worlds.clone() for _ in range(3))
    tables = [name for name, spec in TABLES.items() if "trade_date" in spec.column_names]
    for databases in (none, unpriced):
        as_owner(databases, "historical", *(f"DELETE FROM {table}" for table in tables))
    return {
        "no instrument": (none, assets_of(none).chosen([CASH])),
        "no price": (unpriced, assets_of(unpriced)),
        "one instrument": (one, assets_of(one).chosen(["US_EQ:BRAV", CASH])),
    }


def outcome_in(world: tuple[Databases, Assets], pipeline: Pipeline, name: str) -> str:
    """Run one step, with all that feeds it, where there is nearly nothing.

    Returns
    -------
    str
        ``empty``, ``rows``, or the name of our error. Any other error is raised: that is a crash.
    """
    databases, assets = world
    days = days_of_run()
    try:
        if name in {step.name for step in pipeline.derivations}:
            written = run_derivations(pipeline, databases, days, assets=assets)
        else:
            graph = pipeline.engine_graph()
            feeding = _feeding(graph, name)
            part = graph_of([step for step in graph.steps if step.name in feeding], pipeline.settings())
            prepare(databases, strategy_id=name)
            written = run_engines(pipeline, databases, days, assets=assets, graph=part, strategy_id=name)
    except PrometheusError as error:
        return type(error).__name__
    return "rows" if any(written.get(table) for table in _step(pipeline, name).writes) else "empty"


def _feeding(graph: Graph, name: str) -> set[str]:
    found = {name}
    while True:
        more = {edge.writer for edge in graph.edges if edge.reader in found} - found
        if not more:
            return found
        found |= more


def _step(pipeline: Pipeline, name: str) -> Step:
    return next(step for step in pipeline.steps if step.name == name)


def _run_all(pipeline: Pipeline, databases: Databases, days: IntArray | None = None) -> None:
    days = days_of_run() if days is None else days
    _forget_derived(pipeline, databases, days)
    run_derivations(pipeline, databases, days)
    run_engines(pipeline, databases, days)


def _forget_derived(pipeline: Pipeline, databases: Databases, days: IntArray) -> None:
    """Delete the derived rows of a run's sessions, so that its derivation steps have something to do."""
    first = SESSIONS.dates[days[0]]
    tables: Sequence[str] = [table for step in pipeline.derivations for table in step.writes]
    as_owner(
        databases,
        "historical",
        *(f"DELETE FROM {table} WHERE {TABLES[table].as_of} >= '{first}'" for table in tables),
    )


def _blamed(pipeline: Pipeline, databases: Databases, first: Stored, second: Stored) -> Broken:
    """Return the steps whose rows or decisions differ.

    Derivation steps record one decision a batch, so that only their rows can be compared.
    """
    engines = {step.name for step in pipeline.engines}
    broken: Broken = {}
    for table, message in unlike(first, second).items():
        if table not in LEDGER:
            broken[pipeline.writer(table)] = message
    ours, theirs = (_decisions(side["engine_decisions"], engines) for side in (first, second))
    for name in sorted(engines):
        if ours.get(name) != theirs.get(name):
            differing = sorted(ours.get(name, set()) ^ theirs.get(name, set()))
            broken.setdefault(name, f"decisions differ, e.g. {differing[:2]}")
    return broken


def _decisions(rows: Sequence[str], names: set[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        for name in names:
            if f'"step": "{name}"' in row:
                found.setdefault(name, set()).add(row)
    return found
