"""The runner: reads, computes, checks, writes and records. Nobody else opens a transaction.

For the sessions of a run:

1. The graph sorts the steps; steps that feed each other through time form a chain (`flow.graph`).
2. Every panel is read once, as known at one moment, over all sessions of a segment and the windows before
   it (`flow.inputs`). A segment is as long as memory allows.
3. A segment is cut into batches. For each batch, a step outside a chain is called once for all its dates;
   the steps of a chain are called date by date, and each date's rows are carried to the next. Rows from
   before the first date are read back from storage in the form in which they travel.
4. Each date's inputs have a fingerprint: digests of the panel windows, and the decision ids of the rows
   that other steps wrote (which are digests of their own inputs). The decision id follows from it.
5. Rows are checked and completed (`flow.finish`), and go to storage with their decisions, all of a batch
   in one transaction. What is on record already is left out there: running again adds nothing, and a crash
   is healed by running again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from prometheus.flow.course import Course
from prometheus.flow.graph import Graph
from prometheus.flow.inputs import Inputs
from prometheus.flow.progress import Progress, Silent
from prometheus.flow.world import World
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import PrometheusError
from prometheus.kernel.ids import digest

BATCH_SESSIONS = 640
"""Sessions a transaction: a crash loses at most these, and memory holds no more rows than theirs."""
SEGMENT_CELLS = 4_000_000
"""Sessions x assets of the panels in memory: 32 MB a column."""


def run(
    graph: Graph,
    configs: Mapping[str, EngineConfig],
    world: World,
    *,
    days: IntArray,
    rebalance_days: IntArray,
    inputs: Inputs | None = None,
    progress: Progress | None = None,
    batch_sessions: int = BATCH_SESSIONS,
) -> Mapping[str, int]:
    """Run the steps of a graph over sessions and record what they decide.

    Parameters
    ----------
    graph : Graph
    configs : mapping of str to EngineConfig
        By step name.
    world : World
    days : ndarray of int
        Places of the sessions, ascending and without gaps.
    rebalance_days : ndarray of int
        Those of ``days`` on which steps with ``when="rebalance"`` decide.
    inputs : Inputs, optional
        Panels over all the days, when `data_fingerprint` has read them.
    progress : Progress, optional
    batch_sessions : int
        Sessions a batch; the outcome does not depend on it.

    Returns
    -------
    mapping of str to int
        Rows that were written, by table; empty when all was on record.
    """
    hook = progress or Silent()
    world.storage.record_configs([configs[step.name] for step in graph.steps])
    course = Course(graph, configs, world)
    hook.start("sessions", len(days))
    with _rare_collections():
        for segment in _segments(days, world):
            course.inputs = inputs or _panels(graph, world, segment)
            for batch in _cuts(segment, batch_sessions):
                try:
                    course.advance(batch, np.intersect1d(batch, rebalance_days))
                except PrometheusError as error:
                    error.add_note(f"In {course.at}.")
                    raise
                hook.advance(len(batch))
        written = world.storage.drain()
    hook.finish()
    return written


def data_fingerprint(graph: Graph, world: World, days: IntArray) -> tuple[bytes, Inputs | None]:
    """Return the digest of all panels that the steps read over these sessions.

    Returns
    -------
    bytes
    Inputs or None
        The panels, for `run`, when they all fit into memory at once.
    """
    parts: list[bytes] = []
    inputs: Inputs | None = None
    segments = list(_segments(days, world))
    for segment in segments:
        inputs = _panels(graph, world, segment)
        parts.append(inputs.content())
    return digest(*parts), inputs if len(segments) == 1 else None


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for cycles of references rarely: a run makes millions of objects and hardly a cycle."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _segments(days: IntArray, world: World) -> Iterator[IntArray]:
    return _cuts(days, max(BATCH_SESSIONS, SEGMENT_CELLS // max(len(world.assets), 1)))


def _panels(graph: Graph, world: World, days: IntArray) -> Inputs:
    return Inputs(
        (read for reads in graph.reads.values() for read in reads),
        storage=world.storage,
        assets=world.assets,
        sessions=world.sessions,
        first=int(days[0]),
        last=int(days[-1]),
        known_at=world.known_at,
    )


def _cuts(days: IntArray, length: int) -> Iterator[IntArray]:
    for start in range(0, len(days), length):
        yield days[start : start + length]
