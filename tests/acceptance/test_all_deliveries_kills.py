"""SIGKILL at random moments of every verb that writes: never half a batch, and in the end as without a kill.

One house is built twice, from instruments to profiles. The first time nobody disturbs it. The second time
each verb is killed several times before it may end, at moments spread over the seconds that it took; after
every kill each table holds what it held before the verb, or what it holds after it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from prometheus.schema.tables import TABLES
from prometheus.store.connections import Databases, connect
from tests.conftest import Server, _clone_numbers
from tests.deliveries import seeded_bars

# Everything is imported once; each verb runs in a child of its own, forked before any thread exists.
PROGRAM = """
import json, os, signal, sys, time, traceback
import prometheus.pipeline, prometheus.bootstrap, prometheus.store.postgres, prometheus.cli.ingest
import prometheus.adapters.price_door, prometheus.adapters.price_files, prometheus.adapters.instrument_files
import prometheus.adapters.news_door, prometheus.adapters.events_door, prometheus.adapters.factors_door
from prometheus.cli.app import run
from prometheus.kernel.sessions import sessions_of

sessions_of({"calendar": "XNYS"})  # takes longer than most verbs
for line in sys.stdin:
    runtime_url, historical_url, home, words, after = json.loads(line)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.environ["PROMETHEUS_RUNTIME_URL"] = runtime_url
        os.environ["PROMETHEUS_HISTORICAL_URL"] = historical_url
        os.environ["PROMETHEUS_HOME"] = home
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            code = run(words)
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
N_NAMES, N_SESSIONS, N_REPORTS = 24, 320, 8
KILLS_A_VERB = 4
MARKET = ("--market", "US_EQ")
KNOWN = ("--known-at", "2024-01-02T00:00Z")
UNTOLD = ("created_at", "updated_at")
"""Columns that say when a row was written."""
IDS = ("article_id", "filing_id", "call_id", "event_id")
WRITTEN = {name: spec for name, spec in TABLES.items() if name not in ("engine_configs", "markets")}
BY_SESSION = {"profiles"}
"""Verbs that commit one session after the other, each whole."""
BY_TABLE = {"derive"}
"""Verbs that commit one table after the other, each whole; their decisions come last."""


