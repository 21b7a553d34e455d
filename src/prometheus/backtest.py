"""A run over the past: its specification, its sessions, its own portfolio.

1. A TOML file and ``--set`` make a `BacktestSpec`; an unknown key or an impossible value is refused.
2. The sessions of the run come from the market's calendar; the last one decides nothing, because nothing
   can be traded after it.
3. The digest of all panels that the steps read over those sessions, and of the benchmark's closes, is the
   run's data fingerprint. Together with the specification and the code version it gives the portfolio's
   id: the same run has the same id, and a run on corrected prices is another one.
4. The runner does the rest (`flow.runner`), with the simulated broker behind the broker door.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from prometheus import __version__
from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.domain.audit.config import OutcomesConfig
from prometheus.domain.execution.config import FillsConfig, OrdersConfig
from prometheus.domain.portfolios.config import RiskConfig, TargetsConfig
from prometheus.domain.selection.config import ScoresConfig, UniversesConfig
from prometheus.flow.batch import Assets, Context
from prometheus.flow.graph import Graph, graph_of
from prometheus.kernel.arrays import DateArray, FloatArray, IntArray
from prometheus.kernel.config import EngineConfig, config_error
from prometheus.kernel.errors import ConfigError, DateOutsideDataError
from prometheus.kernel.ids import digest
from prometheus.kernel.sessions import Sessions
from prometheus.pipeline import engine_steps
from prometheus.store.ledger import Curve, Holding, OrderState, Trades

if TYPE_CHECKING:
    from prometheus.maths.performance import Performance

_TOML_VALUE = re.compile(r"""^(["'\[{]|[+-]?\.?\d|true$|false$)""")
Name = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


class RunConfig(BaseModel):
    """Section ``[run]``: what is run, when and against what.

    Attributes
    ----------
    strategy : str
        Id of the strategy.
    name : str
        What people call it; the id by default.
    market : str
        The market whose instruments are scored.
    start, end : date, optional
        First and last session; all the data by default.
    rebalance : {"monthly", "weekly", "daily"}
        On the last session of each period.
    benchmark : str, optional
        Id of an instrument with prices, e.g. ``US_INDEX:SPX``.
    currency : str
    risk_free_rate : float
        Simple annual rate, for the Sharpe and Sortino ratios and alpha.
    known_at : datetime, optional
        The moment as of which prices are read, UTC unless it names a zone; what the last delivery before
        the run brought by default.
    seed : int
        Of every random generator.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    strategy: str = Name
    name: str = ""
    market: str = "US_EQ"
    start: date | None = None
    end: date | None = None
    rebalance: Literal["monthly", "weekly", "daily"] = "monthly"
    benchmark: str | None = None
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    risk_free_rate: float = Field(default=0.0, gt=-1.0, lt=1.0)
    known_at: datetime | None = None
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"start {self.start} lies after end {self.end}")
        return self


class BacktestSpec(BaseModel):
    """A whole specification: one section for the run and one for each step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: RunConfig
    scores: ScoresConfig = ScoresConfig()
    universes: UniversesConfig = UniversesConfig()
    targets: TargetsConfig = TargetsConfig()
    fills: FillsConfig = FillsConfig()
    orders: OrdersConfig = OrdersConfig()
    risk: RiskConfig = RiskConfig()
    outcomes: OutcomesConfig = OutcomesConfig()

    def configs(self) -> dict[str, EngineConfig]:
        """Return the settings by step name."""
        return {
            "instrument_scores": self.scores,
            "universes": self.universes,
            "target_portfolios": self.targets,
            "fills": self.fills,
            "orders": self.orders,
            "portfolio_risk_reports": self.risk,
            "decision_outcomes": self.outcomes,
        }

    def canonical_body(self) -> dict[str, Any]:
        """Return the specification as JSON data."""
        return self.model_dump(mode="json")

    def graph(self) -> Graph:
        """Return the steps of this run in their order."""
        return graph_of(engine_steps(SimulatedBroker()), self.configs())


def spec_from_file(path: Path, *, overrides: Sequence[str] = ()) -> BacktestSpec:
    """Return the specification in a TOML file, with ``section.key=value`` put over it.

    Raises
    ------
    ConfigError
        For a missing or malformed file, an unknown key, or an impossible value.
    """
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}.", remedy="Give the path of a TOML file.") from None
    except OSError as error:
        raise ConfigError(
            f"{path.name} can't be read: {error.strerror}.", remedy="Give the path of a TOML file."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} is not TOML: {error}.", remedy="Mend that line.") from error
    for override in overrides:
        _put(body, override)
    return spec_of(body, where=f"{path.name} with {', '.join(overrides)}" if overrides else path.name)


