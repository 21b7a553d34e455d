"""SIGKILL at random moments of an ingest: never half a batch, and running again ends as without a kill."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from prometheus.store.connections import Databases, connect
from prometheus.store.orphans import price_batches_belong_to_an_ingest
from tests.conftest import Server, _clone_numbers
from tests.deliveries import content_of, count_of, seeded_bars

# Everything is imported once; each ingest is a child of its own, forked before any thread exists.
PROGRAM = """
import json, os, signal, sys, time, traceback
import prometheus.pipeline, prometheus.bootstrap, prometheus.store.postgres
import prometheus.adapters.price_door, prometheus.adapters.price_files, prometheus.cli.ingest
from prometheus.cli.app import run
from prometheus.kernel.sessions import sessions_of

sessions_of({"calendar": "XNYS"})  # takes longer than the ingest
for line in sys.stdin:
    runtime_url, historical_url, path, after = json.loads(line)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.environ["PROMETHEUS_RUNTIME_URL"] = runtime_url
        os.environ["PROMETHEUS_HISTORICAL_URL"] = historical_url
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            code = run(["ingest", "prices", path, "--market", "US_EQ", "--create"])
        except BaseException:
            traceback.print_exc()
            code = 1
        os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - began]), flush=True)
"""
N_NAMES, N_SESSIONS = 30, 160
KILLS_A_WORLD = 5


@dataclass(frozen=True, slots=True)
class Ingests:
    """Starts ingests in processes of their own, of a first delivery and of one that corrects it."""

    server: subprocess.Popen[str]
    first: Path
    second: Path
    n_rows: int

    def run(self, databases: Databases, path: Path, after: float | None = None) -> tuple[int, float]:
        """Return the exit code and the seconds; with ``after`` it is killed then."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        asked = [databases.runtime_url, databases.historical_url, str(path), after]
        self.server.stdin.write(json.dumps(asked) + "\n")
        self.server.stdin.flush()
        exit_code, seconds = json.loads(self.server.stdout.readline())
        return int(exit_code), float(seconds)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What ingests leave that nobody disturbs, and how long they take."""

    content: dict[str, str]
    n_corrected: int
    seconds: dict[str, float]


@pytest.fixture(scope="module")
def ingests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingests]:
    folder = tmp_path_factory.mktemp("kills")
    bars = seeded_bars(N_NAMES, N_SESSIONS)
    first, second = folder / "first.csv", folder / "second.csv"
    bars.write_csv(first)
    is_changed = (pl.col("date").dt.day() == 9) & (pl.col("volume") > 0)
    bars.with_columns(pl.when(is_changed).then(pl.col("volume") + 1).otherwise("volume")).write_csv(second)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PROMETHEUS_HOME": str(folder / "home")},
    ) as server:
        yield Ingests(server, first, second, bars.height)
        assert server.stdin is not None
        server.stdin.close()


@pytest.fixture(scope="module")
def pairs(templates: Server) -> Iterator[list[Databases]]:
    made: list[Databases] = []
    yield made
    names = [url.split("?")[0].rsplit("/", 1)[1] for d in made for url in (d.runtime_url, d.historical_url)]
    templates.execute(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in names))


def _pair(templates: Server, pairs: list[Databases]) -> Databases:
    number = next(_clone_numbers)
    names = {name: f"{name}_kills_{number}" for name in ("runtime", "historical")}
    templates.execute(*(f"CREATE DATABASE {db} TEMPLATE template_{name}" for name, db in names.items()))
    pairs.append(Databases(templates.url(names["runtime"]), templates.url(names["historical"])))
    return pairs[-1]


@pytest.fixture(scope="module")
def undisturbed(templates: Server, pairs: list[Databases], ingests: Ingests) -> Undisturbed:
    databases = _pair(templates, pairs)
    ingests.run(databases, ingests.first)  # the first one reads programs from the disk
    databases = _pair(templates, pairs)
    seconds = {}
    for name in ("first", "second"):
        exit_code, seconds[name] = ingests.run(databases, getattr(ingests, name))
        assert exit_code == 0
    n_corrected = count_of(databases, "SELECT count(*) FROM prices_daily WHERE metadata ? 'revisions'")
    assert 0 < n_corrected < ingests.n_rows
    return Undisturbed(content_of(databases), n_corrected, seconds)


def _kill(
    templates: Server,
    pairs: list[Databases],
    ingests: Ingests,
    undisturbed: Undisturbed,
    *,
    n_kills: int,
    seed: int,
) -> tuple[int, set[str]]:
    """Kill ingests so often, and check what each left; return the kills and the states seen."""
    draws = random.Random(seed)
    n_killed = 0
    seen: set[str] = set()
    while n_killed < n_kills:
        databases = _pair(templates, pairs)
        for name in ("first", "second"):
            path, seconds = getattr(ingests, name), undisturbed.seconds[name]
            for part in range(KILLS_A_WORLD):
                after = 0.95 * seconds * (part + draws.random()) / KILLS_A_WORLD
                exit_code, _ = ingests.run(databases, path, after)
                n_killed += exit_code == -signal.SIGKILL
                seen.add(_state(databases, ingests, undisturbed))
                if n_killed >= n_kills:
                    break
            exit_code, _ = ingests.run(databases, path)
            assert exit_code == 0
            assert _orphans(databases) == []
        assert content_of(databases) == undisturbed.content
        corrected = "SELECT count(*) FROM prices_daily WHERE jsonb_array_length(metadata -> 'revisions') = 1"
        assert count_of(databases, corrected) == undisturbed.n_corrected
    return n_killed, seen


def _state(databases: Databases, ingests: Ingests, undisturbed: Undisturbed) -> str:
    """Return how far an ingest came; a batch is there whole or not at all."""
    n_rows = count_of(databases, "SELECT count(*) FROM prices_daily")
    n_corrected = count_of(databases, "SELECT count(*) FROM prices_daily WHERE metadata ? 'revisions'")
    n_returns = count_of(databases, "SELECT count(*) FROM returns_daily")
    assert n_rows in (0, ingests.n_rows)
    assert n_corrected in (0, undisturbed.n_corrected)
    return f"{n_rows} {n_corrected} {n_returns} {len(_orphans(databases))}"


def _orphans(databases: Databases) -> list[object]:
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        return list(price_batches_belong_to_an_ingest(runtime, historical))


def test_five_kills_of_an_ingest_leave_no_trace(
    templates: Server, pairs: list[Databases], ingests: Ingests, undisturbed: Undisturbed
) -> None:
    n_killed, seen = _kill(templates, pairs, ingests, undisturbed, n_kills=5, seed=19871019)
    assert n_killed >= 5
    assert len(seen) > 1  # they came at different moments


@pytest.mark.long
def test_forty_kills_of_an_ingest_leave_no_trace(
    templates: Server, pairs: list[Databases], ingests: Ingests, undisturbed: Undisturbed
) -> None:
    n_killed, seen = _kill(templates, pairs, ingests, undisturbed, n_kills=40, seed=20080915)
    assert n_killed >= 40
    assert len(seen) > 3
