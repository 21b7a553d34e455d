"""One sound world for all tests of a module that roll back what they do: cheaper than a clone a test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from prometheus.store.connections import Databases, connect
from tests.schema.seed import fill_historical, fill_runtime


@pytest.fixture(scope="module")
def sound_databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Both databases with the sound world in them; tests must not commit."""
    server = request.getfixturevalue("templates")
    names = {name: f"sound_{name}_{os.getpid()}" for name in ("runtime", "historical")}
    server.execute(*(f"CREATE DATABASE {new} TEMPLATE template_{name}" for name, new in names.items()))
    made = Databases(server.url(names["runtime"]), server.url(names["historical"]))
    with connect(made.runtime_url) as runtime, connect(made.historical_url) as historical:
        fill_runtime(runtime)
        fill_historical(historical)
    yield made
    server.execute(*(f"DROP DATABASE {new} WITH (FORCE)" for new in names.values()))


@pytest.fixture
def world(sound_databases: Databases) -> Iterator[psycopg.Connection]:
    """The runtime half of the sound world; what the test does is rolled back."""
    with connect(sound_databases.runtime_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def prices(sound_databases: Databases) -> Iterator[psycopg.Connection]:
    """The historical half of the sound world; what the test does is rolled back."""
    with connect(sound_databases.historical_url) as connection:
        yield connection
        connection.rollback()
