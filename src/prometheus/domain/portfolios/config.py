"""Settings of the target portfolios and of the risk reports."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from prometheus.kernel.config import EngineConfig


class TargetsConfig(EngineConfig):
    """What a portfolio should hold. The README of the room says what each setting does."""

    engine_name: ClassVar[str] = "PORTFOLIO"
    version: ClassVar[str] = "2"

    n_names: int = Field(default=50, ge=1)
    weighting: Literal["equal", "inverse_volatility"] = "equal"
    name_cap: float = Field(default=1.0, gt=0.0, le=1.0)
    cash_buffer: float = Field(default=0.03, ge=0.0, lt=1.0)
    volatility_sessions: int = Field(default=252, ge=2)
    min_sessions: int = Field(default=60, ge=2)

    @model_validator(mode="after")
    def _fits_the_window(self) -> Self:
        if self.min_sessions > self.volatility_sessions:
            raise ValueError("min_sessions must not be above volatility_sessions")
        return self


class RiskConfig(EngineConfig):
    """How risk is measured. The README of the room says what each setting does."""

    engine_name: ClassVar[str] = "RISK"

    window: int = Field(default=252, ge=2)
    min_sessions: int = Field(default=60, ge=2)
    volume_sessions: int = Field(default=21, ge=1)
    participation: float = Field(default=0.1, gt=0.0, le=1.0)

    @model_validator(mode="after")
    def _fits_the_window(self) -> Self:
        if self.min_sessions > self.window:
            raise ValueError("min_sessions must not be above window")
        return self
