"""A backtest from its specification to its record, on real databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from prometheus.bootstrap.markets import derive_if_stale, sessions_of_market
from prometheus.kernel.errors import ConfigError, DateOutsideDataError
from prometheus.kernel.sessions import Sessions
from prometheus.store.connections import Databases, connect, driver_errors, open_databases
from prometheus.store.settings import Settings

if TYPE_CHECKING:
    from prometheus.backtest import BacktestSpec, Plan, RunRecord
    from prometheus.flow.batch import Assets, Context
    from prometheus.flow.progress import Progress
    from prometheus.flow.storage import Storage

BENCHMARK_GAP = np.timedelta64(10, "D")
"""How old the last close of a benchmark may be: markets with other holidays close for a week at most."""


def run_backtest(
    settings: Settings,
    spec: BacktestSpec,
    *,
    progress: Progress | None = None,
    batch_sessions: int | None = None,
) -> RunRecord:
    """Run a specification, or find that it is on record, and return the record.

    Parameters
    ----------
    settings : Settings
    spec : BacktestSpec
    progress : Progress, optional
    batch_sessions : int, optional
        Sessions a transaction, `flow.runner.BATCH_SESSIONS` by default; the outcome does not depend on it.

    Raises
    ------
    ConfigError, DateOutsideDataError, UnknownInstrumentError
        If the specification does not fit the data.
    """
    from prometheus import backtest
    from prometheus.domain.reference.specs import Portfolio, Strategy
    from prometheus.flow.runner import BATCH_SESSIONS, data_fingerprint, run
    from prometheus.flow.world import World
    from prometheus.maths.performance import statistics_mapping
    from prometheus.store.ledger import read_run
    from prometheus.store.postgres import PostgresStorage
    from prometheus.store.reference import register_portfolio, register_strategy

    desk = _opened(settings, spec)
    plan = backtest.planned_sessions(spec.run, desk.sessions, first=desk.first, last=desk.last)
    derive_if_stale(settings, spec.run.market, progress=progress)
    graph = spec.graph()
    with PostgresStorage(desk.databases, desk.sessions, market_id=spec.run.market) as storage:
        context = backtest.context_of(spec, "")
        world = World(context, desk.sessions, desk.assets, _as_known(storage, desk, context), desk.known_at)
        panels, inputs = data_fingerprint(graph, world, plan.days)
        portfolio_id, metadata = _identified(desk, spec, plan, panels)
        name = spec.run.name or spec.run.strategy
        portfolio = Portfolio(portfolio_id, name, spec.run.currency, "A backtest run.", metadata)
        with driver_errors(), connect(desk.databases.runtime_url) as connection:
            found = read_run(connection, portfolio_id)
            if found is not None and "statistics" in found:
                return _record(desk.databases, portfolio_id, spec, written={})
            register_strategy(connection, Strategy(spec.run.strategy, name))
            register_portfolio(connection, portfolio)
        written = run(
            graph,
            spec.configs(),
            replace(world, context=backtest.context_of(spec, portfolio_id)),
            days=plan.days,
            rebalance_days=plan.rebalance_days,
            inputs=inputs,
            progress=progress,
            batch_sessions=batch_sessions or BATCH_SESSIONS,
        )
    record = _record(desk.databases, portfolio_id, spec, written=written)
    statistics = statistics_mapping(backtest.performance_of(record, spec))
    with driver_errors(), connect(desk.databases.runtime_url) as connection:
        register_portfolio(connection, replace(portfolio, metadata={**metadata, "statistics": statistics}))
        stored = read_run(connection, portfolio_id)
    return replace(record, metadata=stored or {})


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a run needs of the databases before it begins.

    ``known_at`` is the moment as of which it reads, ``is_past`` whether deliveries came after it; ``first``
    and ``last`` are the dates that the market's prices cover.
    """

    databases: Databases
    sessions: Sessions
    assets: Assets
    known_at: np.datetime64 | None
    is_past: bool
    first: np.datetime64
    last: np.datetime64


def _opened(settings: Settings, spec: BacktestSpec) -> _Desk:
    """Open the databases, see to the portfolio's cash, and refuse what can't be run on them."""
    from prometheus.backtest import require_one_currency
    from prometheus.domain.reference.markets import known_market
    from prometheus.domain.reference.specs import CASH_MARKET, cash_instrument
    from prometheus.store.assets import read_assets
    from prometheus.store.decisions import known_span
    from prometheus.store.ledger import has_opens, price_span
    from prometheus.store.reference import register_instruments, register_markets

    databases = open_databases(settings)
    market_id, benchmark = spec.run.market, spec.run.benchmark
    sessions = sessions_of_market(databases, market_id)
    with driver_errors(), connect(databases.runtime_url) as connection:
        cash = cash_instrument(spec.run.currency)
        register_markets(connection, [known_market(CASH_MARKET)])
        register_instruments(connection, [cash])
        moment = _aware(spec.run.known_at)
        assets = read_assets(
            connection, market_id=market_id, cash_instrument_id=cash.instrument_id, known_at=moment
        )
        require_one_currency(spec, assets)
        known = known_span(connection, market_id)
    with driver_errors(), connect(databases.historical_url) as connection:
        span = price_span(connection, assets.ids)
        can_open = spec.fills.price != "open" or has_opens(connection, assets.ids)
        has_benchmark = benchmark is None or price_span(connection, [benchmark]) is not None
    if span is None:
        raise DateOutsideDataError(
            f"Market {market_id} has no prices.", remedy="`prometheus ingest prices PATH` brings some."
        )
    if not has_benchmark:
        raise ConfigError(
            f"The benchmark {benchmark} has no prices.", remedy="Set [run] benchmark to one that has."
        )
    if not can_open:
        raise ConfigError(
            f"Orders are to trade at the open, but no price of {market_id} has one.",
            remedy='Set [fills] price = "close".',
        )
    known_at = _naive(spec.run.known_at)
    if known is None:
        return _Desk(databases, sessions, assets, known_at, False, *span)
    first, latest = (_naive(moment) for moment in known)
    assert first is not None
    assert latest is not None
    if known_at is not None and known_at < first:
        raise DateOutsideDataError(
            f"Nothing of {market_id} was known at {known_at}Z; its first prices were delivered at {first}Z.",
            remedy="Set [run] known_at later; `ingest prices --known-at` says when a delivery became known.",
        )
    known_at = latest if known_at is None else known_at
    is_past = bool(known_at < latest)
    return _Desk(databases, sessions, assets, known_at, is_past, *span)


