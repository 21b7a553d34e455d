"""SIGKILL at random moments of a delivery of news: never half a batch, and the same in the end."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from prometheus.store.connections import Databases, connect
from prometheus.store.reference import register_instruments, register_issuers, register_markets

# Everything is imported once; each run is a child of its own.
PROGRAM = """
import json, os, signal, sys, time, traceback
from datetime import UTC, datetime
from pathlib import Path
import prometheus.adapters.news_door as door
from prometheus.store.connections import Databases

for line in sys.stdin:
    runtime_url, historical_url, after = json.loads(line)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            known_at = datetime(2024, 1, 2, tzinfo=UTC)
            databases = Databases(runtime_url, historical_url)
            door.ingest_news(databases, [Path(sys.argv[1])], zone=UTC, known_at=known_at)
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
N_ARTICLES = 1500


@dataclass(frozen=True)
class Deliveries:
    """Takes the same file in, again and again, in processes of their own."""

    server: subprocess.Popen[str]

    def run(self, databases: Databases, after: float | None = None) -> tuple[int, float]:
        """Return the exit code and the seconds of a run, killed some seconds after its start."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps([databases.runtime_url, databases.historical_url, after]) + "\n")
        self.server.stdin.flush()
        exit_code, seconds = json.loads(self.server.stdout.readline())
        return int(exit_code), float(seconds)


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deliveries]:
    path = tmp_path_factory.mktemp("kills") / "news.csv"
    names = ("Quorvane", "Zylotech", "Nobody")
    lines = [
        f"{names[i % 3]} says number {i},2020-{1 + i % 12:02}-{1 + i % 28:02} 10:00"
        for i in range(N_ARTICLES)
    ]
    path.write_text("\n".join(["headline,time", *lines]))
    words = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(path)]
    # polars must not have started its threads before the fork
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        yield Deliveries(server)
        assert server.stdin is not None
        server.stdin.close()


def fill(databases: Databases) -> None:
    from prometheus.domain.reference.markets import known_market
    from prometheus.domain.reference.specs import Instrument, Issuer

    named = {"QV": "Quorvane Corp", "ZYL": "Zylotech Inc"}
    with connect(databases.runtime_url) as runtime:
        register_markets(runtime, [known_market("US_EQ")])
        register_issuers(runtime, [Issuer(f"I:{symbol}", name) for symbol, name in named.items()])
        register_instruments(
            runtime, [Instrument(f"US_EQ:{s}", "US_EQ", s, issuer_id=f"I:{s}") for s in named]
        )


def empty(databases: Databases) -> None:
    """Take out what a run wrote, as a retention tool would."""
    for url, tables in (
        (databases.historical_url, ("news_links", "news_articles")),
        (databases.runtime_url, ("engine_decisions",)),
    ):
        with connect(url) as connection:
            connection.execute("SET LOCAL prometheus.retention = 'on'")
            for table in tables:
                connection.execute(f"DELETE FROM {table}")


def written(databases: Databases) -> tuple[list[object], list[object], list[object]]:
    """Return articles, links and decisions without row numbers and the moments of writing."""
    with connect(databases.historical_url) as historical, connect(databases.runtime_url) as runtime:
        return (
            historical.execute(
                "SELECT timestamp, source, headline, metadata FROM news_articles ORDER BY headline"
            ).fetchall(),
            historical.execute(
                "SELECT headline, issuer_id, instrument_id FROM news_links JOIN news_articles"
                " USING (article_id) ORDER BY 1, 2, 3"
            ).fetchall(),
            runtime.execute(
                "SELECT decision_id, input_refs, raw_input_summary, proposed_action FROM engine_decisions"
            ).fetchall(),
        )


def broken_by_kills(databases: Databases, deliveries: Deliveries, *, n_kills: int, seed: int) -> list[str]:
    """Return what was not as it should be after kills and a last run."""
    fill(databases)
    deliveries.run(databases)  # the first one reads programs from the disk
    empty(databases)
    exit_code, seconds = deliveries.run(databases)
    assert exit_code == 0
    expected = written(databases)
    assert len(expected[0]) == N_ARTICLES
    assert len(expected[1]) == N_ARTICLES * 2 // 3
    draws = random.Random(seed)
    broken: list[str] = []
    n_killed = 0
    while n_killed < n_kills:
        empty(databases)
        after = seconds * draws.uniform(0.3, 1.0)
        if deliveries.run(databases, after)[0] != -signal.SIGKILL:
            seconds *= 0.97  # it was done before
            continue
        n_killed += 1
        articles, links, _ = written(databases)
        if (len(articles), len(links)) not in ((0, 0), (len(expected[0]), len(expected[1]))):
            broken.append(f"half a batch after {after:.3f} s: {len(articles)} articles, {len(links)} links")
        deliveries.run(databases)
        if written(databases) != expected:
            broken.append(f"another end after {after:.3f} s")
    return broken


def test_five_kills_of_a_delivery_leave_no_trace(databases: Databases, deliveries: Deliveries) -> None:
    assert broken_by_kills(databases, deliveries, n_kills=5, seed=20200717) == []


@pytest.mark.long
def test_forty_kills_of_a_delivery_leave_no_trace(databases: Databases, deliveries: Deliveries) -> None:
    assert broken_by_kills(databases, deliveries, n_kills=40, seed=20210428) == []
