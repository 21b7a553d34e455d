"""Databases for the tests: one server a session, one pair of databases a test.

Both databases are made once by the migrations, as templates; a test gets clones of them, which takes
a tenth of a second. ``--postgres=15`` (or any installed major version from 15 on) runs every test on a
server of that version instead of the embedded one; a test that must run on both says so with
``@pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)``.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest

from prometheus.store.connections import Databases, connect
from prometheus.store.server import start_server, stop_server
from prometheus.store.server_account import give_to, run_as, server_account
from prometheus.store.server_cluster import SUPERUSER

if TYPE_CHECKING:
    from tests.steps.worlds import Worlds

NAMES = ("runtime", "historical")
_clone_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        default=os.environ.get("PROMETHEUS_TEST_POSTGRES", "embedded"),
        help="server of the tests: 'embedded' or an installed major version such as 15",
    )


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the tests may create databases in."""

    socket_folder: Path

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket_folder), safe='')}"

    def execute(self, *statements: str) -> None:
        """Run statements outside of transactions, in the database ``postgres``."""
        with connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call of the command line came to."""

    exit_code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One running server of the version asked for."""
    wanted = str(getattr(request, "param", request.config.getoption("--postgres")))
    started = _embedded(tmp_path_factory) if wanted == "embedded" else _installed(wanted, tmp_path_factory)
    yield from started


@pytest.fixture(scope="session")
def templates(server: Server) -> Server:
    """The server, with a template of both databases made by the migrations."""
    from prometheus.store.migrations import initialise

    for name in NAMES:
        server.execute(f"CREATE DATABASE template_{name} TEMPLATE template0")
        initialise(server.url(f"template_{name}"), name)
    return server


@pytest.fixture
def databases(templates: Server) -> Iterator[Databases]:
    """A pair of databases of the present version, empty, for one test."""
    number = next(_clone_numbers)
    clones = {name: f"{name}_{os.getpid()}_{number}" for name in NAMES}
    templates.execute(
        *(f"CREATE DATABASE {clone} TEMPLATE template_{name}" for name, clone in clones.items())
    )
    yield Databases(templates.url(clones["runtime"]), templates.url(clones["historical"]))
    templates.execute(*(f"DROP DATABASE IF EXISTS {clone} WITH (FORCE)" for clone in clones.values()))


@pytest.fixture
def empty_databases(server: Server) -> Iterator[Databases]:
    """A pair of databases without any table, for tests that build them."""
    number = next(_clone_numbers)
    names = {name: f"empty_{name}_{os.getpid()}_{number}" for name in NAMES}
    server.execute(*(f"CREATE DATABASE {name} TEMPLATE template0" for name in names.values()))
    yield Databases(server.url(names["runtime"]), server.url(names["historical"]))
    server.execute(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in names.values()))


@pytest.fixture(scope="session")
def worlds(templates: Server, tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """The server, with a template of both databases that hold the market of `tests.world`."""
    from tests.steps.worlds import Worlds, fill_templates

    home = tmp_path_factory.mktemp("world")
    fill_templates(templates, home)
    return Worlds(templates, home / "artifacts")


@pytest.fixture
def runtime(databases: Databases) -> Iterator[psycopg.Connection]:
    """A connection to the runtime database of the test, committed by nobody but the test."""
    with connect(databases.runtime_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def historical(databases: Databases) -> Iterator[psycopg.Connection]:
    """A connection to the historical database of the test, committed by nobody but the test."""
    with connect(databases.historical_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own that the environment names; its server is stopped after the test."""
    folder = tmp_path / "home"
    for name in ("PROMETHEUS_RUNTIME_URL", "PROMETHEUS_HISTORICAL_URL", "PROMETHEUS_ARTIFACTS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PROMETHEUS_HOME", str(folder))
    yield folder
    stop_server(folder)


@pytest.fixture
def at_databases(databases: Databases, home: Path, monkeypatch: pytest.MonkeyPatch) -> Databases:
    """The databases of the test, named by the environment for the command line."""
    monkeypatch.setenv("PROMETHEUS_RUNTIME_URL", databases.runtime_url)
    monkeypatch.setenv("PROMETHEUS_HISTORICAL_URL", databases.historical_url)
    return databases


@pytest.fixture
def prometheus(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Call the command line in this process: ``prometheus("db", "status")``."""
    from prometheus.cli.app import run

    def call(*words: str) -> Outcome:
        capsys.readouterr()
        exit_code = run([str(word) for word in words])
        said = capsys.readouterr()
        return Outcome(exit_code, said.out, said.err)

    return call


def _embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("embedded")
    try:
        running = Server(start_server(folder).socket_folder)
        # Tests may lose their data in a crash of the machine; nobody else may.
        running.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield running
    finally:
        stop_server(folder)
        shutil.rmtree(folder, ignore_errors=True)  # a gigabyte of clones, sooner than dropped


def _installed(version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    programs = _programs_of(version)
    if programs is None:
        pytest.skip(f"no PostgreSQL {version} is installed here")
    folder = tmp_path_factory.mktemp(f"postgres{version}")
    account = server_account(folder)
    data, sockets, log = folder / "data", folder / "s", folder / "log"
    for path in (data, sockets):
        path.mkdir(mode=0o700)
        give_to(account, path)
    log.touch()
    give_to(account, log)
    locale = ["--encoding=UTF8", "--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]
    options = f"-k {sockets} -c listen_addresses= -c fsync=off -c timezone=Europe/Berlin"
    pg_ctl: list[str | Path] = [programs / "pg_ctl", "-D", data, "-l", log, "-w", "-s"]
    commands: list[list[str | Path]] = [
        [programs / "initdb", "-D", data, "-U", SUPERUSER, "--auth=trust", "--no-sync", *locale],
        [*pg_ctl, "-o", options, "start"],
    ]
    try:
        for command in commands:
            done = run_as(account, command, touched=[data, sockets, log])
            assert done.returncode == 0, done.stdout + log.read_text()
        yield Server(sockets)
    finally:
        if (data / "postmaster.pid").exists():
            run_as(account, [*pg_ctl, "-m", "fast", "stop"], touched=[data])
        shutil.rmtree(folder, ignore_errors=True)


def _programs_of(version: str) -> Path | None:
    candidates = [
        Path(f"/usr/lib/postgresql/{version}/bin"),  # Debian, Ubuntu
        Path(f"/usr/pgsql-{version}/bin"),  # Red Hat
        Path(f"/opt/homebrew/opt/postgresql@{version}/bin"),
    ]
    found = shutil.which(f"postgres-{version}")
    if found:
        candidates.append(Path(found).parent)
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)
