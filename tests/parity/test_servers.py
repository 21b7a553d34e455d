"""The same backtest on the embedded server and on a server of another version gives the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prometheus.backtest import spec_of
from prometheus.bootstrap import run_backtest
from prometheus.store.connections import Databases, connect
from prometheus.store.migrations import initialise
from tests import world
from tests.conftest import NAMES, Server, _embedded, _installed
from tests.steps.worlds import stored, unlike


@pytest.fixture(scope="module")
def both(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Databases, Databases]]:
    """The market on the server of the tests and on the other one: embedded here, PostgreSQL 15 there."""
    own = _version(server)
    other = _embedded(tmp_path_factory) if own == 15 else _installed("15", tmp_path_factory)
    started = next(other)
    try:
        yield _filled(server, tmp_path_factory, "here"), _filled(started, tmp_path_factory, "there")
    finally:
        next(other, None)


def _version(server: Server) -> int:
    with connect(server.url("postgres")) as connection:
        return connection.info.server_version // 10_000


def _filled(server: Server, tmp_path_factory: pytest.TempPathFactory, name: str) -> Databases:
    server.execute(*(f"CREATE DATABASE {name}_{part} TEMPLATE template0" for part in NAMES))
    databases = Databases(server.url(f"{name}_runtime"), server.url(f"{name}_historical"))
    for part in NAMES:
        initialise(databases.url(part), part)
    home = tmp_path_factory.mktemp(name)
    world.fill_world(databases, home)
    run_backtest(world.settings_at(databases, home), spec_of(world.specification(), where="tests"))
    return databases


@pytest.mark.postgres15
def test_both_servers_hold_the_same_rows_after_the_same_backtest(both: tuple[Databases, Databases]) -> None:
    here, there = both
    found = stored(here)
    assert len(found["fills"]) > 100
    assert unlike(found, stored(there)) == {}
