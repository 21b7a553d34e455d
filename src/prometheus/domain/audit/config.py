"""Settings of the outcomes."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

from pydantic import Field, field_validator

from prometheus.kernel.config import EngineConfig


class OutcomesConfig(EngineConfig):
    """When a decision is measured, and how far from the crowd is far. The README of the room says more."""

    engine_name: ClassVar[str] = "OUTCOME"
    version: ClassVar[str] = "2"

    horizons: tuple[int, ...] = Field(default=(1, 5, 21, 63), min_length=1)
    band: float = Field(default=1.0, gt=0.0)

    @field_validator("horizons")
    @classmethod
    def _ascending(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        if horizons[0] < 1 or any(a >= b for a, b in pairwise(horizons)):
            raise ValueError("horizons are sessions, at least 1, ascending")
        return horizons
