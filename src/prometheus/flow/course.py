"""The state of a run between its batches: what was decided, which rows the next dates will see.

A step outside a chain is called once for all dates of a batch; the steps of a chain are called date by date,
and each date's rows are carried to the next. The decision id of a date follows from a fingerprint of all that
it reads: digests of the panel windows, and the decision ids of the rows that other steps wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from prometheus.flow.batch import Batch
from prometheus.flow.decision_ids import DecisionIds, Made
from prometheus.flow.finish import checked_updates, completed, finished, travelling
from prometheus.flow.graph import Graph, Group
from prometheus.flow.inputs import Inputs
from prometheus.flow.rows import Rows, joined
from prometheus.flow.step import Output, Read, Step
from prometheus.flow.storage import Part, WriteJob
from prometheus.flow.taken_up import DecisionsByDay, reach_of, stands_beside, taken_up
from prometheus.flow.world import World
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import InvalidRowsError
from prometheus.kernel.ids import as_bytes_matrix

_NOTHING = np.zeros(0, dtype=np.int64)


class Course:
    """The state of a run between its batches. ``inputs`` are the panels of the segment it is in."""

    def __init__(self, graph: Graph, configs: Mapping[str, EngineConfig], world: World) -> None:
        self._graph = graph
        self._configs = configs
        self._world = world
        self.inputs: Inputs | None = None
        self._at: tuple[str, int, int] | None = None
        self._tables = {
            step.name: [read for read in graph.reads[step.name] if not read.columns] for step in graph.steps
        }
        self._decided = {step.name: DecisionsByDay(len(world.sessions.dates)) for step in graph.steps}
        texts = np.datetime_as_string(world.sessions.dates).tolist()
        self._ids = {
            step.name: DecisionIds(step, graph, configs[step.name], world, self._decided, texts)
            for step in graph.steps
        }
        self._carried: dict[str, Rows] | None = None
        self._reach = reach_of(graph)
        chain_of = {step.name: i for i, group in enumerate(graph.groups) for step in group.steps}
        self._is_read_later = {
            edge.table for edge in graph.edges if chain_of[edge.writer] != chain_of[edge.reader]
        }

    @property
    def at(self) -> str:
        """The step and the dates that were computed last, for the note on an error."""
        if self._at is None:
            return "the reads before the first session"
        name, first, last = self._at
        dates = self._world.sessions.dates
        return f"step {name}, {dates[first]} to {dates[last]}"

    def advance(self, days: IntArray, rebalance_days: IntArray) -> None:
        """Compute and submit one batch."""
        if self._carried is None:
            self._carried = taken_up(self._graph, self._configs, self._world, self._decided, int(days[0]))
        fresh: dict[str, Rows] = {}
        of_portfolio: list[Callable[[], Part]] = []
        for group in self._graph.groups:
            if group.is_chain:
                made = self._chain(group, days, set(rebalance_days.tolist()), fresh)
            else:
                step = group.steps[0]
                made = [self._whole(step, days if step.when == "session" else rebalance_days, fresh)]
            for step, outcome in zip(group.steps, made, strict=True):
                part = partial(self._part, step, outcome)
                if stands_beside(step):
                    self._world.storage.submit(WriteJob((part,)))
                else:
                    of_portfolio.append(part)
        if of_portfolio:
            self._world.storage.submit(WriteJob(tuple(of_portfolio), is_ordered=True))
        for table, rows in fresh.items():
            if self._reach[table]:
                kept = joined([self._carried[table], rows])
                self._carried[table] = kept.on(int(days[-1]) + 1 - self._reach[table], int(days[-1])).apart()

    def _whole(self, step: Step, days: IntArray, fresh: dict[str, Rows]) -> _Outcome:
        """Call a step once for all its dates."""
        outcome = _Outcome([], [])
        if len(days):
            tables = {
                read.table: self._window(read, int(days[0]), int(days[-1]), fresh)
                for read in self._tables[step.name]
            }
            output, made = self._called(step, days, tables)
            outcome = _Outcome([output], made)
        self._freshen(step, outcome, fresh)
        return outcome

    def _freshen(self, step: Step, outcome: _Outcome, fresh: dict[str, Rows]) -> None:
        """Keep what later steps read of this batch, and what the next batch reads of its last days."""
        for table in step.writes:
            fresh[table] = Rows(table, _NOTHING, {})
            outputs = outcome.outputs
            if table not in self._is_read_later:
                outputs = outputs[max(len(outputs) - self._reach[table], 0) :]
            found = [rows for output in outputs for rows in output.rows if rows.table == table]
            if found:
                fresh[table] = travelling(joined(found), step, outcome.ids())

    def _chain(
        self, group: Group, days: IntArray, rebalance_days: set[int], fresh: dict[str, Rows]
    ) -> list[_Outcome]:
        """Call the steps of a chain date by date."""
        outcomes = {step.name: _Outcome([], []) for step in group.steps}
        own = {table for step in group.steps for table in step.writes}
        by_day: dict[tuple[str, int], Rows] = {}
        empty = {table: Rows(table, _NOTHING, {}) for table in self._graph.writers}
        assert self._carried is not None
        for table in own:
            before = self._carried[table]
            for day in np.unique(before.day).tolist():
                by_day[table, day] = before.on(day)
        for day in days.tolist():
            at = np.array([day], dtype=np.int64)
            for step in group.steps:
                if step.when == "rebalance" and day not in rebalance_days:
                    continue
                tables = {}
                for read in self._tables[step.name]:
                    if read.table not in own:
                        tables[read.table] = self._window(read, day, day, fresh)
                    elif read.sessions == 1:
                        tables[read.table] = by_day.get((read.table, day - read.lag), empty[read.table])
                    else:
                        span = range(day - read.reach, day - read.lag + 1)
                        found = [by_day[read.table, d] for d in span if (read.table, d) in by_day]
                        tables[read.table] = joined(found) if found else empty[read.table]
                output, made = self._called(step, at, tables)
                for rows in output.rows:
                    if len(rows):
                        by_day[rows.table, day] = rows
                outcomes[step.name].outputs.append(output)
                outcomes[step.name].made.extend(made)
        for step in group.steps:
            self._freshen(step, outcomes[step.name], fresh)
        return [outcomes[step.name] for step in group.steps]

    def _window(self, read: Read, first: int, last: int, fresh: Mapping[str, Rows]) -> Rows:
        """Return the rows that the dates from first to last may see together."""
        assert self._carried is not None
        before = self._carried[read.table]
        parts = [rows for rows in (before, fresh.get(read.table)) if rows is not None and len(rows)]
        if not parts:
            return Rows(read.table, _NOTHING, {})
        return joined([part.on(first - read.reach, last - read.lag) for part in parts])

    def _called(self, step: Step, days: IntArray, tables: Mapping[str, Rows]) -> tuple[Output, list[Made]]:
        assert self.inputs is not None
        world = self._world
        reads = self._graph.reads[step.name]
        made = self._ids[step.name].made(days.tolist(), self.inputs)
        batch = Batch(
            days=days,
            sessions=world.sessions,
            assets=world.assets,
            context=world.context,
            decisions=as_bytes_matrix([one.decision_id for one in made]),
            panels=self.inputs.panels(reads, days),
            tables=tables,
        )
        self._at = (step.name, made[0].day, made[-1].day)
        output = step.compute(batch, self._configs[step.name])
        _check_output(step, output, days)
        return output, made

    def _part(self, step: Step, outcome: _Outcome) -> Part:
        ids = outcome.ids()
        written = completed(
            (rows for output in outcome.outputs for rows in output.rows),
            step,
            self._world.context,
        )
        updates = [
            checked_updates(joined([r for o in outcome.outputs for r in o.updates if r.table == table]), step)
            for table in dict.fromkeys(r.table for o in outcome.outputs for r in o.updates)
        ]
        summaries = chain.from_iterable(o.input_summaries for o in outcome.outputs)
        actions = chain.from_iterable(o.proposed_actions for o in outcome.outputs)
        decided = self._ids[step.name].decision
        return Part(
            {
                one.day: decided(one, summary, action)
                for one, summary, action in zip(outcome.made, summaries, actions, strict=True)
            },
            tuple(finished(rows, step, ids) for rows in written),
            tuple(r for r in updates if len(r)),
        )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a step gave over a batch: an output a call, a decision a date."""

    outputs: list[Output]
    made: list[Made]

    def ids(self) -> dict[int, bytes]:
        """Return the decisions' ids by day."""
        return {one.day: one.decision_id for one in self.made}


def _check_output(step: Step, output: Output, days: IntArray) -> None:
    for name, found in (
        ("proposed_actions", output.proposed_actions),
        ("input_summaries", output.input_summaries),
    ):
        if len(found) != len(days):
            raise InvalidRowsError(
                f"{step.name}: expected {len(days)} {name}, one a date, found {len(found)}.",
                remedy="Mend the step.",
            )
    if len(days) == 1:
        for rows in output.rows + output.updates:
            if len(rows) and not (rows.day[0] == rows.day[-1] == days[0]):
                raise InvalidRowsError(
                    f"{step.name}: rows of {rows.table} on a day that is not in the batch.",
                    remedy="A step writes rows of its own dates only.",
                )
