"""Settings of the engines of this room."""

from __future__ import annotations

from typing import ClassVar

from prometheus.kernel.config import EngineConfig


class IngestPricesConfig(EngineConfig):
    """Taking daily prices in. The hard rules are not to be set; raise the version when they change."""

    engine_name: ClassVar[str] = "INGEST"


class ReturnsConfig(EngineConfig):
    """Total returns over 1, 5 and 21 sessions: the columns of returns_daily."""

    engine_name: ClassVar[str] = "DERIVE"


class VolatilityConfig(EngineConfig):
    """Realised volatility over 21 and 63 sessions, 252 a year: the columns of volatility_daily.

    Two thirds of a window's returns must be present: 14 of 21, 42 of 63.
    """

    engine_name: ClassVar[str] = "DERIVE"
    version: ClassVar[str] = "2"
