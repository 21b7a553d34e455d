"""Derived tables of the historical database: whole batches, one decision each.

1. The panels that a step declares are read over the batch and the windows before it.
2. One fingerprint over all dates of the batch gives the decision id. On record already: nothing to do.
3. The step computes; its rows go to the historical database, where those that are the same stay as they are.
4. The decision is recorded in the runtime database, after the rows: a crash in between is healed by running
   again, because the same rows change nothing and the decision has the same id.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from prometheus.flow.batch import Batch
from prometheus.flow.finish import finished
from prometheus.flow.graph import Graph
from prometheus.flow.inputs import Inputs
from prometheus.flow.progress import Progress, Silent
from prometheus.flow.runner import SEGMENT_CELLS
from prometheus.flow.storage import Decision, Part, WriteJob
from prometheus.flow.world import World
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import as_bytes_matrix, decision_id, digest


def derive(
    graph: Graph,
    configs: Mapping[str, EngineConfig],
    world: World,
    *,
    days: IntArray,
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Recompute derived tables over sessions; return the rows that were new or changed, by table.

    Parameters
    ----------
    graph : Graph
        Of steps that write the historical database.
    configs : mapping of str to EngineConfig
        By step name.
    world : World
    days : ndarray of int
        Places of the sessions, ascending and without gaps.
    progress : Progress, optional
    """
    hook = progress or Silent()
    world.storage.record_configs([configs[step.name] for step in graph.steps])
    written: dict[str, int] = {}
    length = max(64, SEGMENT_CELLS // max(len(world.assets), 1))
    hook.start("sessions", len(days) * len(graph.steps))
    for step in graph.steps:
        for start in range(0, len(days), length):
            batch = days[start : start + length]
            for table, n in _derived(graph, step.name, configs, world, batch).items():
                written[table] = written.get(table, 0) + n
            hook.advance(len(batch))
    hook.finish()
    return written


def _derived(
    graph: Graph, name: str, configs: Mapping[str, EngineConfig], world: World, days: IntArray
) -> Mapping[str, int]:
    step = next(step for step in graph.steps if step.name == name)
    config = configs[name]
    reads = graph.reads[name]
    inputs = Inputs(
        reads,
        storage=world.storage,
        assets=world.assets,
        sessions=world.sessions,
        first=int(days[0]),
        last=int(days[-1]),
        known_at=world.known_at,
    )
    context_id = world.context.context_id(step.scope)
    dates = world.sessions.dates[days]
    fingerprint = digest(*[inputs.digest(read, day) for read in reads for day in days.tolist()])
    decided = decision_id(
        engine_name=step.engine_name,
        config_id=config.config_id,
        context_id=context_id,
        as_of_date=dates[-1],
        fingerprint=fingerprint,
    )
    recorded = world.storage.recorded(
        engine_name=step.engine_name,
        config_id=config.config_id,
        context_id=context_id,
        first=dates[-1],
        last=dates[-1],
    )
    if decided in recorded.values():
        return {}
    batch = Batch(
        days=days,
        sessions=world.sessions,
        assets=world.assets,
        context=world.context,
        decisions=as_bytes_matrix([decided] * len(days)),
        panels=inputs.panels(reads, days),
        tables={},
    )
    output = step.compute(batch, config)
    ids = dict.fromkeys(days.tolist(), decided)
    written = {rows.table: world.storage.write_derived(finished(rows, step, ids)) for rows in output.rows}
    decision = Decision(
        decision_id=decided,
        engine_name=step.engine_name,
        config_id=config.config_id,
        context_id=context_id,
        as_of_date=np.datetime64(dates[-1], "D"),
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
            ],
        },
        raw_input_summary={"first": str(dates[0]), "last": str(dates[-1])},
        proposed_action={rows.table: len(rows) for rows in output.rows},
    )
    world.storage.submit(WriteJob((lambda: Part({int(days[-1]): decision}, ()),)))
    world.storage.drain()
    return written