def _as_known(storage: Storage, desk: _Desk, context: Context) -> Storage:
    """Return a storage whose derived tables are those of the run's moment."""
    from prometheus.flow.as_known import AsKnown
    from prometheus.flow.graph import graph_of
    from prometheus.pipeline import default_configs, derivation_steps

    if not desk.is_past:
        return storage
    steps = derivation_steps()
    configs = default_configs(steps)
    return AsKnown(
        storage,
        derivations=graph_of(steps, configs),
        configs=configs,
        context=context,
        sessions=desk.sessions,
    )


def _identified(desk: _Desk, spec: BacktestSpec, plan: Plan, panels: bytes) -> tuple[str, dict[str, Any]]:
    """Return the id of a run's portfolio and what it says of itself, from all the data that it rests on."""
    from prometheus import __version__, backtest
    from prometheus.kernel.ids import digest
    from prometheus.store.ledger import read_closes

    dates = backtest.dates_of(plan, desk.sessions)
    parts = [panels]
    if spec.run.benchmark is not None:
        with driver_errors(), connect(desk.databases.historical_url) as connection:
            known, levels = read_closes(connection, spec.run.benchmark, dates)
        _on(dates, known, levels)
        parts += [known.tobytes(), levels.tobytes()]
    parts += [text.encode() for text in backtest.memberships(spec, desk.assets, desk.sessions, plan)]
    fingerprint = digest(*parts, *backtest.delistings(desk.assets, desk.sessions, plan))
    first, last = str(dates[0]), str(dates[-1])
    metadata = {
        "specification": spec.canonical_body(),
        "first": first,
        "last": last,
        "data_fingerprint": fingerprint.hex(),
        "code_version": __version__,
        "seed": spec.run.seed,
    }
    return backtest.portfolio_id_of(spec, data_fingerprint=fingerprint, first=first, last=last), metadata


def _aware(moment: datetime | None) -> datetime | None:
    """Return a moment with its zone, UTC where it has none."""
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _naive(moment: datetime | None) -> np.datetime64 | None:
    """Return a moment in UTC without its zone, as numpy has it."""
    aware = _aware(moment)
    if aware is None:
        return None
    return np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "us")


def _record(
    databases: Databases, portfolio_id: str, spec: BacktestSpec, *, written: Mapping[str, int]
) -> RunRecord:
    from prometheus.backtest import RunRecord, context_of
    from prometheus.store import ledger

    with driver_errors(), connect(databases.runtime_url) as runtime:
        curve = ledger.read_curve(runtime, portfolio_id)
        holdings = ledger.read_holdings(runtime, portfolio_id)
        trades = ledger.read_trades(runtime, portfolio_id)
        example = ledger.example_fill(runtime, portfolio_id)
        metadata = ledger.read_run(runtime, portfolio_id) or {}
        dividends = ledger.read_dividends(runtime, context_of(spec, portfolio_id).context_id("portfolio"))
        name = ledger.read_name(runtime, spec.run.benchmark) if spec.run.benchmark else ""
        states = tuple(ledger.read_order_states(runtime, portfolio_id))
    benchmark = None
    if spec.run.benchmark is not None:
        with driver_errors(), connect(databases.historical_url) as historical:
            found = ledger.read_closes(historical, spec.run.benchmark, curve.dates)
        benchmark = _on(curve.dates, *found)
    return RunRecord(
        portfolio_id,
        metadata,
        curve,
        trades,
        holdings,
        dividends,
        benchmark,
        example,
        written,
        benchmark_name=name,
        order_states=states,
    )


def _on(
    dates: np.ndarray[Any, Any], known: np.ndarray[Any, Any], levels: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Return levels on dates, the last known one where a date has none.

    Raises
    ------
    ConfigError
        If there is none within `BENCHMARK_GAP` of some date.
    """
    place = np.searchsorted(known, dates, side="right") - 1
    is_late = (place < 0) | (dates - known[np.maximum(place, 0)] > BENCHMARK_GAP)
    if is_late.any():
        raise ConfigError(
            f"The benchmark has prices from {known[0]} to {known[-1]}, and none near {dates[is_late][0]}.",
            remedy="Choose dates that it covers, another [run] benchmark, or none.",
        )
    out: np.ndarray[Any, Any] = levels[place]
    return out
