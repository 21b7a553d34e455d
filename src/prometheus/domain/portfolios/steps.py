"""Rows to arrays to models to rows: the steps `target_portfolios` and `portfolio_risk_reports`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from prometheus.domain.portfolios.config import RiskConfig, TargetsConfig
from prometheus.domain.portfolios.holdings import holdings, mask_of
from prometheus.domain.portfolios.risk_report import drawdown, exposures, liquidity, simulated_risk
from prometheus.domain.portfolios.simulated_returns import simulated_returns
from prometheus.domain.portfolios.targets import Target, target
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.arrays import BoolArray, FloatArray
from prometheus.kernel.errors import InvariantError
from prometheus.maths.volatility import realised_volatility

ONE_ROW = ("portfolio",)
"""A decision writes one row, so its key has nothing to tell apart."""


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
    texts: list[str] = []
    metadata: list[str] = []
    actions: list[Mapping[str, Any]] = []
    summaries: list[Mapping[str, Any]] = []
    for i, day in enumerate(batch.days.tolist()):
        scores, expected = _scores(batch, day, n_assets)
        is_core = _core(batch, day)
        positions = batch.rows("positions_snapshots").on(day)
        value = float(holdings(positions, batch.assets).value) if len(positions) else 0.0
        found = target(
            scores, is_core, closes[i], None if volatility is None else volatility[i], value, config
        )
        summaries.append({"value": value, "n_core": int(np.count_nonzero(is_core))})
        if not len(found.places):
            actions.append({"n_names": 0, "reason": _why_nothing(scores, is_core, value)})
            continue
        window = returns[places[i] - config.volatility_sessions + 1 : places[i] + 1]
        days.append(day)
        texts.append(_positions_text(found, batch.assets.ids))
        metadata.append(json.dumps(_metadata(found, expected, window, value, config)))
        actions.append({"n_names": len(found.places), "n_shares": int(found.quantities.sum())})
    rows = Rows(
        "target_portfolios",
        np.array(days, dtype=np.int64),
        {
            "strategy_id": batch.context.strategy_id,
            "portfolio_id": batch.context.portfolio_id,
            "target_positions": texts,
            "metadata": metadata,
        },
        key=Coded(np.zeros(len(days), dtype=np.int64), ONE_ROW),
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


@lru_cache(maxsize=4)
def _quoted(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(json.dumps(one) for one in ids)


def _positions_text(found: Target, ids: tuple[str, ...]) -> str:
    names = _quoted(ids)
    weights = found.weights.tolist()
    written = {weight: repr(weight) for weight in set(weights)}
    parts = [
        f'{names[place]}: {{"weight": {written[weight]}, "quantity": {quantity}}}'
        for place, weight, quantity in zip(
            found.places.tolist(), weights, found.quantities.tolist(), strict=True
        )
    ]
    return "{" + ", ".join(parts) + "}"


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


def risk_reads(config: RiskConfig) -> tuple[Read, ...]:
    """Return the reads; the report of the session before carries the highest value so far."""
    return (
        Read("positions_snapshots"),
        Read("portfolio_risk_reports", lag=1),
        Read("returns_daily", ("ret_1d",), sessions=config.window),
        Read("prices_daily", ("close", "volume"), sessions=config.volume_sessions),
    )


def compute_risk(batch: Batch, config: RiskConfig) -> Output:
    """Return a report for each date with positions.

    Raises
    ------
    InvariantError
        If something is held and the portfolio is worth nothing: exposures would have no base.
    """
    returns, places = batch.panel("returns_daily", "ret_1d").history(config.window)
    closes, volume_places = batch.panel("prices_daily", "close").history(config.volume_sessions)
    volumes, _ = batch.panel("prices_daily", "volume").history(config.volume_sessions)
    sectors = batch.assets.sectors
    peaks = _peaks(batch)
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "portfolio_value", "cash", "net_exposure", "gross_exposure", "leverage", "risk_metrics",
            "exposures_by_sector",
        )
    }  # fmt: skip
    days: list[int] = []
    actions: list[Mapping[str, Any]] = []
    summaries: list[Mapping[str, Any]] = []
    for i, day in enumerate(batch.days.tolist()):
        positions = batch.rows("positions_snapshots")
        positions = positions.on(day) if len(positions) else positions
        if not len(positions):
            actions.append({})
            summaries.append({"n_positions": 0})
            continue
        held = holdings(positions, batch.assets)
        value = float(held.value)
        if value <= 0.0 and held.market_values:
            raise InvariantError(
                f"{batch.context.portfolio_id} holds {len(held.market_values)} names, but is worth "
                f"{held.value}: exposures over value have no base.",
                remedy="Look at its fills and positions; a long portfolio can't lose more than it has.",
            )
        weights = [one / value for one in held.market_values]
        exposed = exposures(weights, [sectors[place] for place in held.places.tolist()])
        window = returns[places[i] - config.window + 1 : places[i] + 1]
        metrics = simulated_risk(window, held.places, np.array(weights), min_sessions=config.min_sessions)
        metrics.update(drawdown(value, peaks.get(day - 1)))
        peaks[day] = metrics["peak_value"]
        recent = slice(volume_places[i] - config.volume_sessions + 1, volume_places[i] + 1)
        metrics.update(liquidity(closes[recent], volumes[recent], held.places, held.market_values, config))
        days.append(day)
        columns["portfolio_value"].append(held.value)
        columns["cash"].append(held.cash)
        columns["net_exposure"].append(exposed.net)
        columns["gross_exposure"].append(exposed.gross)
        columns["leverage"].append(exposed.gross)
        columns["risk_metrics"].append(json.dumps(metrics))
        columns["exposures_by_sector"].append(json.dumps(exposed.by_sector))
        actions.append({"value": value, "gross_exposure": exposed.gross, "drawdown": metrics.get("drawdown")})
        summaries.append({"n_positions": len(held.market_values)})
    floats = {name: np.array(columns[name]) for name in ("net_exposure", "gross_exposure", "leverage")}
    rows = Rows(
        "portfolio_risk_reports",
        np.array(days, dtype=np.int64),
        {"portfolio_id": batch.context.portfolio_id, **columns, **floats},
        key=Coded(np.zeros(len(days), dtype=np.int64), ONE_ROW),
    )
    return Output((rows,), actions, summaries)


def _peaks(batch: Batch) -> dict[int, float]:
    """Return the highest value so far as the reports on record carry it, by day."""
    rows = batch.rows("portfolio_risk_reports")
    if not len(rows):
        return {}
    texts = rows.values("risk_metrics")
    return {day: json.loads(text)["peak_value"] for day, text in zip(rows.day.tolist(), texts, strict=True)}


TARGETS = Step(
    name="target_portfolios",
    config_type=TargetsConfig,
    reads=target_reads,
    writes=("target_portfolios",),
    compute=compute_targets,
    when="rebalance",
    scope="portfolio",
)

RISK = Step(
    name="portfolio_risk_reports",
    config_type=RiskConfig,
    reads=risk_reads,
    writes=("portfolio_risk_reports",),
    compute=compute_risk,
    when="session",
    scope="portfolio",
)
