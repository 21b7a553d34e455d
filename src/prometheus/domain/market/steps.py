"""Steps of this room: returns_daily from prices_daily, volatility_daily from returns_daily."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from prometheus.domain.market.config import ReturnsConfig, VolatilityConfig
from prometheus.domain.market.returns import growth_since_last_bar, total_return
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.arrays import FloatArray
from prometheus.maths.volatility import realised_volatility

PRICE_COLUMNS = ("close", "adjusted_close", "split", "dividend")
LONGEST_RETURN = 21
LONGEST_VOLATILITY = 63


def _price_reads(config: ReturnsConfig) -> tuple[Read, ...]:  # noqa: ARG001  every step's reads take its settings
    return (Read("prices_daily", PRICE_COLUMNS, sessions=LONGEST_RETURN + 1),)


def _return_reads(config: VolatilityConfig) -> tuple[Read, ...]:  # noqa: ARG001
    return (Read("returns_daily", ("ret_1d",), sessions=LONGEST_VOLATILITY),)


def returns_daily(batch: Batch, config: ReturnsConfig) -> Output:  # noqa: ARG001
    """Return the rows of returns_daily: one where the session and the one before it have a bar."""
    read = [batch.panel("prices_daily", name).history(LONGEST_RETURN + 1) for name in PRICE_COLUMNS]
    (close, places), (adjusted_close, _), (split, _), (dividend, _) = read
    growth = growth_since_last_bar(close, adjusted_close, split, dividend)
    has_bar = ~np.isnan(close)
    columns = {f"ret_{k}d": total_return(growth, has_bar, places, sessions=k) for k in (1, 5, LONGEST_RETURN)}
    return _output("returns_daily", batch, columns, needed=("ret_1d",))


def volatility_daily(batch: Batch, config: VolatilityConfig) -> Output:  # noqa: ARG001
    """Return the rows of volatility_daily: one where two thirds of a window's returns are present."""
    returns = batch.panel("returns_daily", "ret_1d")
    columns = {
        f"vol_{k}d": realised_volatility(
            returns.windows(k), sessions_per_year=252.0, min_observations=2 * k // 3
        )
        for k in (21, LONGEST_VOLATILITY)
    }
    return _output("volatility_daily", batch, columns, needed=tuple(columns))


def _output(
    table: str, batch: Batch, columns: Mapping[str, FloatArray], *, needed: tuple[str, ...]
) -> Output:
    """Return a row for each date and asset at which any of the needed columns has a value."""
    date, asset = np.nonzero(np.logical_or.reduce([~np.isnan(columns[name]) for name in needed]))
    values: dict[str, Any] = {name: array[date, asset] for name, array in columns.items()}
    values["instrument_id"] = Coded(asset.astype(np.int64), batch.assets.ids)
    n_rows = np.bincount(date, minlength=len(batch.days)).tolist()
    return Output(
        rows=(Rows(table, batch.days[date], values),),
        proposed_actions=[{"n_rows": n} for n in n_rows],
        input_summaries=[{} for _ in n_rows],
    )


RETURNS = Step(
    name="returns_daily",
    config_type=ReturnsConfig,
    reads=_price_reads,
    writes=("returns_daily",),
    compute=returns_daily,
    scope="market",
    is_by_instrument=True,
)
VOLATILITY = Step(
    name="volatility_daily",
    config_type=VolatilityConfig,
    reads=_return_reads,
    writes=("volatility_daily",),
    compute=volatility_daily,
    scope="market",
    is_by_instrument=True,
)
