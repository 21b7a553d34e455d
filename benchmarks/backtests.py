"""Jobs M and D: the whole run beside the clock, its writing beside a COPY, its equity beside a loop.

The whole run goes from the parsed specification to the statistics in the row of the portfolio: reading
prices, digests, every step, every row and decision committed, reading the ledger back, statistics. Prices
are imported and derived, libraries imported and the calendar built before. Its phases are measured apart:
reading, and computing with a storage that throws rows away; writing is the rest of the whole run, so it
holds the ledger and the statistics too.

The plain COPY takes the very rows of the run, as they lie in the tables, into the same tables in a database
in which nothing else was decided yet: the same keys, checks, indexes and triggers, one connection, one table
after the other in the order of their references.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from benchmarks import plain_copy
from benchmarks.clock import timed
from benchmarks.figure import Figure, Report, at_most, beside, seconds
from benchmarks.jobs import MOST_SECONDS, Job, looped, spec, spec_body
from benchmarks.parents import copy_parents
from benchmarks.phases import Phases, phases
from benchmarks.place import Place, name_in
from benchmarks.stored import StoredPanel, stored_panel
from prometheus.backtest import RunRecord
from prometheus.bootstrap import run_backtest
from prometheus.store.connections import Databases
from prometheus.store.settings import Settings

MOST_BEFORE_WRITING = 1.5
MOST_WRITING = 1.5
SAME_EQUITY = 1e-6
TABLES = (
    "engine_decisions",
    "instrument_scores",
    "universes",
    "target_portfolios",
    "portfolio_risk_reports",
    "orders",
    "fills",
    "executed_actions",
    "positions_snapshots",
    "decision_outcomes",
)
OF_A_RUN = {"engine_decisions": "engine_name NOT IN ('INGEST', 'DERIVE')"}


@dataclass(frozen=True, slots=True)
class _Round:
    whole: float
    phases: Phases
    limits: dict[str, float]
    record: RunRecord


def job_m(place: Place, repeats: int) -> Report:
    """Measure job M."""
    return _measured("M", place, repeats)


def job_d(place: Place, repeats: int) -> Report:
    """Measure job D."""
    return _measured("D", place, repeats)


def _measured(job: Job, place: Place, repeats: int) -> Report:
    databases, _ = place.filled()
    panel = stored_panel(databases)
    whole = panel.whole()
    _warm(place, job, whole)
    rounds = [_round(place, job, whole) for _ in range(repeats)]
    loop_took, loop = timed(lambda: looped(job, whole))
    best = min(rounds, key=lambda one: one.whole)
    before = min((one.phases for one in rounds), key=lambda one: one.together)
    limit = min(one.limits["text"] for one in rounds)
    writing = best.whole - before.together
    curve = best.record.curve.value
    expected = loop.equity[-len(curve) :]
    difference = abs(curve[-1] - expected[-1])
    relative = difference / expected[-1]
    along = float(np.max(np.abs(curve / expected - 1.0)))
    n_rows = sum(best.record.written.values())
    together = at_most("reading, computing and simulating", before.together, MOST_BEFORE_WRITING)
    return Report(
        f"job_{job.lower()}",
        f"Job {job}",
        (
            at_most(f"the whole run, {n_rows:,} rows stored", best.whole, MOST_SECONDS[job]),
            Figure("reading and digests", seconds(before.reading)),
            Figure("computing and simulating", seconds(before.computing)),
            together,
            beside("writing: the rest of the whole run", writing, "plain COPY", limit, most=MOST_WRITING),
            Figure(
                "final equity",
                f"{curve[-1]:,.6f}",
                f"{expected[-1]:,.6f} plain loop",
                None,
                f"equal to {SAME_EQUITY:g}",
                bool(relative <= SAME_EQUITY),
            ),
        ),
        (
            (
                f"{len(whole.names)} of {len(panel.names)} names have all {len(panel.dates):,} sessions and "
                "every field and volume on each; a rejected bar is not stored, so its name lacks a session."
            ),
            (
                f"Equity differs by {difference:.3g}, relative {relative:.2g}; along the curve by at most "
                f"{along:.2g}. The loop, which stores nothing, makes {loop.n_trades:,} trades in "
                f"{seconds(loop_took)}; its cash never falls below {loop.least_cash:,.0f}."
            ),
            "Rows: " + ", ".join(f"{t} {n:,}" for t, n in sorted(best.record.written.items())) + ".",
            (
                f"Each round: {_listed(one.whole for one in rounds)}; plain COPY in text "
                f"{_listed(one.limits['text'] for one in rounds)}, in binary format "
                f"{_listed(one.limits['binary'] for one in rounds)}."
            ),
        ),
    )


def _listed(times: Iterable[float]) -> str:
    return ", ".join(map(seconds, times))


def _warm(place: Place, job: Job, panel: StoredPanel) -> None:
    """Run a few weeks of the job, so that every library is imported and every kernel loaded."""
    with place.for_a_run() as settings:
        run_backtest(settings, spec(spec_body(job, panel, last={"M": 300, "D": 30}[job])))


def _round(place: Place, job: Job, panel: StoredPanel) -> _Round:
    body = spec_body(job, panel)
    filled, _ = place.filled()
    with place.for_a_run() as settings:
        took, record = timed(lambda: run_backtest(settings, spec(body)))
        place.checkpoint()
        apart = min((phases(_databases(settings), spec(body)) for _ in range(2)), key=lambda p: p.together)
        limits = {
            layout: _plain(place, settings, name_in(filled.runtime_url), layout)
            for layout in plain_copy.FORMATS
        }
    return _Round(took, apart, limits, record)


def _plain(place: Place, settings: Settings, template: str, layout: str) -> float:
    source = _databases(settings).runtime_url
    rows = plain_copy.copied_out(source, TABLES, layout=layout, where=OF_A_RUN)
    with place.clone(template) as url:
        copy_parents(source, url)
        place.checkpoint()
        took = plain_copy.seconds_in(url, rows, layout=layout)
        stored = plain_copy.n_rows(url, TABLES, where=OF_A_RUN)
    wanted = plain_copy.n_rows(source, TABLES, where=OF_A_RUN)
    assert stored == wanted, f"plain COPY stored {stored}, the run {wanted}"
    return took


def _databases(settings: Settings) -> Databases:
    assert settings.runtime_url is not None
    assert settings.historical_url is not None
    return Databases(settings.runtime_url, settings.historical_url)
