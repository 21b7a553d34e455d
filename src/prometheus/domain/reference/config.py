"""Settings of the engines of this room."""

from __future__ import annotations

from typing import ClassVar

from prometheus.kernel.config import EngineConfig


class IngestInstrumentsConfig(EngineConfig):
    """Taking reference files in. Who is who is not to be set; raise the version when its rules change."""

    engine_name: ClassVar[str] = "INGEST"
