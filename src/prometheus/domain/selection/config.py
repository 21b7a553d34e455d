"""Settings of the scores and of the universes."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from prometheus.domain.selection.alphas import FAMILIES, source_digest
from prometheus.kernel.config import EngineConfig

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class ScoresConfig(EngineConfig):
    """How instruments are scored. The README of the room says what each setting does."""

    engine_name: ClassVar[str] = "ASSESSMENT"
    version: ClassVar[str] = "2"

    weights: dict[str, float] = dict.fromkeys(FAMILIES, 1.0)
    price: Literal["adjusted_close", "close"] = "adjusted_close"
    winsorise: float = Field(default=0.01, ge=0.0, lt=0.5)
    standardise: Literal["zscore", "rank", "none"] = "zscore"
    horizon_days: int = Field(default=21, ge=1)
    ic_sessions: int = Field(default=252, ge=2)
    ic_prior: float = Field(default=63.0, gt=0.0)
    label_cutoffs: tuple[Share, Share, Share, Share] = (0.1, 0.3, 0.7, 0.9)

    @field_validator("weights")
    @classmethod
    def _known_families(cls, weights: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(weights) - set(FAMILIES))
        if unknown:
            raise ValueError(
                f"no alpha family is called {', '.join(unknown)}; there are {', '.join(FAMILIES)}"
            )
        if not any(weights.values()):
            raise ValueError("at least one alpha family needs a weight other than 0")
        return weights

    @field_validator("label_cutoffs")
    @classmethod
    def _ascending(cls, cutoffs: tuple[float, ...]) -> tuple[float, ...]:
        if any(low >= high for low, high in pairwise(cutoffs)):
            raise ValueError("the four shares must ascend")
        return cutoffs

    def canonical_body(self) -> dict[str, Any]:
        """Return the settings with a digest of each weighted family's source.

        A family that was edited decides otherwise, so its decisions must not pass for the former ones.
        """
        return {**super().canonical_body(), "families": {name: source_digest(name) for name in self.shares}}

    @property
    def shares(self) -> dict[str, float]:
        """Return the weights over their absolute sum, without zeros, in the order of the registry."""
        total = sum(abs(weight) for weight in self.weights.values())
        return {name: self.weights[name] / total for name in FAMILIES if self.weights.get(name)}


class UniversesConfig(EngineConfig):
    """Which instruments may be held. The README of the room says what each setting does."""

    engine_name: ClassVar[str] = "UNIVERSE"

    asset_classes: tuple[Literal["EQUITY", "ETF"], ...] = Field(default=("EQUITY", "ETF"), min_length=1)
    instruments: tuple[str, ...] | None = Field(default=None, min_length=1)
    index: str | None = Field(default=None, min_length=1)
    history_window: int = Field(default=253, ge=1)
    min_history: int = Field(default=252, ge=1)
    max_staleness: int = Field(default=0, ge=0)
    min_close: float = Field(default=0.0, ge=0.0)
    min_dollar_volume: float = Field(default=0.0, ge=0.0)

    @model_validator(mode="after")
    def _fits_the_window(self) -> Self:
        if self.min_history > self.history_window:
            raise ValueError(
                f"min_history is {self.min_history}, but only the last {self.history_window} sessions are "
                "counted; raise history_window"
            )
        if self.max_staleness >= self.history_window:
            raise ValueError("max_staleness must be below history_window")
        return self

    def canonical_body(self) -> dict[str, Any]:
        """Return the settings; without an index as they were before there was this setting."""
        body = super().canonical_body()
        if self.index is None:
            del body["index"]
        return body
