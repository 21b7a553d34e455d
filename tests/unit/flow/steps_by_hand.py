"""Steps that compute nothing, for graphs."""

from __future__ import annotations

from typing import ClassVar

from prometheus.flow.batch import Batch
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.config import EngineConfig


class PlainConfig(EngineConfig):
    engine_name: ClassVar[str] = "RISK"


class OtherConfig(EngineConfig):
    engine_name: ClassVar[str] = "REGIME"


def _nothing(batch: Batch, config: PlainConfig) -> Output:
    return Output((), [{} for _ in batch.days], [{} for _ in batch.days])


def step(name: str, *reads: Read, writes: tuple[str, ...] = (), advances: tuple[str, ...] = ()) -> Step:
    """Return a step of that name which reads and writes these tables."""
    return Step(name, PlainConfig, lambda config: reads, writes, _nothing, advances=advances)
