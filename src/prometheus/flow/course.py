"""The state of a run between its batches: what was decided, which rows the next dates will see.

A step outside a chain is called once for all dates of a batch; the steps of a chain are called date by date,
and each date's rows are carried to the next. The decision id of a date follows from a fingerprint of all that
it reads: digests of the panel windows, and the decision ids of the rows that other steps wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from prometheus.flow.batch import Batch
from prometheus.flow.finish import checked_updates, finished, travelling
from prometheus.flow.graph import Graph, Group
from prometheus.flow.inputs import Inputs
from prometheus.flow.rows import Rows, joined
from prometheus.flow.step import Output, Read, Step
from prometheus.flow.storage import Decision, Part, WriteJob
from prometheus.flow.taken_up import DecisionsByDay, reach_of, stands_beside, taken_up
from prometheus.flow.world import World
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import InvalidRowsError
from prometheus.kernel.ids import as_bytes_matrix, decision_id, digest, uuid_text
from prometheus.kernel.sessions import Sessions

_NOTHING = np.zeros(0, dtype=np.int64)


class Course:
    """The state of a run between its batches. ``inputs`` are the panels of the segment it is in."""

    def __init__(self, graph: Graph, configs: Mapping[str, EngineConfig], world: World) -> None:
        self._graph = graph
        self._configs = configs
        self._world = world
        self.inputs: Inputs | None = None
        self._at: tuple[str, int, int] | None = None
        self._config_ids = {step.name: configs[step.name].config_id for step in graph.steps}
        self._dates = [str(date) for date in world.sessions.dates]
        self._known_at = None if world.known_at is None else f"{world.known_at}Z"
        self._dates64 = list(world.sessions.dates)
        self._tables = {
            step.name: [read for read in graph.reads[step.name] if not read.columns] for step in graph.steps
        }
        self._decided = {step.name: DecisionsByDay(len(world.sessions.dates)) for step in graph.steps}
        self._carried: dict[str, Rows] | None = None
        self._reach = reach_of(graph)
        chains = {step.name for group in graph.groups if group.is_chain for step in group.steps}
        self._is_read = {table for table, reach in self._reach.items() if reach} | {
            edge.table for edge in graph.edges if not (edge.writer in chains and edge.reader in chains)
        }

    @property
    def at(self) -> str:
        """The step and the dates that were computed last, for the note on an error."""
        if self._at is None:
            return "the reads before the first session"
        name, first, last = self._at
        return f"step {name}, {self._dates[first]} to {self._dates[last]}"

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
                self._carried[table] = kept.on(int(days[-1]) + 1 - self._reach[table], int(days[-1]))

    def _whole(self, step: Step, days: IntArray, fresh: dict[str, Rows]) -> _Outcome:
        """Call a step once for all its dates."""
        outcome = _Outcome([], [])
        if len(days):
            tables = {
                read.table: self._window(read, int(days[0]), int(days[-1]), fresh)
                for read in self._tables[step.name]
            }
            output, decisions = self._called(step, days, tables)
            outcome = _Outcome([output], decisions)
        self._freshen(step, outcome, fresh)
        return outcome

    def _freshen(self, step: Step, outcome: _Outcome, fresh: dict[str, Rows]) -> None:
        """Keep what later steps and batches read."""
        for table in step.writes:
            fresh[table] = Rows(table, _NOTHING, {})
            if table in self._is_read:
                found = [rows for output in outcome.outputs for rows in output.rows if rows.table == table]
                if found:
                    fresh[table] = travelling(joined(found), step, outcome.ids(self._world.sessions))

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
                output, decisions = self._called(step, at, tables)
                for rows in output.rows:
                    if len(rows):
                        by_day[rows.table, day] = rows
                outcomes[step.name].outputs.append(output)
                outcomes[step.name].decisions.extend(decisions)
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

    def _called(
        self, step: Step, days: IntArray, tables: Mapping[str, Rows]
    ) -> tuple[Output, list[Decision]]:
        assert self.inputs is not None
        world = self._world
        config_id = self._config_ids[step.name]
        reads = self._graph.reads[step.name]
        context_id = world.context.context_id(step.scope)
        places = days.tolist()
        ids, refs = [], []
        for day in places:
            fingerprint, ref = self._fingerprint(step, reads, day)
            one = decision_id(
                engine_name=step.engine_name,
                config_id=config_id,
                context_id=context_id,
                as_of_date=self._dates64[day],
                fingerprint=fingerprint,
            )
            ids.append(one)
            refs.append(ref)
        self._decided[step.name].put(places, ids)
        batch = Batch(
            days=days,
            sessions=world.sessions,
            assets=world.assets,
            context=world.context,
            decisions=as_bytes_matrix(ids),
            panels=self.inputs.panels(reads, days),
            tables=tables,
        )
        self._at = (step.name, places[0], places[-1])
        output = step.compute(batch, self._configs[step.name])
        _check_output(step, output, days)
        decisions = [
            Decision(
                decision_id=ids[i],
                engine_name=step.engine_name,
                config_id=config_id,
                context_id=context_id,
                as_of_date=self._dates64[day],
                input_refs=refs[i],
                raw_input_summary=output.input_summaries[i],
                proposed_action=output.proposed_actions[i],
            )
            for i, day in enumerate(places)
        ]
        return output, decisions

    def _fingerprint(self, step: Step, reads: Sequence[Read], day: int) -> tuple[bytes, Mapping[str, Any]]:
        assert self.inputs is not None
        parts: list[bytes] = [self._world.context.reference(step.scope)]
        shown: list[dict[str, Any]] = []
        upstream: dict[str, str] = {}
        for read in reads:
            if read.columns:
                found = self.inputs.digest(read, day)
            else:
                ids = self._decided[self._graph.writers[read.table].name].over(
                    day - read.reach, day - read.lag
                )
                found = digest(ids)
                if read.sessions == 1 and any(ids):
                    upstream[read.table] = uuid_text(ids)
            parts += [read.table.encode(), found]
            shown.append(self._shown(read, day, found))
        fingerprint = digest(*parts)
        return fingerprint, {
            "step": step.name,
            "fingerprint": fingerprint.hex(),
            "known_at": self._known_at,
            "reads": shown,
            "upstream": upstream,
        }

    def _shown(self, read: Read, day: int, found: bytes) -> dict[str, Any]:
        return {
            "table": read.table,
            "columns": read.columns,
            "first": self._dates[day - read.reach],
            "last": self._dates[day - read.lag],
            "digest": found.hex(),
        }

    def _part(self, step: Step, outcome: _Outcome) -> Part:
        index = self._world.sessions.index
        ids = outcome.ids(self._world.sessions)
        rows = [
            finished(joined([r for o in outcome.outputs for r in o.rows if r.table == table]), step, ids)
            for table in dict.fromkeys(r.table for o in outcome.outputs for r in o.rows)
        ]
        updates = [
            checked_updates(joined([r for o in outcome.outputs for r in o.updates if r.table == table]), step)
            for table in dict.fromkeys(r.table for o in outcome.outputs for r in o.updates)
        ]
        return Part(
            {index(decision.as_of_date): decision for decision in outcome.decisions},
            tuple(rows),
            tuple(r for r in updates if len(r)),
        )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a step gave over a batch: an output a call, a decision a date."""

    outputs: list[Output]
    decisions: list[Decision]

    def ids(self, sessions: Sessions) -> dict[int, bytes]:
        """Return the decisions' ids by day."""
        return {sessions.index(one.as_of_date): one.decision_id for one in self.decisions}


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
