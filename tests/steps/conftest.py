"""The steps that the contract is held against."""

from __future__ import annotations

import pytest

from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.pipeline import derivation_steps, engine_steps
from tests.steps.worlds import Pipeline


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    """Every step of the day, as the product runs them."""
    return Pipeline(derivation_steps(), engine_steps(SimulatedBroker()))