def spec_of(body: Mapping[str, Any], *, where: str) -> BacktestSpec:
    """Return the specification of parsed sections, or a `ConfigError` that names each wrong key."""
    try:
        return BacktestSpec.model_validate(body)
    except ValidationError as error:
        raise config_error(error, where=where, model=BacktestSpec) from error


def _put(body: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    path = key.strip().split(".")
    if not equals or len(path) < 2:
        raise ConfigError(
            f"--set {override!r} is not section.key=value.", remedy="For instance --set targets.n_names=20."
        )
    at = body
    for part in path[:-1]:
        at = at.setdefault(part, {})
        if not isinstance(at, dict):
            raise ConfigError(
                f"--set {override!r}: {part} is no section.", remedy="Name a section and a key."
            )
    at[path[-1]] = _value(override, value.strip())


def _value(override: str, text: str) -> Any:
    """Return what a text means in TOML; a bare word is a text, so that ids need no quotes."""
    if not _TOML_VALUE.match(text):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"--set {override!r}: {text} is no TOML value.", remedy="Put a text into quotes."
        ) from error


@dataclass(frozen=True, slots=True)
class Plan:
    """The sessions of a run: all of them, and those that decide what to hold."""

    days: IntArray
    rebalance_days: IntArray


def planned_sessions(
    spec: RunConfig, sessions: Sessions, *, first: np.datetime64, last: np.datetime64
) -> Plan:
    """Return the sessions of a run.

    Parameters
    ----------
    spec : RunConfig
    sessions : Sessions
    first, last : datetime64[D]
        What the data covers.

    Raises
    ------
    DateOutsideDataError
        If the run would begin before the data, end after it, or have less than three sessions: two
        returns are the least that have a deviation.
    """
    start = first if spec.start is None else np.datetime64(spec.start, "D")
    end = last if spec.end is None else np.datetime64(spec.end, "D")
    days = sessions.between(start, end)
    dates = sessions.dates[days]
    if len(days) and (dates[0] < first or dates[-1] > last):
        raise DateOutsideDataError(
            f"{spec.market} has prices from {first} to {last}; {start} to {end} was asked for.",
            remedy="Choose dates inside, or ingest more prices.",
        )
    if len(days) < 3:
        raise DateOutsideDataError(
            f"{start} to {end} holds {len(days)} sessions; a run needs three.", remedy="Choose a longer span."
        )
    return Plan(days, sessions.rebalances(days[:-1], frequency=spec.rebalance))


def require_one_currency(spec: BacktestSpec, assets: Assets) -> None:
    """Refuse a run that could hold what is quoted in another currency than its portfolio's.

    Raises
    ------
    ConfigError
        If an instrument of the universe's asset classes and names is; no rates are on record.
    """
    named = spec.universes.instruments
    rows = zip(assets.ids, assets.symbols, assets.asset_classes, assets.currencies, strict=True)
    foreign = [
        f"{instrument} in {currency}"
        for instrument, symbol, asset_class, currency in rows
        if currency != spec.run.currency
        and asset_class in spec.universes.asset_classes
        and (named is None or instrument in named or symbol in named)
    ]
    if foreign:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise ConfigError(
            f"A portfolio in {spec.run.currency} could hold {', '.join(foreign[:3])}{more}.",
            remedy="Set [run] currency, or name what may be held in [universes] instruments.",
        )


def dates_of(plan: Plan, sessions: Sessions) -> DateArray:
    """Return the dates of a plan's sessions."""
    dates: DateArray = sessions.dates[plan.days]
    return dates


