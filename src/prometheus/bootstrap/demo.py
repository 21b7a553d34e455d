"""The demo: the whole product on the prices that installed packages ship."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus.bootstrap.backtests import run_backtest
from prometheus.bootstrap.markets import derive_if_stale
from prometheus.store.connections import Databases, open_databases
from prometheus.store.settings import Settings

if TYPE_CHECKING:
    from prometheus.adapters.ingest_report import IngestReport
    from prometheus.backtest import BacktestSpec, RunRecord
    from prometheus.flow.progress import Progress

DEMO_STRATEGIES = ("momentum", "reversal", "five_stocks")


@dataclass(frozen=True, slots=True)
class DemoRecord:
    """What the demo did.

    Attributes
    ----------
    ingested : tuple of IngestReport
    runs : tuple of (BacktestSpec, RunRecord)
    written : mapping of str to int
        Rows that this call added, by table.
    stored : mapping of str to int
        Rows that both databases hold now, by table.
    """

    ingested: tuple[IngestReport, ...]
    runs: tuple[tuple[BacktestSpec, RunRecord], ...]
    written: Mapping[str, int]
    stored: Mapping[str, int]


def run_demo(settings: Settings, *, progress: Callable[[str], Progress] | None = None) -> DemoRecord:
    """Build both databases, take real prices in, derive, and run the demo's strategies.

    Every part is idempotent: a second call finds all of it on record and writes nothing.
    """
    from importlib.resources import as_file, files

    from prometheus.adapters.demo_data import ingest_demo
    from prometheus.backtest import spec_from_file
    from prometheus.store.migrations import initialise

    databases = open_databases(settings, check_version=False, may_create=True)
    initialise(databases.runtime_url, "runtime")
    initialise(databases.historical_url, "historical")
    before = _row_counts(databases)
    ingested = ingest_demo(databases, rejects_folder=settings.home / "rejects")
    for report in ingested:
        bar = None if progress is None else progress(f"derive {report.market_id}")
        derive_if_stale(settings, report.market_id, progress=bar)
    runs = []
    folder = files("prometheus.adapters") / "demo_strategies"
    for name in DEMO_STRATEGIES:
        with as_file(folder / f"{name}.toml") as path:
            spec = spec_from_file(path)
        bar = None if progress is None else progress(spec.run.name)
        runs.append((spec, run_backtest(settings, spec, progress=bar)))
    after = _row_counts(databases)
    written = {table: n - before[table] for table, n in after.items() if n != before[table]}
    return DemoRecord(ingested, tuple(runs), written, after)


def _row_counts(databases: Databases) -> dict[str, int]:
    from prometheus.store.status import database_status

    runtime = database_status(databases.runtime_url, "runtime").n_rows
    return {**runtime, **database_status(databases.historical_url, "historical").n_rows}