@dataclass(frozen=True, slots=True)
class House:
    """A pair of databases and a home, and the process that runs verbs on them."""

    server: subprocess.Popen[str]
    databases: Databases
    home: Path

    def run(self, words: tuple[str, ...], after: float | None = None) -> tuple[int, float]:
        """Return the exit code and the seconds; with ``after`` it is killed then."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        urls = [self.databases.runtime_url, self.databases.historical_url]
        self.server.stdin.write(json.dumps([*urls, str(self.home), list(words), after]) + "\n")
        self.server.stdin.flush()
        exit_code, seconds = json.loads(self.server.stdout.readline())
        return int(exit_code), float(seconds)

    def sizes(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        return {name: rows[0][0] for name, rows in self._asked("SELECT count(*) FROM {name}").items()}

    def sessions(self) -> dict[str, int]:
        """Return the number of profiles of each session."""
        with connect(self.databases.runtime_url) as runtime:
            query = "SELECT as_of_date::text, count(*) FROM profiles GROUP BY 1"
            return dict(runtime.execute(query.encode()).fetchall())

    def content(self) -> dict[str, list[str]]:
        """Return what every row says, without the moments of writing and the numbers of rows."""
        left_out = ", ".join(f"'{name}'" for name in (*UNTOLD, *IDS))
        query = "SELECT (to_jsonb(t) - ARRAY[" + left_out + "])::text FROM {name} t ORDER BY 1"
        found = {name: [row[0] for row in rows] for name, rows in self._asked(query).items()}
        found["engine_decisions"] = [_without_timestamp(text) for text in found["engine_decisions"]]
        return found

    def _asked(self, query: str) -> dict[str, list[tuple]]:
        found = {}
        with (
            connect(self.databases.runtime_url) as runtime,
            connect(self.databases.historical_url) as historical,
        ):
            for name, spec in WRITTEN.items():
                connection = historical if spec.database == "historical" else runtime
                found[name] = connection.execute(query.replace("{name}", name).encode()).fetchall()
        return found


def _without_timestamp(text: str) -> str:
    decision = json.loads(text)
    del decision["timestamp"]
    decision["input_refs"].pop("deliveries", None)  # when they were recorded
    return json.dumps(decision, sort_keys=True)


@pytest.fixture(scope="module")
def verbs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """What builds the house, in order."""
    folder = tmp_path_factory.mktemp("deliveries")
    names = [f"N{place}" for place in range(N_NAMES)]
    bars = seeded_bars(N_NAMES, N_SESSIONS)
    bars.write_csv(folder / "prices.csv")
    lines = [f"{name},Firm {name} Corp,Sector {ord(name[-1]) % 3},2014-01-02" for name in names]
    (folder / "instruments.csv").write_text("\n".join(["symbol,name,sector,listed", *lines]))
    days = [str(day) for day in bars["date"].unique().sort()]
    lines = [f"{day},{0.0001 * (n % 37)},{0.0002 * (n % 17)}" for n, day in enumerate(days)]
    (folder / "factors.csv").write_text("\n".join(["date,ALPHA,BETA", *lines]))
    lines = [f"{day},{2.0 + 0.01 * (n % 50)}" for n, day in enumerate(days)]
    (folder / "DGS10.csv").write_text("\n".join(["DATE,DGS10", *lines]))
    wednesdays = [date(2014, 1, 8) + timedelta(weeks=n) for n in range(50)]
    for kind in ("statements", "filings", "calls"):
        (folder / kind).mkdir()
    for day in wednesdays:
        (folder / "statements" / f"{day:%Y%m%d}.txt").write_text(f"The Committee met on {day}.")
        for name in names[:3]:
            (folder / "calls" / f"{day:%Y%m%d}_{name}.txt").write_text(f"{name} speaks on {day}.")
    index = ["form,ticker,accession,period_end,accepted_at,file"]
    reports = ["symbol,period_end,months,filing_type,accepted_at,revenue,op_income,net_income,assets,equity"]
    for place, name in enumerate(names):
        for quarter in range(N_REPORTS):
            ends = date(2013, 3, 31) + timedelta(days=91 * quarter)
            accepted = f"{ends + timedelta(days=30)}T16:05:00-05:00"
            accession = f"{place:010}-13-{quarter:06}"
            (folder / "filings" / f"{accession}.txt").write_text(f"Quarter {quarter} of {name}.")
            index.append(f"10-Q,{name},{accession},{ends},{accepted},{accession}.txt")
            numbers = f"{100 + place + quarter},{12 + quarter},{7 + place},{900 + place},{400 - quarter}"
            reports.append(f"{name},{ends},3,10-Q,{accepted},{numbers}")
    (folder / "filings" / "index.csv").write_text("\n".join(index))
    (folder / "reports.csv").write_text("\n".join(reports))
    lines = [f"Firm {names[n % N_NAMES]} says {n},{days[n % len(days)]} 10:00" for n in range(1500)]
    (folder / "news.csv").write_text("\n".join(["headline,time", *lines]))

    def ingest(kind: str, name: str, *options: str) -> tuple[str, ...]:
        return ("ingest", kind, str(folder / name), *options, *KNOWN)

    return {
        "instruments": ingest("instruments", "instruments.csv", *MARKET),
        "prices": ingest("prices", "prices.csv", *MARKET, "--no-derive"),
        "factors": ingest("factors", "factors.csv"),
        "macro": ingest("macro", "DGS10.csv"),
        "events": ingest("events", "statements", "--kind", "FOMC_STATEMENT"),
        "filings": ingest("filings", "filings", *MARKET),
        "calls": ingest("calls", "calls", *MARKET),
        "fundamentals": ingest("fundamentals", "reports.csv", *MARKET),
        "news": ingest("news", "news.csv", "--zone", "America/New_York"),
        "derive": ("derive", *MARKET),
        "profiles": ("profiles", *MARKET),
    }


@pytest.fixture
def houses(templates: Server, tmp_path: Path) -> Iterator[list[House]]:
    """Three houses without any row: one to read programs from the disk, one undisturbed, one for kills."""
    made = []
    environment = {**os.environ, "PROMETHEUS_HOME": str(tmp_path / "home")}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as server:
        clones = []
        for place in range(3):
            names = {name: f"{name}_all_kills_{next(_clone_numbers)}" for name in ("runtime", "historical")}
            templates.execute(
                *(f"CREATE DATABASE {db} TEMPLATE template_{name}" for name, db in names.items())
            )
            clones += names.values()
            databases = Databases(templates.url(names["runtime"]), templates.url(names["historical"]))
            made.append(House(server, databases, tmp_path / f"home{place}"))
        yield made
        assert server.stdin is not None
        server.stdin.close()
    templates.execute(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in clones))


@pytest.mark.long
def test_forty_kills_of_every_verb_leave_no_trace(
    houses: list[House], verbs: dict[str, tuple[str, ...]]
) -> None:
    warm, calm, stormy = houses
    draws = random.Random(19291029)
    n_killed, seconds = 0, {}
    for name, words in verbs.items():
        assert warm.run(words)[0] == 0, name
    for name, words in verbs.items():
        before = calm.sizes()
        exit_code, seconds[name] = calm.run(words)
        assert exit_code == 0, name
        after, sessions = calm.sizes(), calm.sessions()
        assert after != before, name
        for part in range(KILLS_A_VERB):
            moment = seconds[name] * (part + draws.random()) / KILLS_A_VERB
            n_killed += stormy.run(words, moment)[0] == -signal.SIGKILL
            left = stormy.sizes()
            if name in BY_SESSION:
                assert stormy.sessions().items() <= sessions.items()
                continue
            half = {t: n for t, n in left.items() if n not in (before[t], after[t])}
            if name in BY_TABLE:
                half.pop("engine_decisions", None)
            assert half == {}, f"{name}, killed after {moment:.3f} s of {seconds[name]:.3f}"
        assert stormy.run(words)[0] == 0, name
        assert stormy.sizes() == after, name
    expected, found = calm.content(), stormy.content()
    for table, rows in expected.items():
        assert found[table] == rows, table
    assert n_killed >= 30
    checked, _ = stormy.run(("db", "check"))
    assert checked == 0
