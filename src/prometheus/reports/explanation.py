"""The way back from a fill, an order or a decision to the rows that were read.

1. A fill leads to its order, an order to the decision that planned it, and that one to the decisions whose
   rows it read: target portfolio, scores, universe. Positions are not followed: they lead to the day before.
2. Each decision comes with its config, models, and a check: its inputs are read again and their digests
   compared with those on record; its id is derived again.
3. For the instrument in question, the rows of each read come as they were believed when the decision was
   made, with the delivery that brought them, and each alpha family is asked again what it makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np

from prometheus.bootstrap import sessions_of_market
from prometheus.domain.selection.alphas import FAMILIES
from prometheus.kernel.sessions import Sessions
from prometheus.reports.explanation_signals import Signal, signal_of
from prometheus.store import explain
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.explain import Connection, Kind, Row
from prometheus.store.explain_inputs import (
    InputCheck,
    InputRow,
    checked_inputs,
    is_id_consistent,
    moment_of,
    rows_read,
)
from prometheus.store.postgres import PostgresStorage

FOLLOWED = ("orders", "target_portfolios", "instrument_scores", "universes")
"""Tables whose rows lead on to the decision that wrote them."""
N_BEST_SCORES = 20


@dataclass(frozen=True, slots=True)
class RowsRead:
    """An instrument's rows in one read of a decision: all of them, and those that its families used."""

    step: str
    table: str
    columns: tuple[str, ...]
    first: str
    last: str
    rows: tuple[InputRow, ...]
    used: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DecisionStory:
    """A decision with all that shows how it was made, and whether it could be made again."""

    step: str
    decision: Row
    models: list[Row]
    inputs: list[InputCheck]
    is_id_consistent: bool | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that stands behind a fill, an order or a decision; None and empty where there is nothing."""

    kind: Kind
    id: str
    instrument: Row | None = None
    fill: Row | None = None
    order: Row | None = None
    fills: list[Row] = field(default_factory=list)
    positions: list[Row] = field(default_factory=list)
    target: Row | None = None
    score: Row | None = None
    signals: list[Signal] = field(default_factory=list)
    universe: Row | None = None
    risk: Row | None = None
    outcomes: list[Row] = field(default_factory=list)
    output: dict[str, list[Row]] = field(default_factory=dict)
    decisions: list[DecisionStory] = field(default_factory=list)
    rows: list[RowsRead] = field(default_factory=list)
    derivations: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)


def explanation_of(databases: Databases, kind: Kind, text: str) -> Explanation:
    """Return what stands behind an id.

    Parameters
    ----------
    databases : Databases
    kind : {"fill", "order", "decision"}
    text : str
        An id, or the beginning of one.

    Raises
    ------
    UsageError
        If no such thing is on record, or several begin with these digits.
    """
    with driver_errors(), connect(databases.runtime_url) as runtime:
        found = explain.found_id(runtime, kind, text)
        with connect(databases.historical_url) as historical:
            trail = _Trail(databases, runtime, historical)
            if kind == "decision":
                return trail.of_decision(found)
            return trail.of_order(kind, found)


class _Trail:
    """The connections and the market of one explanation."""

    def __init__(self, databases: Databases, runtime: Connection, historical: Connection) -> None:
        self._databases = databases
        self._runtime = runtime
        self._historical = historical
        self._sessions: dict[str, Sessions] = {}

    def of_order(self, kind: Kind, found: UUID) -> Explanation:
        fill = explain.fill(self._runtime, found) if kind == "fill" else None
        order = explain.order(self._runtime, found if fill is None else fill["order_id"])
        assert order is not None
        fills = explain.fills_of_order(self._runtime, order["order_id"])
        planned = explain.decision(self._runtime, order["decision_id"])
        assert planned is not None
        instrument_id = order["instrument_id"]
        starts = []
        traded_on = [one["timestamp"].date() for one in ([fill] if fill else fills)]
        if traded_on:
            settled = explain.settling_decision(self._runtime, planned["context_id"], str(traded_on[0]))
            starts += [settled] if settled else []
        starts.append(order["decision_id"])
        risk = explain.risk_report(self._runtime, order["portfolio_id"], planned["as_of_date"])
        if risk is not None:
            starts.append(UUID(risk["metadata"]["decision_id"]))
        held = explain.positions(
            self._runtime,
            order["portfolio_id"],
            order["mode"],
            instrument_id,
            [planned["as_of_date"], *traded_on],
        )
        return self._explained(
            kind,
            found,
            starts,
            instrument_id,
            fill=fill,
            order=order,
            fills=fills,
            positions=held,
            risk=risk,
        )

    def of_decision(self, found: UUID) -> Explanation:
        row = explain.decision(self._runtime, found)
        assert row is not None
        return self._explained("decision", found, [found], None, output=self._output(row))

    def _explained(
        self, kind: Kind, found: UUID, starts: Sequence[UUID], instrument_id: str | None, **known: Any
    ) -> Explanation:
        rows = self._upstream(starts)
        market_id = self._market(instrument_id, rows)
        stories = self._stories(rows, market_id)
        by_step = {row["input_refs"].get("step"): row for row in reversed(rows)}
        targeted, scored = by_step.get("target_portfolios"), by_step.get("instrument_scores")
        outcomes = explain.outcomes(self._runtime, (targeted or rows[0])["decision_id"])
        body: dict[str, Any] = {"decisions": stories, "outcomes": outcomes, **known}
        if targeted is not None:
            body["target"] = explain.target_of(self._runtime, targeted)
        if instrument_id is not None:
            body["instrument"] = explain.instrument(self._runtime, instrument_id)
            reads = [read for row in rows for read in self._reads(row, instrument_id)]
            if scored is not None:
                body["score"] = explain.score_of(self._runtime, scored, instrument_id)
                body["signals"], reads = self._signals(scored, reads, market_id)
            if "universes" in by_step:
                body["universe"] = self._tier(by_step["universes"], instrument_id)
            body["rows"] = reads
            batches = {row.batch for read in reads for row in read.rows if row.batch}
            body["deliveries"] = explain.batch_decisions(self._runtime, sorted(batches))
        derived = sorted({i.table for s in stories for i in s.inputs} - {"prices_daily"})
        if market_id is not None and derived:
            date = rows[0]["as_of_date"]
            body["derivations"] = explain.derivations(self._runtime, market_id, derived, date)
        return Explanation(kind, str(found), **body)

    def _upstream(self, starts: Sequence[UUID]) -> list[Row]:
        """Return the decisions and those whose rows they read, each once."""
        todo = list(starts)
        rows: dict[UUID, Row] = {}
        while todo:
            at = todo.pop(0)
            row = None if at in rows else explain.decision(self._runtime, at)
            if row is None:
                continue
            rows[at] = row
            upstream = row["input_refs"].get("upstream", {})
            todo += [UUID(upstream[table]) for table in FOLLOWED if table in upstream]
        return list(rows.values())

    def _market(self, instrument_id: str | None, rows: Sequence[Row]) -> str | None:
        if instrument_id is not None:
            found = explain.instrument(self._runtime, instrument_id)
            return None if found is None else str(found["market_id"])
        names = (explain.market_of(self._runtime, row["context_id"]) for row in rows)
        return next((name for name in names if name is not None), None)

    def _sessions_of(self, market_id: str) -> Sessions:
        if market_id not in self._sessions:
            self._sessions[market_id] = sessions_of_market(self._databases, market_id)
        return self._sessions[market_id]

    def _stories(self, rows: Sequence[Row], market_id: str | None) -> list[DecisionStory]:
        with self._checker(market_id) as check:
            return [
                DecisionStory(
                    step=row["input_refs"].get("step") or row["engine_name"],
                    decision=row,
                    models=explain.models(self._runtime, row["input_refs"].get("models", ())),
                    inputs=check(row),
                    is_id_consistent=is_id_consistent(row),
                )
                for row in rows
            ]

    @contextmanager
    def _checker(self, market_id: str | None) -> Iterator[Any]:
        if market_id is None:
            yield lambda _: []
            return
        sessions = self._sessions_of(market_id)
        assets = read_assets(self._runtime, market_id=market_id)
        with PostgresStorage(self._databases, sessions, market_id=market_id) as storage:
            yield lambda row: checked_inputs(row, storage=storage, assets=assets, sessions=sessions)

    def _reads(self, row: Row, instrument_id: str) -> list[RowsRead]:
        refs = row["input_refs"]
        moment = moment_of(refs, row["timestamp"])
        found = []
        for read in refs.get("reads", ()):
            if not read["columns"]:
                continue
            rows = rows_read(
                self._runtime,
                self._historical,
                read["table"],
                read["columns"],
                instrument_id=instrument_id,
                first=read["first"],
                last=read["last"],
                moment=moment,
            )
            columns = tuple(read["columns"])
            found.append(
                RowsRead(refs["step"], read["table"], columns, read["first"], read["last"], tuple(rows), {})
            )
        return found

    def _signals(
        self, scored: Row, reads: Sequence[RowsRead], market_id: str | None
    ) -> tuple[list[Signal], list[RowsRead]]:
        """Ask the families of the score again; mark the rows that they used."""
        if market_id is None:
            return [], list(reads)
        dates = self._sessions_of(market_id).dates
        last = self._sessions_of(market_id).index(np.datetime64(scored["as_of_date"], "D"))
        step = scored["input_refs"]["step"]
        values: dict[tuple[str, str], np.ndarray[Any, np.dtype[np.float64]]] = {}
        for read in reads:
            if read.step == step:
                first = self._sessions_of(market_id).index(np.datetime64(read.first, "D"))
                axis = {str(date): i for i, date in enumerate(dates[first : last + 1])}
                for column in read.columns:
                    series = values.setdefault((read.table, column), np.full(len(axis), np.nan))
                    for row in read.rows:
                        value = row.values[column]
                        if row.trade_date in axis and value is not None:
                            series[axis[row.trade_date]] = value
        body = scored["config_body"]
        weights = body.get("weights", {})
        names = [name for name in FAMILIES if weights.get(name)]
        price = body.get("price", "adjusted_close")
        signals = [signal_of(FAMILIES[name], values, price=price) for name in names]
        used: dict[str, dict[str, list[str]]] = {}
        for signal in signals:
            for one in signal.rows:
                marks = used.setdefault(one.table, {}).setdefault(str(dates[last - one.back]), [])
                marks.append(f"{signal.family} t-{one.back}" if one.back else f"{signal.family} t")
        marked = [
            RowsRead(
                read.step,
                read.table,
                read.columns,
                read.first,
                read.last,
                read.rows,
                {date: ", ".join(marks) for date, marks in used.get(read.table, {}).items()},
            )
            if read.step == step
            else read
            for read in reads
        ]
        return signals, marked

    def _tier(self, row: Row, instrument_id: str) -> Row | None:
        for tier in explain.tiers_of(self._runtime, row):
            if instrument_id in tier["instrument_ids"]:
                metadata = tier["metadata"]
                return {
                    "tier": tier["tier"],
                    "as_of_date": tier["as_of_date"],
                    "n_instruments": len(tier["instrument_ids"]),
                    "reason": metadata.get("reasons", {}).get(instrument_id),
                    "rules": metadata.get("rules"),
                    "decision_id": metadata["decision_id"],
                }
        return None

    def _output(self, row: Row) -> dict[str, list[Row]]:
        """Return the rows that a decision wrote to the runtime database."""
        step = row["input_refs"].get("step")
        decision_id = row["decision_id"]
        if step == "instrument_scores":
            return {step: explain.best_scores(self._runtime, row, N_BEST_SCORES)}
        if step == "universes":
            return {step: explain.tiers_of(self._runtime, row)}
        if step == "portfolio_risk_reports":
            portfolio_id = row["context_id"].partition("/")[2]
            report = explain.risk_report(self._runtime, portfolio_id, row["as_of_date"])
            return {step: [report] if report else []}
        if step == "fills":
            return {"executed_actions": explain.actions_of(self._runtime, decision_id)}
        orders = explain.orders_of(self._runtime, decision_id)
        return {"orders": orders} if orders else {}
