"""Reading and computing by themselves: a run whose storage throws away what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import numpy as np
import psycopg

from benchmarks.clock import timed
from prometheus import backtest
from prometheus.bootstrap import sessions_of_market
from prometheus.flow.runner import data_fingerprint, run
from prometheus.flow.storage import WriteJob
from prometheus.flow.world import World
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect
from prometheus.store.decisions import known_span
from prometheus.store.ledger import price_span
from prometheus.store.postgres import PostgresStorage


class Discarding(PostgresStorage):
    """Reads like the real one; its writers make every row and every decision, and throw them away."""

    def _write(self, connection: psycopg.Connection[Any], job: WriteJob) -> Mapping[str, int]:  # noqa: ARG002
        for make in job.parts:
            make()
        return {}


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds of the phases before writing.

    Attributes
    ----------
    reading : float
        Instruments and panels out of the database, and the digest of them.
    computing : float
        Fingerprints, decisions, and every row of every step, complete with ids and metadata.
    """

    reading: float
    computing: float

    @property
    def together(self) -> float:
        """Return the sum."""
        return self.reading + self.computing


def phases(databases: Databases, spec: backtest.BacktestSpec) -> Phases:
    """Measure a specification without its writing."""
    market = spec.run.market
    sessions = sessions_of_market(databases, market)
    with connect(databases.runtime_url) as runtime:
        ids = read_assets(runtime, market_id=market).ids
    with connect(databases.historical_url) as historical:
        span = price_span(historical, ids)
    assert span is not None
    graph = spec.graph()
    plan = backtest.planned_sessions(spec.run, sessions, first=span[0], last=span[1])
    with Discarding(databases, sessions, market_id=spec.run.market) as storage:

        def read() -> tuple[World, object]:
            with connect(databases.runtime_url) as runtime:
                assets = read_assets(
                    runtime, market_id=market, cash_instrument_id=f"CASH:{spec.run.currency}"
                )
                known = known_span(runtime, market)
            assert known is not None
            known_at = np.datetime64(known[1].astimezone(UTC).replace(tzinfo=None), "us")
            world = World(backtest.context_of(spec, "discarded"), sessions, assets, storage, known_at)
            return world, data_fingerprint(graph, world, plan.days)[1]

        reading, (world, inputs) = timed(read)
        computing, _ = timed(
            lambda: run(
                graph,
                spec.configs(),
                world,
                days=plan.days,
                rebalance_days=plan.rebalance_days,
                inputs=inputs,  # type: ignore[arg-type]
            )
        )
    return Phases(reading, computing)
