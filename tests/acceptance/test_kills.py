"""SIGKILL at random moments of a backtest: what stands in the end is what an undisturbed run writes."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from prometheus.store.connections import Databases
from tests import world
from tests.steps.worlds import Stored, Worlds, stored, unlike

# Everything is imported once; each run is a child of its own, forked before any thread exists.
PROGRAM = """
import json, os, signal, sys, time, traceback
from pathlib import Path
import prometheus.pipeline, prometheus.maths.performance, prometheus.store.postgres
from prometheus.backtest import spec_of
from prometheus.bootstrap import run_backtest
from prometheus.kernel.sessions import sessions_of
from prometheus.store.settings import Settings

home = sys.argv[1]
spec = spec_of(json.loads(sys.argv[2]), where="tests")
sessions_of({"calendar": "XNYS"})  # takes longer than the run
for line in sys.stdin:
    runtime_url, historical_url, after = json.loads(line)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            settings = Settings(Path(home), f"file://{home}/artifacts", runtime_url, historical_url)
            run_backtest(settings, spec, batch_sessions=3)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - began]), flush=True)
"""
N_SESSIONS = 160
KILLS_A_WORLD = 5


@dataclass(frozen=True, slots=True)
class Runs:
    """Starts backtests in processes of their own."""

    server: subprocess.Popen[str]

    def finished(self, databases: Databases) -> float:
        """Run to the end and return how many seconds it took."""
        exit_code, seconds = self._run(databases, None)
        assert exit_code == 0
        return seconds

    def killed(self, databases: Databases, after: float) -> bool:
        """Kill a run some seconds after its start; return False if it was done before."""
        exit_code, _ = self._run(databases, after)
        return exit_code == -signal.SIGKILL

    def _run(self, databases: Databases, after: float | None) -> tuple[int, float]:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        asked = [databases.runtime_url, databases.historical_url, after]
        self.server.stdin.write(json.dumps(asked) + "\n")
        self.server.stdin.flush()
        exit_code, seconds = json.loads(self.server.stdout.readline())
        return int(exit_code), float(seconds)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    body = world.specification()
    body["run"] |= {"rebalance": "daily", "start": str(world.dates_of_world()[-N_SESSIONS])}
    words = [str(tmp_path_factory.mktemp("kills")), json.dumps(body)]
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield Runs(server)
        assert server.stdin is not None
        server.stdin.close()


@pytest.fixture(scope="module")
def undisturbed(worlds: Worlds, runs: Runs) -> tuple[Stored, float]:
    """What a run writes that nobody disturbs, and how long it takes."""
    runs.finished(worlds.clone())  # the first one reads programs from the disk
    databases = worlds.clone()
    seconds = runs.finished(databases)
    return stored(databases), seconds


def _broken_by_kills(
    worlds: Worlds, runs: Runs, undisturbed: tuple[Stored, float], *, n_kills: int, seed: int
) -> tuple[dict[str, str], int, set[int]]:
    """Return the tables that differ after kills and a last run, the kills, and the decisions after each."""
    expected, seconds = undisturbed
    draws = random.Random(seed)
    n_killed = 0
    broken: dict[str, str] = {}
    seen: set[int] = set()
    while n_killed < n_kills:
        databases = worlds.clone()
        for part in range(min(KILLS_A_WORLD, n_kills - n_killed)):
            # One in each fifth of the run, at any moment of it.
            if not runs.killed(databases, 0.95 * seconds * (part + draws.random()) / KILLS_A_WORLD):
                break
            n_killed += 1
            seen.add(len(stored(databases, tables=["engine_decisions"])["engine_decisions"]))
        runs.finished(databases)
        broken |= unlike(expected, stored(databases))
    return broken, n_killed, seen


def test_five_kills_of_a_backtest_leave_no_trace(
    worlds: Worlds, runs: Runs, undisturbed: tuple[Stored, float]
) -> None:
    broken, n_killed, seen = _broken_by_kills(worlds, runs, undisturbed, n_kills=5, seed=20121029)
    assert broken == {}
    assert n_killed == 5
    assert len(seen) > 1  # they came at different moments


@pytest.mark.long
def test_fifty_kills_of_a_backtest_leave_no_trace(
    worlds: Worlds, runs: Runs, undisturbed: tuple[Stored, float]
) -> None:
    broken, n_killed, seen = _broken_by_kills(worlds, runs, undisturbed, n_kills=50, seed=20010911)
    assert broken == {}
    assert n_killed == 50
    assert len(seen) > 10
