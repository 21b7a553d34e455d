"""Settings of the profile engine."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from prometheus.kernel.config import EngineConfig


class ProfilesConfig(EngineConfig):
    """Profiles from reported facts. Raise the version when a formula changes."""

    engine_name: ClassVar[str] = "PROFILE"
    version: ClassVar[str] = "3"

    accepted_bases: tuple[str, ...] = ("exact", "date", "collected", "lagged")
    max_age_days: int = Field(default=550, ge=1)
    min_peers: int = Field(default=5, ge=2)
    financial_sectors: tuple[str, ...] = ("Financials", "Financial Services", "Financial")
    assume_first_sector: bool = False
