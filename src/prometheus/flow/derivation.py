"""Derived tables of the historical database: whole batches, one decision each.

1. Of what changed follows which sessions and instruments each step has to compute again (`flow.affected`);
   without a word about it all of them.
2. The panels that a step declares are read over the batch and the windows before it.
3. One fingerprint over all dates of the batch gives the decision id. On record already: nothing to do.
4. The step computes; its artifacts are stored, then its rows go to the historical database, where those that
   are the same stay as they are.
5. The decision is recorded in the runtime database, after the rows: a crash in between is healed by running
   again, because the same rows change nothing and the decision has the same id.

A step with rows at the ends of weeks or months has none in many a batch. Its decision says so then, and rests on
the decisions of the steps that feed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from prometheus.flow.affected import Change, affected
from prometheus.flow.batch import Batch
from prometheus.flow.finish import finished
from prometheus.flow.graph import Graph
from prometheus.flow.inputs import Inputs
from prometheus.flow.progress import Progress, Silent
from prometheus.flow.runner import SEGMENT_CELLS
from prometheus.flow.step import Output, Step
from prometheus.flow.storage import Decision, Part, WriteJob, Written
from prometheus.flow.world import World
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import as_bytes_matrix, decision_id, digest


@dataclass(frozen=True, slots=True)
class _Task:
    """One step over one batch."""

    step: Step
    config: EngineConfig
    world: World
    batch: IntArray
    days: IntArray


def derive(
    graph: Graph,
    configs: Mapping[str, EngineConfig],
    world: World,
    *,
    days: IntArray,
    changes: Sequence[Change] | None = None,
    progress: Progress | None = None,
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
    progress : Progress, optional
    """
    hook = progress or Silent()
    world.storage.record_configs([configs[step.name] for step in graph.steps])
    tasks = _tasks(graph, configs, world, days, changes)
    written: dict[str, Written] = {}
    made: dict[str, list[bytes]] = {}
    hook.start("sessions", sum(len(task.batch) for task in tasks))
    for task in tasks:
        for table, counts in _derived(graph, task, made).items():
            written[table] = written.get(table, Written()) + counts
        hook.advance(len(task.batch))
    hook.finish()
    return written


def _tasks(
    graph: Graph,
    configs: Mapping[str, EngineConfig],
    world: World,
    days: IntArray,
    changes: Sequence[Change] | None,
) -> list[_Task]:
    spans = None if changes is None else affected(graph, changes, end=int(days[-1]))
    tasks = []
    for step in graph.steps:
        own, about = days, world
        if spans is not None:
            span = spans.get(step.name)
            if span is None:
                continue
            own = days[(days >= span.first) & (days <= span.last)]
            if span.instruments is not None:
                about = replace(world, assets=world.assets.chosen(span.instruments))
        config = configs[step.name]
        length = max(64, SEGMENT_CELLS // max(len(about.assets), 1))
        for start in range(0, len(own), length):
            batch = own[start : start + length]
            chosen = world.sessions.rebalances(batch, frequency=step.frequency(config))
            tasks.append(_Task(step, config, about, batch, chosen))
    return tasks


def _derived(graph: Graph, task: _Task, made: dict[str, list[bytes]]) -> Mapping[str, Written]:
    step, world, days = task.step, task.world, task.days
    reads = graph.reads[step.name]
    inputs: Inputs | None = None
    if len(days):
        inputs = Inputs(
            reads,
            storage=world.storage,
            assets=world.assets,
            sessions=world.sessions,
            first=int(days[0]),
            last=int(days[-1]),
            known_at=world.known_at,
        )
        fingerprint = digest(*[inputs.digest(read, day) for read in reads for day in days.tolist()])
    else:
        feeding = sorted({edge.writer for edge in graph.edges if edge.reader == step.name})
        fingerprint = digest(*[one for name in feeding for one in made.get(name, ())])
    date = world.sessions.dates[task.batch[-1]]
    context_id = world.context.context_id(step.scope)
    decided = decision_id(
        engine_name=step.engine_name,
        config_id=task.config.config_id,
        context_id=context_id,
        as_of_date=date,
        fingerprint=fingerprint,
    )
    made.setdefault(step.name, []).append(decided)
    recorded = world.storage.recorded(
        engine_name=step.engine_name,
        config_id=task.config.config_id,
        context_id=context_id,
        first=date,
        last=date,
    )
    if decided in recorded.values():
        return {}
    output = Output((), [], []) if inputs is None else _computed(task, graph, inputs, decided)
    for content in output.artifacts:
        world.storage.put_artifact(content)
    ids = dict.fromkeys(days.tolist(), decided)
    written = {rows.table: world.storage.write_derived(finished(rows, step, ids)) for rows in output.rows}
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
            "reads": [
                {
                    "table": read.table,
                    "columns": list(read.columns),
                    "first": str(world.sessions.dates[int(days[0]) - read.reach]),
                    "last": str(world.sessions.dates[int(days[-1]) - read.lag]),
                }
                for read in reads
                if len(days)
            ],
        },
        raw_input_summary={
            "first": str(world.sessions.dates[task.batch[0]]),
            "last": str(date),
            "n_instruments": len(world.assets),
        },
        proposed_action={rows.table: len(rows) for rows in output.rows} or dict.fromkeys(step.writes, 0),
    )
    world.storage.submit(WriteJob((lambda: Part({int(task.batch[-1]): decision}, ()),)))
    world.storage.drain()
    return written


def _computed(task: _Task, graph: Graph, inputs: Inputs, decided: bytes) -> Output:
    batch = Batch(
        days=task.days,
        sessions=task.world.sessions,
        assets=task.world.assets,
        context=task.world.context,
        decisions=as_bytes_matrix([decided] * len(task.days)),
        panels=inputs.panels(graph.reads[task.step.name], task.days),
        tables={},
    )
    return task.step.compute(batch, task.config)
