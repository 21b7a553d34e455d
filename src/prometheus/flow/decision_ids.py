"""The ids of a step's decisions: digests of all that they read.

The panels that a date sees enter with the digest of their window, the rows that other steps wrote with the
ids of their decisions, which are digests of what those read in turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from prometheus.flow.graph import Graph
from prometheus.flow.inputs import Inputs
from prometheus.flow.step import Step
from prometheus.flow.storage import Decision
from prometheus.flow.taken_up import DecisionsByDay
from prometheus.flow.world import World
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import DIGEST_SIZE, decision_id, digest, digest_of_framed, framed, uuid_text

_DIGEST_FRAME = b"%d:" % DIGEST_SIZE


class Made(NamedTuple):
    """The id of one date's decision, and the digests behind it. A tuple, as one is made for each decision."""

    day: int
    decision_id: bytes
    fingerprint: bytes
    digests: tuple[bytes, ...]


class DecisionIds:
    """Makes the ids of one step's decisions, and says later what they rest on."""

    def __init__(
        self,
        step: Step,
        graph: Graph,
        config: EngineConfig,
        world: World,
        decided: Mapping[str, DecisionsByDay],
        texts: Sequence[str],
    ) -> None:
        self._step = step
        self._reads = graph.reads[step.name]
        self._config_id = config.config_id
        self._context_id = world.context.context_id(step.scope)
        self._dates = world.sessions.dates
        self._texts = texts
        self._known_at = None if world.known_at is None else f"{world.known_at}Z"
        self._own = decided[step.name]
        self._head = framed(world.context.reference(step.scope))
        # For each read: its table, framed, with what leads a digest; its writer's decisions if it shows rows.
        self._sources = [
            (
                read,
                read.reach,
                framed(read.table) + _DIGEST_FRAME,
                None if read.columns else decided[graph.writers[read.table].name],
            )
            for read in self._reads
        ]

    def made(self, days: Sequence[int], inputs: Inputs) -> list[Made]:
        """Return the ids of some days' decisions, ascending, and note them: later ones may rest on them."""
        out = []
        for day in days:
            parts = [self._head]
            digests = []
            for read, reach, lead, writer in self._sources:
                if writer is None:
                    found = inputs.digest(read, day)
                else:
                    found = digest(writer.over(day - reach, day - read.lag))
                digests.append(found)
                parts += (lead, found, b",")
            fingerprint = digest_of_framed(b"".join(parts))
            one = decision_id(
                engine_name=self._step.engine_name,
                config_id=self._config_id,
                context_id=self._context_id,
                as_of_date=self._dates[day],
                fingerprint=fingerprint,
            )
            self._own.put(day, one)
            out.append(Made(day, one, fingerprint, tuple(digests)))
        return out

    def decision(self, made: Made, summary: Mapping[str, Any], action: Mapping[str, Any]) -> Decision:
        """Return a decision as it is put on record."""
        return Decision(
            decision_id=made.decision_id,
            engine_name=self._step.engine_name,
            config_id=self._config_id,
            context_id=self._context_id,
            as_of_date=self._dates[made.day],
            input_refs=self._input_refs(made),
            raw_input_summary=summary,
            proposed_action=action,
        )

    def _input_refs(self, made: Made) -> dict[str, Any]:
        upstream: dict[str, str] = {}
        shown: list[dict[str, Any]] = []
        for (read, reach, _, writer), found in zip(self._sources, made.digests, strict=True):
            first, last = made.day - reach, made.day - read.lag
            if writer is not None and read.sessions == 1 and any(own := writer.over(last, last)):
                upstream[read.table] = uuid_text(own)
            texts = self._texts
            shown.append(
                {
                    "table": read.table,
                    "columns": read.columns,
                    "first": texts[first],
                    "last": texts[last],
                    "digest": found.hex(),
                }
            )
        return {
            "step": self._step.name,
            "fingerprint": made.fingerprint.hex(),
            "known_at": self._known_at,
            "reads": shown,
            "upstream": upstream,
        }