def delistings(assets: Assets, sessions: Sessions, plan: Plan) -> list[str]:
    """Return the listings that end by the session after a run's last one: no price need say so."""
    coming = sessions.dates[min(int(plan.days[-1]) + 1, len(sessions.dates) - 1)]
    ends = zip(assets.ids, assets.delisted, strict=True)
    return [f"{instrument} {delisted}" for instrument, delisted in ends if delisted <= coming]


def memberships(spec: BacktestSpec, assets: Assets, sessions: Sessions, plan: Plan) -> list[str]:
    """Return who was a member of the index that a run chooses from, by its last date."""
    index = spec.universes.index
    if index is None or index not in assets.members:
        return []
    spans, last = assets.members[index], sessions.dates[plan.days[-1]]
    rows = zip(spans.places.tolist(), spans.first, spans.last, strict=True)
    return [
        f"{assets.ids[i]} {first} {end if end <= last else ''}" for i, first, end in rows if first <= last
    ]


def portfolio_id_of(spec: BacktestSpec, *, data_fingerprint: bytes, first: str, last: str) -> str:
    """Return the id of a run's portfolio: its strategy and a hash of all that made it what it is."""
    versions = sorted(config.config_id for config in spec.configs().values())
    body = json.dumps(spec.canonical_body(), sort_keys=True)
    made_of = digest(body, first, last, data_fingerprint, __version__, *versions)
    return f"BT-{spec.run.strategy}-{made_of.hex()[:12]}"


def context_of(spec: BacktestSpec, portfolio_id: str) -> Context:
    """Return what the decisions of a run are about."""
    run = spec.run
    return Context(
        market_id=run.market,
        strategy_id=run.strategy,
        portfolio_id=portfolio_id,
        mode="BACKTEST",
        currency=run.currency,
        cash_instrument_id=f"CASH:{run.currency}",
        seed=run.seed,
    )


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as it stands in the tables.

    Attributes
    ----------
    portfolio_id : str
    metadata : mapping
        Of the portfolio: specification, data fingerprint, code version, seed, statistics.
    curve : Curve
    trades : Trades
    holdings : list of Holding
    dividends : mapping of str to float
        Cash received from dividends and in lieu of fractions of shares, by instrument.
    benchmark : ndarray of shape (n_days,) or None
        Adjusted closes of the benchmark on the curve's dates.
    example_fill_id : str or None
    written : mapping of str to int
        Rows that this call wrote, by table; empty when the run was on record.
    benchmark_name : str
        What people call the benchmark; empty without one.
    order_states : tuple of OrderState
        What became of the orders.
    """

    portfolio_id: str
    metadata: Mapping[str, Any]
    curve: Curve
    trades: Trades
    holdings: list[Holding]
    dividends: Mapping[str, float]
    benchmark: np.ndarray[Any, np.dtype[np.float64]] | None
    example_fill_id: str | None
    written: Mapping[str, int]
    benchmark_name: str = ""
    order_states: tuple[OrderState, ...] = ()


def performance_of(record: RunRecord, spec: BacktestSpec) -> Performance:
    """Return the statistics of a run, against its benchmark where that covers it."""
    from prometheus.maths.performance import performance

    turnover, costs = turnover_and_costs(record, spec)
    return performance(
        record.curve.dates,
        record.curve.value,
        benchmark=record.benchmark,
        turnover=turnover,
        costs=costs,
        risk_free_rate=spec.run.risk_free_rate,
    )


def turnover_and_costs(record: RunRecord, spec: BacktestSpec) -> tuple[FloatArray, FloatArray]:
    """Return, for each session of a run, half of what was traded over equity, and what trading cost.

    Costs are commissions plus the slippage that the fills' prices hold: with slippage s, a buy at price p
    paid p * s / (1 + s) too much and a sale received p * s / (1 - s) too little.
    """
    curve, trades = record.curve, record.trades
    slippage = float(spec.fills.slippage_bps) / 1e4
    day = np.searchsorted(curve.dates, trades.times.astype("datetime64[D]"))
    traded = np.zeros(len(curve.dates))
    costs = np.zeros(len(curve.dates))
    np.add.at(traded, day, trades.bought + trades.sold)
    paid = trades.bought * slippage / (1 + slippage) + trades.sold * slippage / (1 - slippage)
    np.add.at(costs, day, trades.commission + paid)
    return traded / 2.0 / curve.value, costs
