"""The day on one screen: every step, in no order. What comes first follows from reads and writes."""

from __future__ import annotations

from prometheus.domain.audit.steps import OUTCOMES
from prometheus.domain.execution.ports import Broker
from prometheus.domain.execution.steps import ORDERS, fills_step
from prometheus.domain.market.correlations_step import CORRELATIONS
from prometheus.domain.market.exposures_step import EXPOSURES
from prometheus.domain.market.factors_step import FACTOR_RETURNS
from prometheus.domain.market.steps import RETURNS, VOLATILITY
from prometheus.domain.portfolios.steps import RISK, TARGETS
from prometheus.domain.selection.steps import SCORES, UNIVERSES
from prometheus.flow.step import Step
from prometheus.kernel.config import EngineConfig


def derivation_steps() -> tuple[Step, ...]:
    """Return the steps that recompute derived tables of the historical database."""
    return (RETURNS, VOLATILITY, FACTOR_RETURNS, EXPOSURES, CORRELATIONS)


def engine_steps(broker: Broker) -> tuple[Step, ...]:
    """Return the steps of a strategy and its portfolio; the broker is the only thing that modes change."""
    return (fills_step(broker), SCORES, UNIVERSES, TARGETS, RISK, ORDERS, OUTCOMES)


def default_configs(steps: tuple[Step, ...]) -> dict[str, EngineConfig]:
    """Return every step's settings as they are unless a file says otherwise, by step name."""
    return {step.name: step.config_type() for step in steps}
