"""Derived tables of the historical database: whole batches, one decision each.

1. Of what changed follows which sessions and instruments each step has to compute again (`flow.affected`);
   without a word about it all of them.
2. The panels that a step declares are read over the batch and the windows before it; what the steps before
   have computed is taken from memory (`flow.fresh`).
3. One fingerprint over all dates of the batch gives the decision id.
4. The step computes, whether that decision is on record or not: rows may have gone another way since. While
   the next step does, its artifacts are stored and its rows go to the historical database, where those that
   are the same stay as they are and those that follow from nothing any more are removed.
5. When the rows of all batches are stored, their decisions are recorded in the runtime database, all or
   none: a crash in between is healed by running again, because the same rows change nothing and decisions
   keep their ids. Each says which deliveries were there before anything was read. A decision that is on
   record counts again, under an id that says how often, if rows were written or it says earlier deliveries:
   prices that go back to what they were are derived from a second time.

A step with rows at the ends of weeks or months has none in many a batch. Its decision says so then, and rests
on the decisions of the steps that feed it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from prometheus.flow.affected import Change, affected
from prometheus.flow.batch import Assets, Batch
from prometheus.flow.finish import finished
from prometheus.flow.fresh import Fresh
from prometheus.flow.graph import Graph
from prometheus.flow.inputs import Inputs
from prometheus.flow.progress import Progress, Silent
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.runner import SEGMENT_CELLS
from prometheus.flow.step import Output, Step
from prometheus.flow.storage import About, Decision, Part, Storage, WriteJob, Written
from prometheus.flow.world import World
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import as_bytes_matrix, decision_id, digest
from prometheus.schema.tables import TABLES

N_WRITERS = 3
"""Tables that are written at once: each keeps a process of the server busy."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One step over one batch.

    ``batch`` are the sessions that its decision is about, ``days`` those among them that get rows.
    """

    step: Step
    config: EngineConfig
    assets: Assets
    batch: IntArray
    days: IntArray


@dataclass(frozen=True, slots=True)
class _Course:
    """What the tasks of one batch share."""

    graph: Graph
    world: World
    fresh: Fresh
    writers: ThreadPoolExecutor
    deliveries: Mapping[str, str] | None
    ids: dict[str, bytes] = field(default_factory=dict)
    decisions: list[tuple[_Task, Decision, bytes]] = field(default_factory=list)
    written: dict[str, Future[Written]] = field(default_factory=dict)


def derive(
    graph: Graph,
    configs: Mapping[str, EngineConfig],
    world: World,
    *,
    days: IntArray,
    changes: Sequence[Change] | None = None,
    deliveries: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    cells: int = SEGMENT_CELLS,
) -> Mapping[str, Written]:
    """Recompute derived tables over sessions; return what became of their rows, by table.

    Parameters
    ----------
    graph : Graph
        Of steps that write the historical database.
    configs : mapping of str to EngineConfig
        By step name.
    world : World
    days : ndarray of int
        Places of the sessions, ascending and without gaps.
    changes : sequence of Change, optional
        What is new or differs since the tables were derived; only rows that it can touch are computed, within
        ``days``. By default everything.
    deliveries : mapping of str to str, optional
        When the latest deliveries were recorded, by context, if the tables have taken all of them in after
        this; decisions say so.
    progress : Progress, optional
    cells : int
        Sessions times instruments of a batch; no batch is shorter than 64 sessions.
    """
    hook = progress or Silent()
    world.storage.record_configs([configs[step.name] for step in graph.steps])
    spans = None if changes is None else affected(graph, changes, end=int(days[-1]))
    length = max(64, cells // max(len(world.assets), 1))
    batches = [
        _tasks(graph, configs, world, days[start : start + length], spans)
        for start in range(0, len(days), length)
    ]
    total: dict[str, Written] = {}
    parts: list[partial[Part]] = []
    hook.start("sessions", sum(len(task.batch) for tasks in batches for task in tasks))
    with ThreadPoolExecutor(N_WRITERS) as writers:
        for tasks in batches:
            counts, decisions = _run(graph, tasks, world, writers, deliveries, hook)
            parts += [partial(Part, {day: decision}, ()) for day, decision in decisions]
            for table, found in counts.items():
                total[table] = total.get(table, Written()) + found
    if parts:
        world.storage.submit(WriteJob(tuple(parts)))
    world.storage.drain()
    hook.finish()
    return total


def _tasks(
    graph: Graph,
    configs: Mapping[str, EngineConfig],
    world: World,
    days: IntArray,
    spans: Mapping[str, Change] | None,
) -> list[_Task]:
    """Return what is to do in a batch, in the order of the steps."""
    tasks = []
    subsets: dict[frozenset[str], Assets] = {}
    for step in graph.steps:
        own, assets = days, world.assets
        if spans is not None:
            span = spans.get(step.name)
            if span is None:
                continue
            own = days[(days >= span.first) & (days <= span.last)]
            if span.instruments is not None and not span.instruments.issuperset(assets.ids):
                assets = subsets.setdefault(span.instruments, assets.chosen(span.instruments))
        config = configs[step.name]
        if len(own):
            chosen = world.sessions.rebalances(own, frequency=step.frequency(config))
            tasks.append(_Task(step, config, assets, own, chosen))
    return tasks


def _run(
    graph: Graph,
    tasks: Sequence[_Task],
    world: World,
    writers: ThreadPoolExecutor,
    deliveries: Mapping[str, str] | None,
    hook: Progress,
) -> tuple[Mapping[str, Written], list[tuple[int, Decision]]]:
    """Store the rows of a batch; return what became of them, and the decisions to record with their days."""
    written: dict[str, Future[Written]] = {}

    def until_stored() -> None:
        for future in written.values():
            future.result()

    reach: dict[str, int] = {}
    for task in tasks:
        for read in graph.reads[task.step.name] if len(task.days) else ():
            reach[read.table] = max(reach.get(read.table, 0), len(task.batch) - 1 + read.reach)
    fresh = Fresh(
        world.storage,
        sessions=world.sessions,
        market_id=world.context.market_id,
        reach=reach,
        until_stored=until_stored,
    )
    course = _Course(graph, world, fresh, writers, deliveries, written=written)
    for task in tasks:
        _derive(task, course)
        hook.advance(len(task.batch))
    counts = {table: future.result() for table, future in written.items()}
    decisions = []
    for task, decision, content in course.decisions:
        has_written = any(counts[table].n_written for table in task.step.writes if table in counts)
        new = _as_recorded(decision, content, world.storage, has_written=has_written)
        if new is not None:
            decisions.append((int(task.batch[-1]), new))
    return counts, decisions


def _as_recorded(
    decision: Decision, content: bytes, storage: Storage, *, has_written: bool
) -> Decision | None:
    """Return a decision under the id that it is to be recorded with; None if the one on record stands."""
    is_current: bool | None = None
    n_before = 0
    while True:
        fingerprint = digest(content, str(n_before)) if n_before else content
        raw_id = _decision_id(decision, fingerprint)
        found = storage.is_current(raw_id, deliveries=decision.input_refs["deliveries"])
        if found is None:
            break
        is_current = found
        n_before += 1
    if is_current and not has_written:
        return None
    refs = {"fingerprint": fingerprint.hex(), "n_before": n_before} if n_before else {}
    return replace(decision, decision_id=raw_id, input_refs={**decision.input_refs, **refs})


def _decision_id(decision: Decision, fingerprint: bytes) -> bytes:
    return decision_id(
        engine_name=decision.engine_name,
        config_id=decision.config_id,
        context_id=decision.context_id,
        as_of_date=decision.as_of_date,
        fingerprint=fingerprint,
    )


def _derive(task: _Task, course: _Course) -> None:
    step, world, days = task.step, course.world, task.days
    reads = course.graph.reads[step.name]
    inputs: Inputs | None = None
    if len(days):
        inputs = Inputs(
            reads,
            storage=course.fresh,
            assets=task.assets,
            sessions=world.sessions,
            first=int(days[0]),
            last=int(days[-1]),
            known_at=world.known_at,
            may_begin_short=True,
        )
        fingerprint = digest(*[inputs.digest(read, day) for read in reads for day in days.tolist()])
    else:
        feeding = sorted({edge.writer for edge in course.graph.edges if edge.reader == step.name})
        fingerprint = digest(*[course.ids[name] for name in feeding if name in course.ids])
    date = world.sessions.dates[task.batch[-1]]
    context_id = world.context.context_id(step.scope)
    decided = decision_id(
        engine_name=step.engine_name,
        config_id=task.config.config_id,
        context_id=context_id,
        as_of_date=date,
        fingerprint=fingerprint,
    )
    course.ids[step.name] = decided
    output = Output((), [], []) if inputs is None else _computed(task, course, inputs, decided)
    ids = dict.fromkeys(days.tolist(), decided)
    for rows in output.rows:
        checked = finished(rows, step, ids)
        course.fresh.show(checked, days=task.batch, assets=task.assets)
        about = _about(checked, task, world)
        course.written[rows.table] = course.writers.submit(
            _stored, world.storage, checked, about, output.artifacts
        )
    decision = Decision(
        decision_id=decided,
        engine_name=step.engine_name,
        config_id=task.config.config_id,
        context_id=context_id,
        as_of_date=np.datetime64(date, "D"),
        input_refs={
            "step": step.name,
            "fingerprint": fingerprint.hex(),
            "known_at": None if world.known_at is None else f"{world.known_at}Z",
            "frequency": step.frequency(task.config),
            "deliveries": None if course.deliveries is None else dict(course.deliveries),
            "instruments": None if task.assets is world.assets else list(task.assets.ids),
            "reads": [
                {
                    "table": read.table,
                    "columns": list(read.columns),
                    "sessions": read.sessions,
                    "first": str(world.sessions.dates[max(int(days[0]) - read.reach, 0)]),
                    "last": str(world.sessions.dates[max(int(days[-1]) - read.lag, 0)]),
                }
                for read in reads
                if len(days)
            ],
        },
        raw_input_summary={
            "first": str(world.sessions.dates[task.batch[0]]),
            "last": str(date),
            "n_instruments": len(task.assets),
            **_left_out(output),
        },
        proposed_action={rows.table: len(rows) for rows in output.rows} or dict.fromkeys(step.writes, 0),
    )
    course.decisions.append((task, decision, fingerprint))


def _left_out(output: Output) -> dict[str, dict[str, dict[str, int]]]:
    """Return what a step left out and why: on how many sessions, and how many names at most."""
    found: dict[str, dict[str, int]] = {}
    for summary in output.input_summaries:
        for reason, n_names in summary.get("left_out", {}).items():
            one = found.setdefault(reason, {"n_sessions": 0, "most_names": 0})
            one["n_sessions"] += 1
            one["most_names"] = max(one["most_names"], n_names)
    return {"left_out": found} if found else {}


def _about(rows: Rows, task: _Task, world: World) -> About:
    """Return what a step's rows are about: all that the first coded column of their key can say.

    Rows without one are of the market as a whole, and say so in ``universe_spec``.
    """
    first, last = world.sessions.dates[task.batch[0]], world.sessions.dates[task.batch[-1]]
    for name in TABLES[rows.table].key:
        column = rows.columns.get(name)
        if isinstance(column, Coded):
            return About(first, last, name, column.values)
    whole = {"market_id": world.context.market_id, "config_id": task.config.config_id}
    return About(first, last, "universe_spec", (json.dumps(whole),))


def _stored(storage: Storage, rows: Rows, about: About, artifacts: Sequence[bytes]) -> Written:
    """Store rows, the artifacts that they point to first."""
    for content in artifacts:
        storage.put_artifact(content)
    return storage.write_derived(rows, about)


def _computed(task: _Task, course: _Course, inputs: Inputs, decided: bytes) -> Output:
    batch = Batch(
        days=task.days,
        sessions=course.world.sessions,
        assets=task.assets,
        context=course.world.context,
        decisions=as_bytes_matrix([decided] * len(task.days)),
        panels=inputs.panels(course.graph.reads[task.step.name], task.days),
        tables={},
    )
    return task.step.compute(batch, task.config)
