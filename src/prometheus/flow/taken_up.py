"""What a run takes up from before its first session: decisions on record, and the rows that they wrote.

1. A portfolio begins with its first session on record, or with this run. What its strategy decided before
   that, in other runs, is nothing to it: else its decisions would depend on which other runs are on record.
2. For each table that is read with a lag or over a window, the decisions of its writer under the settings of
   this run are looked up, and their rows are read back in the form in which they travel.
3. A chain may not go on behind a gap: what it carried from date to date would be lost.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from prometheus.flow.graph import Graph
from prometheus.flow.rows import Rows
from prometheus.flow.step import Step
from prometheus.flow.world import World
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import FlowError
from prometheus.kernel.ids import DIGEST_SIZE

_NOTHING = np.zeros(0, dtype=np.int64)


class DecisionsByDay:
    """Ids of one step's decisions by day (place of the session); zeros where there is none."""

    __slots__ = ("_ids",)

    def __init__(self, n_sessions: int) -> None:
        self._ids = bytearray(DIGEST_SIZE * n_sessions)

    def put(self, day: int, decision_id: bytes) -> None:
        """Note the decision of a day."""
        self._ids[DIGEST_SIZE * day : DIGEST_SIZE * (day + 1)] = decision_id

    def over(self, first: int, last: int) -> bytes:
        """Return the ids of the days from first to last behind each other."""
        return bytes(self._ids[DIGEST_SIZE * first : DIGEST_SIZE * (last + 1)])

    def __contains__(self, day: int) -> bool:
        return any(self.over(day, day))


def reach_of(graph: Graph) -> dict[str, int]:
    """Return how many sessions back any step looks into each table that a step writes."""
    return {
        table: max(
            (read.reach for reads in graph.reads.values() for read in reads if read.table == table), default=0
        )
        for table in graph.writers
    }


def stands_beside(step: Step) -> bool:
    """Return whether a step's rows refer to no portfolio's, so that they may be written beside those."""
    return step.scope != "portfolio"


def taken_up(
    graph: Graph,
    configs: Mapping[str, EngineConfig],
    world: World,
    decided: Mapping[str, DecisionsByDay],
    first: int,
) -> dict[str, Rows]:
    """Return the rows of each written table from before ``first``, and note their decisions in ``decided``.

    Raises
    ------
    FlowError
        If a chain is on record, but not until the session before.
    """
    reach = reach_of(graph)
    carried = {table: Rows(table, _NOTHING, {}) for table in graph.writers}
    if not any(reach.values()):
        return carried
    begun = _begun(graph, configs, world, first)
    for step in graph.steps:
        longest = max((reach[table] for table in step.writes), default=0)
        start = max(first - longest, begun)
        if start >= first:
            continue
        found = _recorded(step, configs, world, start, first - 1)
        for date, one in found.items():
            decided[step.name].put(world.sessions.index(date), one)
        for table in step.writes:
            if reach[table]:
                carried[table] = world.storage.rows(
                    table,
                    context=world.context,
                    assets=world.assets,
                    sessions=world.sessions,
                    first=max(first - reach[table], begun),
                    last=first - 1,
                    decisions=list(found.values()),
                )
    if begun < first:
        _refuse_gap(graph, world, decided, first)
    return carried


def _recorded(
    step: Step, configs: Mapping[str, EngineConfig], world: World, first: int, last: int
) -> Mapping[np.datetime64, bytes]:
    return world.storage.recorded(
        engine_name=step.engine_name,
        config_id=configs[step.name].config_id,
        context_id=world.context.context_id(step.scope),
        first=world.sessions.dates[first],
        last=world.sessions.dates[last],
    )


def _begun(graph: Graph, configs: Mapping[str, EngineConfig], world: World, first: int) -> int:
    """Return the portfolio's first session, ``first`` if it has none yet; 0 without a portfolio."""
    chains = [step for group in graph.groups if group.is_carried for step in group.steps]
    for step in chains:
        if step.when == "session" and not stands_beside(step):
            found = _recorded(step, configs, world, 0, first - 1)
            return world.sessions.index(min(found)) if found else first
    return 0


def _refuse_gap(graph: Graph, world: World, decided: Mapping[str, DecisionsByDay], first: int) -> None:
    for group in graph.groups:
        for step in group.steps:
            if group.is_carried and step.when == "session" and first - 1 not in decided[step.name]:
                raise FlowError(
                    f"{step.name} of {world.context.portfolio_id} is on record, but not for "
                    f"{world.sessions.dates[first - 1]}; {world.sessions.dates[first]} can't follow.",
                    remedy="Run the sessions in between first.",
                )
