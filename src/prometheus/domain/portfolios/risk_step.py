"""Rows to arrays to model to rows: the step `portfolio_risk_reports`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prometheus.domain.portfolios.config import RiskConfig
from prometheus.domain.portfolios.holdings import Holdings, holdings
from prometheus.domain.portfolios.risk_report import drawdown, exposures, liquidity, simulated_risk
from prometheus.domain.portfolios.row_keys import one_row_a_decision
from prometheus.domain.portfolios.simulated_returns import simulated_returns
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Rows
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.errors import InvariantError


@dataclass(frozen=True, slots=True)
class _State:
    """A portfolio with positions at the close of date ``i`` of the batch."""

    i: int
    held: Holdings
    value: float
    weights: list[float]


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
    states = _states(batch)
    metrics = _metrics(batch, states, config)
    peaks = _peaks(batch)
    sectors = batch.assets.sectors
    exposed = [
        exposures(state.weights, [sectors[place] for place in state.held.places.tolist()]) for state in states
    ]
    actions: list[Mapping[str, Any]] = [{} for _ in batch.days]
    summaries: list[Mapping[str, Any]] = [{"n_positions": 0} for _ in batch.days]
    days = [int(batch.days[state.i]) for state in states]
    for day, state, found, exposure in zip(days, states, metrics, exposed, strict=True):
        found.update(drawdown(state.value, peaks.get(day - 1)))
        peaks[day] = found["peak_value"]
        actions[state.i] = {
            "value": state.value,
            "gross_exposure": exposure.gross,
            "drawdown": found.get("drawdown"),
        }
        summaries[state.i] = {"n_positions": len(state.held.market_values)}
    gross = np.array([exposure.gross for exposure in exposed])
    rows = Rows(
        "portfolio_risk_reports",
        np.array(days, dtype=np.int64),
        {
            "portfolio_id": batch.context.portfolio_id,
            "portfolio_value": [state.held.value for state in states],
            "cash": [state.held.cash for state in states],
            "net_exposure": np.array([exposure.net for exposure in exposed]),
            "gross_exposure": gross,
            "leverage": gross,
            "risk_metrics": [json.dumps(found) for found in metrics],
            "exposures_by_sector": [json.dumps(exposure.by_sector) for exposure in exposed],
        },
        key=one_row_a_decision(len(days)),
    )
    return Output((rows,), actions, summaries)


def _states(batch: Batch) -> list[_State]:
    states = []
    positions = batch.rows("positions_snapshots")
    for i, day in enumerate(batch.days.tolist() if len(positions) else ()):
        of_day = positions.on(day)
        if not len(of_day):
            continue
        held = holdings(of_day, batch.assets)
        value = float(held.value)
        if value <= 0.0 and held.market_values:
            raise InvariantError(
                f"{batch.context.portfolio_id} holds {len(held.market_values)} names on {batch.dates[i]}, "
                f"but is worth {held.value}: exposures over value have no base.",
                remedy="Look at its fills and positions; a long portfolio can't lose more than it has.",
            )
        states.append(_State(i, held, value, [one / value for one in held.market_values]))
    return states


def _metrics(batch: Batch, states: Sequence[_State], config: RiskConfig) -> list[dict[str, float]]:
    """Return the simulated risk and the liquidity of each state."""
    returns = batch.panel("returns_daily", "ret_1d").windows()
    closes = batch.panel("prices_daily", "close").windows()
    volumes = batch.panel("prices_daily", "volume").windows()
    earned = [
        simulated_returns(returns[state.i], state.held.places, np.array(state.weights)) for state in states
    ]
    metrics = simulated_risk(earned, min_sessions=config.min_sessions)
    for state, found in zip(states, metrics, strict=True):
        of_date = slice(state.i, state.i + 1)
        found.update(
            liquidity(closes[of_date], volumes[of_date], state.held.places, state.held.market_values, config)
        )
    return metrics


def _peaks(batch: Batch) -> dict[int, float]:
    """Return the highest value so far as the reports on record carry it, by day."""
    rows = batch.rows("portfolio_risk_reports")
    if not len(rows):
        return {}
    texts = rows.values("risk_metrics")
    return {day: json.loads(text)["peak_value"] for day, text in zip(rows.day.tolist(), texts, strict=True)}


RISK = Step(
    name="portfolio_risk_reports",
    config_type=RiskConfig,
    reads=risk_reads,
    writes=("portfolio_risk_reports",),
    compute=compute_risk,
    when="session",
    scope="portfolio",
    carries_itself=True,
)
