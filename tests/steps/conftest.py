"""The market of the contract tests: filled once, cloned for every run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.pipeline import derivation_steps, engine_steps
from prometheus.store.connections import Databases
from tests.conftest import NAMES, Server
from tests.steps.worlds import Pipeline, Worlds, prepare
from tests.world import fill_world


@pytest.fixture(scope="session")
def worlds(templates: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """A server with a template of the filled market."""
    templates.execute(*(f"CREATE DATABASE world_{name} TEMPLATE template_{name}" for name in NAMES))
    databases = Databases(templates.url("world_runtime"), templates.url("world_historical"))
    fill_world(databases, tmp_path_factory.mktemp("world"))
    prepare(databases)
    found = Worlds(templates)
    yield found
    found.drop()
    templates.execute(*(f"DROP DATABASE world_{name} WITH (FORCE)" for name in NAMES))


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    """Every step of the day, as the product runs them."""
    return Pipeline(derivation_steps(), engine_steps(SimulatedBroker()))
