"""The step that writes factors_daily: factor returns of a market from its prices and profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from prometheus.domain.market.config import FactorsConfig
from prometheus.domain.market.factors import (
    FACTORS,
    REACH,
    PricePast,
    price_past,
    shares_with_splits,
    signals,
    splits_are_told,
)
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray
from prometheus.maths.portfolio_sorts import equally_weighted, high_minus_low

PRICE_COLUMNS = ("close", "adjusted_close", "split", "dividend")
SPLITS_TOLD = "splits_told"
"""The column of prices that says of a bar whether its delivery tells splits."""
COUNTS = ("n_names", "n_high", "n_low", "n_splits_not_told")
LEFT_OUT = "VALUE: splits not told"
AS_OF = "as_of_date"
"""The column of profiles that says their date, in days since 1970."""
SORTED = "EQUITY"
"""The asset class that is sorted: funds and indices hold the others."""


def _reads(config: FactorsConfig) -> tuple[Read, ...]:
    return (
        Read("prices_daily", (*PRICE_COLUMNS, SPLITS_TOLD), sessions=REACH),
        Read("profiles", (*_facts(config), AS_OF), lag=1),
    )


def _facts(config: FactorsConfig) -> tuple[str, str, str]:
    return config.book, config.shares, config.quality


def _sessions_since(batch: Batch) -> IntArray:
    """Return how many sessions lie between each profile and t-1; -1 without one or before the calendar."""
    as_of = batch.panel("profiles", AS_OF).at()
    days = np.where(np.isnan(as_of), -1, as_of).astype(np.int64)
    of_calendar = batch.sessions.dates.astype("datetime64[D]").astype(np.int64)
    place = np.searchsorted(of_calendar, days, side="right") - 1
    is_known = ~np.isnan(as_of) & (place >= 0)
    since: IntArray = np.where(is_known, batch.days[:, np.newaxis] - 1 - place, -1).astype(np.int64)
    return since


def _shares(batch: Batch, config: FactorsConfig, split: FloatArray, past: PricePast) -> FloatArray:
    """Return the shares at t-1 of issuers with shares of one class then; no filing says them by class."""
    since = _sessions_since(batch)
    shares = shares_with_splits(batch.panel("profiles", config.shares).at(), since, split, past.places)
    return np.where(_is_single(batch, past), shares, np.nan)


def _is_single(batch: Batch, past: PricePast) -> BoolArray:
    """Return where an issuer had shares of one class at t-1, as far as it was known: (n_dates, n_assets).

    A class counts from the first day on which reference data tell of it, or while it has bars, whatever is
    on record today; from its delisting on it is gone.
    """
    assets = batch.assets
    found = np.ones((len(batch.days), len(assets)), dtype=np.bool_)
    of_issuer: dict[str, list[int]] = {}
    for place, (issuer, kind) in enumerate(zip(assets.issuers, assets.asset_classes, strict=True)):
        if kind == SORTED and issuer:
            of_issuer.setdefault(issuer, []).append(place)
    has_bar, ends = past.has_bar, past.places
    dates = batch.sessions.dates[batch.days - 1][:, np.newaxis]
    for own in of_issuer.values():
        if len(own) > 1:
            n_before = np.concatenate(
                [np.zeros((1, len(own)), dtype=np.int64), has_bar[:, own].cumsum(axis=0)]
            )
            is_there = n_before[ends] > n_before[ends - REACH + 1]
            if assets.told_since is not None:
                is_there |= assets.told_since[own] <= dates
            is_there &= ~(assets.delisted[own] <= dates)
            found[:, own] = is_there.sum(axis=1, keepdims=True) == 1
    return found


def _is_told(batch: Batch, past: PricePast) -> BoolArray:
    told, places = batch.panel("prices_daily", SPLITS_TOLD).history(REACH)
    return splits_are_told(told, past.has_bar, _sessions_since(batch), places)


def factors_daily(batch: Batch, config: FactorsConfig) -> Output:
    """Return the rows of factors_daily: one for each factor that enough names have on a session."""
    close, places = batch.panel("prices_daily", "close").history(REACH)
    others = [batch.panel("prices_daily", name).history(REACH)[0] for name in PRICE_COLUMNS[1:]]
    takes_part = np.array([kind == SORTED for kind in batch.assets.asset_classes], dtype=np.bool_)
    past = price_past(close, *others, places=places, takes_part=takes_part)
    held = past.held
    book, quality = (batch.panel("profiles", name).at() for name in (config.book, config.quality))
    shares = _shares(batch, config, others[1], past)
    is_told = _is_told(batch, past)
    n_left_out = ((book > 0.0) & (shares > 0.0) & past.has_bar[places - 1] & ~is_told).sum(axis=1)
    shares[~is_told] = np.nan
    values = np.full((len(batch.days), len(FACTORS)), np.nan)
    counts = np.full((len(batch.days), len(FACTORS), len(COUNTS)), np.nan)
    counts[:, 0, 0] = np.isfinite(held).sum(axis=1)
    values[:, 0] = np.where(counts[:, 0, 0] >= config.min_names, equally_weighted(held), np.nan)
    for factor, signal in signals(past, book, shares, quality).items():
        at = FACTORS.index(factor)
        spread = high_minus_low(signal, held, tail=config.tail)
        values[:, at] = np.where(spread.n_sorted >= config.min_names, spread.value, np.nan)
        counts[:, at, :3] = np.stack([spread.n_sorted, spread.n_high, spread.n_low], axis=1)
    counts[:, FACTORS.index("VALUE"), 3] = np.where(n_left_out > 0, n_left_out, np.nan)
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
    summaries: list[Mapping[str, Any]] = [
        {"left_out": {LEFT_OUT: n}} if n else {} for n in n_left_out.tolist()
    ]
    return Output((rows,), [{"n_rows": n} for n in n_rows], summaries)


def _counts(row: list[float]) -> str:
    """Return on how many names a row rests, as JSON: the market has no legs, VALUE alone leaves names out."""
    return json.dumps({name: int(n) for name, n in zip(COUNTS, row, strict=True) if n == n})


FACTOR_RETURNS = Step(
    name="factors_daily",
    config_type=FactorsConfig,
    reads=_reads,
    writes=("factors_daily",),
    compute=factors_daily,
    scope="market",
)
