"""Rows to arrays to model to rows: the step `decision_outcomes`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

import numpy as np

from prometheus.domain.audit.config import OutcomesConfig
from prometheus.domain.audit.held_targets import (
    BENCHMARK,
    DRAWDOWN,
    HIT_RATE,
    N_MISSING,
    RETURN,
    SPREAD,
    VOLATILITY,
    WORST_DAY,
    held_statistics,
    labels,
    ragged,
)
from prometheus.flow.batch import Assets, Batch
from prometheus.flow.rows import Coded, JsonFloats, Rows
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.kernel.ids import as_bytes_matrix, uuid_bytes

LABELS = ("GOOD", "NEUTRAL", "BAD")
METRICS = (
    "realised_volatility",
    "worst_day",
    "n_names",
    "n_missing",
    "hit_rate",
    "benchmark_return",
    "excess_return",
    "spread",
)
PNL_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Targets:
    """The target portfolios whose horizons end within a batch, in the order of their days."""

    days: IntArray
    decisions: list[bytes]
    held: list[list[int]]
    weights: FloatArray


def outcome_reads(config: OutcomesConfig) -> tuple[Read, ...]:
    """Return the prices from the longest horizon's start on, and all decisions that may end today."""
    longest = config.horizons[-1]
    return (
        Read("prices_daily", ("adjusted_close",), sessions=longest + 1),
        Read("target_portfolios", sessions=longest + 1),
        Read("universes", sessions=longest + 1),
        Read("portfolio_risk_reports", sessions=longest + 1),
    )


def compute_outcomes(batch: Batch, config: OutcomesConfig) -> Output:
    """Return an outcome for every target portfolio and every horizon that ends on a date of the batch."""
    horizons = np.array(config.horizons, dtype=np.int64)
    found = _targets(batch.rows("target_portfolios"), batch, horizons)
    levels, _ = batch.panel("prices_daily", "adjusted_close").history(config.horizons[-1] + 1)
    universe = ragged(_members(batch.rows("universes"), found.days, batch.assets))
    statistics = held_statistics(
        levels,
        found.days - int(batch.days[0]) + config.horizons[-1],
        ragged(found.held),
        found.weights,
        universe,
        horizons,
    )
    ends = found.days[:, None] + horizons[None, :]
    decision, horizon = np.nonzero(np.isin(ends, batch.days))
    order = np.lexsort((horizon, ends[decision, horizon]))
    decision, horizon = decision[order], horizon[order]
    days = ends[decision, horizon]
    chosen = statistics[decision, horizon]
    label = labels(chosen, band=config.band)
    n_names = np.array([len(one) for one in found.held], dtype=np.float64)[decision]
    values = _portfolio_values(batch.rows("portfolio_risk_reports"))
    rows = Rows(
        "decision_outcomes",
        days,
        {
            "decision_id": as_bytes_matrix([found.decisions[i] for i in decision.tolist()]),
            "horizon_days": horizons[horizon],
            "eval_date": batch.sessions.dates[days],
            "pnl": _pnl(chosen[:, RETURN], [values.get(day) for day in found.days[decision].tolist()]),
            "return": chosen[:, RETURN],
            "drawdown": chosen[:, DRAWDOWN],
            "risk_metrics": JsonFloats(METRICS, _metrics(chosen, n_names)),
            "label": Coded(label, LABELS),
        },
    )
    actions: list[dict[str, Any]] = [{"n_outcomes": 0, "labels": {}} for _ in batch.days]
    place = np.searchsorted(batch.days, days)
    for i, h, code in zip(place.tolist(), horizons[horizon].tolist(), label.tolist(), strict=True):
        actions[i]["n_outcomes"] += 1
        actions[i]["labels"][str(h)] = LABELS[code] if code >= 0 else None
    seen = batch.rows("target_portfolios").day
    first_seen = np.searchsorted(seen, batch.days - config.horizons[-1])
    n_seen = np.searchsorted(seen, batch.days, side="right") - first_seen
    return Output((rows,), list(actions), [{"n_targets": n} for n in n_seen.tolist()])


def _targets(rows: Rows, batch: Batch, horizons: IntArray) -> Targets:
    if len(rows):
        is_ending = np.isin(rows.day[:, None] + horizons[None, :], batch.days).any(axis=1)
        rows = rows.taken(is_ending)
    if not len(rows):
        return Targets(np.zeros(0, dtype=np.int64), [], [], np.zeros(0))
    is_cash = [kind == "CASH" for kind in batch.assets.asset_classes]
    held: list[list[int]] = []
    weights: list[float] = []
    column = rows.records("target_positions", batch.assets.ids, ("weight",))
    for places, (wanted_weights,) in zip(column.places, column.values, strict=True):
        wanted = list(zip(places, map(float, wanted_weights), strict=True))
        wanted = [pair for pair in wanted if not is_cash[pair[0]]]
        held.append([code for code, _ in wanted])
        weights.extend(weight for _, weight in wanted)
    decisions = [uuid_bytes(json.loads(text)["decision_id"]) for text in rows.values("metadata")]
    return Targets(rows.day, decisions, held, np.array(weights, dtype=np.float64))


def _members(rows: Rows, days: IntArray, assets: Assets) -> list[list[int]]:
    """Return for each day the places of the names in tier CORE; nobody where there is no universe."""
    if not len(rows):
        return [[] for _ in days]
    place = {instrument: i for i, instrument in enumerate(assets.ids)}
    memberships = rows.columns["instrument_ids"]
    tiers = rows.columns["tier"]
    assert isinstance(memberships, Coded)
    assert isinstance(tiers, Coded)
    codes: dict[int, list[int]] = {}
    by_day: dict[int, list[int]] = {}
    wanted = set(days.tolist())
    for day, tier, code in zip(
        rows.day.tolist(), tiers.codes.tolist(), memberships.codes.tolist(), strict=True
    ):
        if tiers.values[tier] != "CORE" or day not in wanted:
            continue
        if code not in codes:
            codes[code] = sorted(place[name] for name in memberships.values[code] if name in place)
        by_day[day] = codes[code]
    return [by_day.get(day, []) for day in days.tolist()]


def _portfolio_values(rows: Rows) -> dict[int, Decimal]:
    if not len(rows):
        return {}
    return dict(zip(rows.day.tolist(), rows.values("portfolio_value"), strict=True))


def _pnl(returns: FloatArray, values: Sequence[Decimal | None]) -> list[Decimal | None]:
    with localcontext() as context:
        context.prec = 60
        return [
            None if value is None else (value * Decimal(repr(r))).quantize(PNL_PLACES)
            for r, value in zip(returns.tolist(), values, strict=True)
        ]


def _metrics(chosen: FloatArray, n_names: FloatArray) -> FloatArray:
    return np.column_stack(
        [
            chosen[:, VOLATILITY],
            chosen[:, WORST_DAY],
            n_names,
            chosen[:, N_MISSING],
            chosen[:, HIT_RATE],
            chosen[:, BENCHMARK],
            chosen[:, RETURN] - chosen[:, BENCHMARK],
            chosen[:, SPREAD],
        ]
    )


OUTCOMES = Step(
    name="decision_outcomes",
    config_type=OutcomesConfig,
    reads=outcome_reads,
    writes=("decision_outcomes",),
    compute=compute_outcomes,
)
