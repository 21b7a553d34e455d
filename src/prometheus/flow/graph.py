"""What comes before what: it follows from reads and writes.

1. Each table has one writer; a read of a table that a step writes is an edge from writer to reader.
2. Edges without lag must sort: a cycle among them is a `GraphError`.
3. Steps that reach each other when lagged edges count too form a *chain*: what was done the session before
   feeds what is done today, so the runner carries them from date to date together.
4. All other steps stand alone and compute a whole batch in one call. So does a step that reads nothing of the
   session before but its own rows and says that it carries them itself (`Step.carries_itself`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from prometheus.flow.step import Read, Step
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import GraphError, UndeclaredTableError
from prometheus.schema.tables import TABLES


@dataclass(frozen=True, slots=True)
class Edge:
    """A table on its way from one step to another, ``lag`` sessions later."""

    writer: str
    reader: str
    table: str
    lag: int


@dataclass(frozen=True, slots=True)
class Group:
    """Steps that run together, in order.

    Attributes
    ----------
    steps : tuple of Step
    is_chain : bool
        Whether they run date by date.
    is_carried : bool
        Whether a date needs what these steps wrote the session before.
    """

    steps: tuple[Step, ...]
    is_chain: bool
    is_carried: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """The steps of a run in their order."""

    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    reads: Mapping[str, tuple[Read, ...]]
    writers: Mapping[str, Step]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in the order of one session."""
        return tuple(step for group in self.groups for step in group.steps)


def graph_of(steps: Sequence[Step], configs: Mapping[str, EngineConfig]) -> Graph:
    """Return the graph of steps under their settings (by step name).

    Raises
    ------
    GraphError
        For two writers of a table, a missing config, a cycle within one session, or a read of rows that are
        completed only when they are written.
    UndeclaredTableError
        For a table that the schema does not have.
    """
    writers = _writers(steps)
    by_name = {step.name: step for step in steps}
    reads = {step.name: step.reads(_config(step, configs)) for step in steps}
    for name, found in reads.items():
        for read in found:
            if read.table not in TABLES:
                raise UndeclaredTableError(
                    f"{name} reads {read.table}, which the schema does not have.",
                    remedy="`prometheus db dictionary` lists the tables.",
                )
    edges = tuple(
        Edge(writers[read.table].name, name, read.table, read.lag)
        for name, found in reads.items()
        for read in found
        if read.table in writers
    )
    _refuse_incomplete_reads(writers, edges)
    order = _session_order(by_name, edges)
    reach = _reach(by_name, edges)
    groups: list[Group] = []
    done: set[str] = set()
    for members in _condensed(order, reach, edges):
        if members[0] in done:
            continue
        done.update(members)
        is_carried = len(members) > 1 or members[0] in reach[members[0]]
        is_chain = is_carried and not (len(members) == 1 and by_name[members[0]].carries_itself)
        groups.append(Group(tuple(by_name[m] for m in members), is_chain, is_carried))
    return Graph(tuple(groups), edges, reads, writers)


def _config(step: Step, configs: Mapping[str, EngineConfig]) -> EngineConfig:
    found = configs.get(step.name)
    if not isinstance(found, step.config_type):
        raise GraphError(
            f"{step.name} needs a {step.config_type.__name__}, found {type(found).__name__}.",
            remedy="Give every step its config.",
        )
    return found


def _writers(steps: Sequence[Step]) -> dict[str, Step]:
    writers: dict[str, Step] = {}
    for step in steps:
        for table in step.writes:
            if table not in TABLES:
                raise UndeclaredTableError(
                    f"{step.name} writes {table}, which the schema does not have.",
                    remedy="`prometheus db dictionary` lists the tables.",
                )
            if table in writers:
                raise GraphError(
                    f"{table} has two writers, {writers[table].name} and {step.name}.",
                    remedy="Every table has exactly one.",
                )
            writers[table] = step
    return writers


def _refuse_incomplete_reads(writers: Mapping[str, Step], edges: Sequence[Edge]) -> None:
    for edge in edges:
        completion = writers[edge.table].completion
        if completion is not None and edge.table in completion.tables:
            raise GraphError(
                f"{edge.reader} reads {edge.table}, which {edge.writer} completes only in writing.",
                remedy="Make its columns in the step's compute, and take it out of the completion.",
            )


def _session_order(by_name: Mapping[str, Step], edges: Sequence[Edge]) -> list[str]:
    before: dict[str, set[str]] = {name: set() for name in by_name}
    for edge in edges:
        if edge.lag == 0 and edge.writer != edge.reader:
            before[edge.reader].add(edge.writer)
        elif edge.lag == 0:
            raise GraphError(
                f"{edge.reader} reads its own {edge.table} of the same session.",
                remedy="Read it with a lag of at least 1.",
            )
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise GraphError(
            "Steps wait for each other within one session: " + " -> ".join(error.args[1]) + ".",
            remedy="One of the reads needs a lag.",
        ) from error


def _reach(by_name: Mapping[str, Step], edges: Sequence[Edge]) -> dict[str, set[str]]:
    after: dict[str, set[str]] = {name: set() for name in by_name}
    for edge in edges:
        after[edge.writer].add(edge.reader)
    reach: dict[str, set[str]] = {}
    for name in by_name:
        seen: set[str] = set()
        todo = list(after[name])
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo.extend(after[at])
        reach[name] = seen
    return reach


def _condensed(order: list[str], reach: Mapping[str, set[str]], edges: Sequence[Edge]) -> list[list[str]]:
    """Return the chains and single steps, each after all that feeds it, lagged or not."""
    chain = {
        name: tuple(m for m in order if m == name or (m in reach[name] and name in reach[m]))
        for name in order
    }
    before: dict[tuple[str, ...], set[tuple[str, ...]]] = {members: set() for members in chain.values()}
    for edge in edges:
        if chain[edge.writer] != chain[edge.reader]:
            before[chain[edge.reader]].add(chain[edge.writer])
    return [list(members) for members in TopologicalSorter(before).static_order()]
