"""Rows to arrays to model to rows: the step `target_portfolios`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from prometheus.domain.portfolios.config import TargetsConfig
from prometheus.domain.portfolios.holdings import mask_of, value_of
from prometheus.domain.portfolios.row_keys import one_row_a_decision
from prometheus.domain.portfolios.simulated_returns import simulated_returns
from prometheus.domain.portfolios.targets import Target, target
from prometheus.flow.batch import Batch
from prometheus.flow.json_records import JsonRecords
from prometheus.flow.rows import Rows
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.arrays import BoolArray, FloatArray
from prometheus.maths.volatility import realised_volatility

FIELDS = ("weight", "quantity")
"""Of each name in target_positions: intended share of the portfolio's value, and whole shares."""


def target_reads(config: TargetsConfig) -> tuple[Read, ...]:
    """Return the reads; volatilities only where they weigh."""
    reads = [
        Read("instrument_scores"),
        Read("universes"),
        Read("positions_snapshots"),
        Read("prices_daily", ("close",)),
        Read("returns_daily", ("ret_1d",), sessions=config.volatility_sessions),
    ]
    if config.weighting == "inverse_volatility":
        reads.append(Read("volatility_daily", ("vol_63d",)))
    return tuple(reads)


def compute_targets(batch: Batch, config: TargetsConfig) -> Output:
    """Return the target of each date; none where no name can be chosen, so that nothing is traded."""
    n_assets = len(batch.assets)
    closes = batch.panel("prices_daily", "close").at()
    returns, places = batch.panel("returns_daily", "ret_1d").history(config.volatility_sessions)
    is_inverse = config.weighting == "inverse_volatility"
    volatility = batch.panel("volatility_daily", "vol_63d").at() if is_inverse else None
    days: list[int] = []
    found_targets: list[Target] = []
    metadata: list[str] = []
    actions: list[Mapping[str, Any]] = []
    summaries: list[Mapping[str, Any]] = []
    for i, day in enumerate(batch.days.tolist()):
        scores, expected = _scores(batch, day, n_assets)
        is_core = _core(batch, day)
        positions = batch.rows("positions_snapshots").on(day)
        value = float(value_of(positions)) if len(positions) else 0.0
        found = target(
            scores, is_core, closes[i], None if volatility is None else volatility[i], value, config
        )
        summaries.append({"value": value, "n_core": int(np.count_nonzero(is_core))})
        if not len(found.places):
            actions.append({"n_names": 0, "reason": _why_nothing(scores, is_core, value)})
            continue
        window = returns[places[i] - config.volatility_sessions + 1 : places[i] + 1]
        days.append(day)
        found_targets.append(found)
        metadata.append(json.dumps(_metadata(found, expected, window, value, config)))
        actions.append({"n_names": len(found.places), "n_shares": int(found.quantities.sum())})
    rows = Rows(
        "target_portfolios",
        np.array(days, dtype=np.int64),
        {
            "strategy_id": batch.context.strategy_id,
            "portfolio_id": batch.context.portfolio_id,
            "target_positions": JsonRecords(
                batch.assets.ids,
                FIELDS,
                [one.places.tolist() for one in found_targets],
                [(one.weights.tolist(), one.quantities.tolist()) for one in found_targets],
            ),
            "metadata": metadata,
        },
        key=one_row_a_decision(len(days)),
    )
    return Output((rows,), actions, summaries)


def _why_nothing(scores: FloatArray, is_core: BoolArray, value: float) -> str:
    """Return why a date has no target, the first reason that holds."""
    if not value > 0.0:
        return "the portfolio is worth nothing"
    if not is_core.any():
        return "no name in CORE"
    if np.isnan(scores[is_core]).all():
        return "no name of CORE has a score"
    return "no scored name of CORE has what a weight needs: a close, and a volatility where that weighs"


def _scores(batch: Batch, day: int, n_assets: int) -> tuple[FloatArray, FloatArray]:
    """Return the day's scores and expected returns by asset, NaN where there is none."""
    scores = np.full(n_assets, np.nan)
    expected = np.full(n_assets, np.nan)
    rows = batch.rows("instrument_scores")
    if len(rows):
        rows = rows.on(day)
        codes = rows.codes("instrument_id")
        scores[codes] = rows.floats("score")
        expected[codes] = rows.floats("expected_return")
    return scores, expected


def _core(batch: Batch, day: int) -> BoolArray:
    rows = batch.rows("universes")
    if len(rows):
        rows = rows.on(day)
        tuples = rows.values("instrument_ids")
        for tier, members in zip(rows.values("tier"), tuples, strict=True):
            if tier == "CORE":
                return mask_of(tuple(members), batch.assets.ids)
    return np.zeros(len(batch.assets), dtype=np.bool_)


def _metadata(
    found: Target, expected: FloatArray, returns: FloatArray, value: float, config: TargetsConfig
) -> dict[str, Any]:
    earned = simulated_returns(returns, found.places, found.weights)
    body: dict[str, Any] = {
        "objective": f"highest scores, {config.weighting} weights",
        "solver_status": "closed form",
        "value": value,
        "binding": {
            "cash_buffer": config.cash_buffer,
            "name_cap": config.name_cap,
            "n_capped": found.n_capped,
        },
        "left_out": found.left_out,
        "expected_return": math.fsum((found.weights * expected[found.places]).tolist()),
        "n_sessions": len(earned),
    }
    if len(earned) >= config.min_sessions:
        body["volatility"] = float(realised_volatility(earned[None, :, None])[0, 0])
    return body


TARGETS = Step(
    name="target_portfolios",
    config_type=TargetsConfig,
    reads=target_reads,
    writes=("target_portfolios",),
    compute=compute_targets,
    when="rebalance",
    scope="portfolio",
)
