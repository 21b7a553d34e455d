"""The step that writes factors_daily: factor returns of a market from its prices and profiles."""

from __future__ import annotations

import json

import numpy as np

from prometheus.domain.market.config import FactorsConfig
from prometheus.domain.market.factors import FACTORS, REACH, price_past, signals
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.step import Output, Read, Step
from prometheus.maths.portfolio_sorts import equally_weighted, high_minus_low

PRICE_COLUMNS = ("close", "adjusted_close", "split", "dividend")
COUNTS = ("n_names", "n_high", "n_low")
SORTED = "EQUITY"
"""The asset class that is sorted: funds and indices hold the others."""


def _reads(config: FactorsConfig) -> tuple[Read, ...]:
    return (
        Read("prices_daily", PRICE_COLUMNS, sessions=REACH),
        Read("profiles", _facts(config), lag=1),
    )


def _facts(config: FactorsConfig) -> tuple[str, str, str]:
    return config.book, config.shares, config.quality


def factors_daily(batch: Batch, config: FactorsConfig) -> Output:
    """Return the rows of factors_daily: one for each factor that enough names have on a session."""
    close, places = batch.panel("prices_daily", "close").history(REACH)
    others = [batch.panel("prices_daily", name).history(REACH)[0] for name in PRICE_COLUMNS[1:]]
    takes_part = np.array([kind == SORTED for kind in batch.assets.asset_classes], dtype=np.bool_)
    past = price_past(close, *others, places=places, takes_part=takes_part)
    held = past.held
    book, shares, quality = (batch.panel("profiles", name).at() for name in _facts(config))
    values = np.full((len(batch.days), len(FACTORS)), np.nan)
    counts = np.full((len(batch.days), len(FACTORS), len(COUNTS)), np.nan)
    counts[:, 0, 0] = np.isfinite(held).sum(axis=1)
    values[:, 0] = np.where(counts[:, 0, 0] >= config.min_names, equally_weighted(held), np.nan)
    for factor, signal in signals(past, book, shares, quality).items():
        at = FACTORS.index(factor)
        spread = high_minus_low(signal, held, tail=config.tail)
        values[:, at] = np.where(spread.n_sorted >= config.min_names, spread.value, np.nan)
        counts[:, at] = np.stack([spread.n_sorted, spread.n_high, spread.n_low], axis=1)
    date, factor_at = np.nonzero(~np.isnan(values))
    market_id = batch.context.market_id
    rows = Rows(
        "factors_daily",
        batch.days[date],
        {
            "factor_id": Coded(factor_at.astype(np.int64), [f"{market_id}:{name}" for name in FACTORS]),
            "value": values[date, factor_at],
            "metadata": [_counts(row) for row in counts[date, factor_at].tolist()],
        },
    )
    n_rows = np.bincount(date, minlength=len(batch.days)).tolist()
    return Output((rows,), [{"n_rows": n} for n in n_rows], [{} for _ in n_rows])


def _counts(row: list[float]) -> str:
    """Return on how many names a row rests, as JSON; the market has no legs."""
    return json.dumps({name: int(n) for name, n in zip(COUNTS, row, strict=True) if n == n})


FACTOR_RETURNS = Step(
    name="factors_daily",
    config_type=FactorsConfig,
    reads=_reads,
    writes=("factors_daily",),
    compute=factors_daily,
    scope="market",
)
