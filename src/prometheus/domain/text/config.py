"""Settings of the engines of this room."""

from __future__ import annotations

from typing import ClassVar

from prometheus.kernel.config import EngineConfig


class IngestNewsConfig(EngineConfig):
    """Taking news in and linking it. Nothing is to be set; raise the version when rules or names change."""

    engine_name: ClassVar[str] = "INGEST"
    version: ClassVar[str] = "2"
