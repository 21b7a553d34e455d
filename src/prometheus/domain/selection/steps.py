"""Rows to arrays to models to rows: the steps `instrument_scores` and `universes`."""

from __future__ import annotations

from typing import Any

import numpy as np

from prometheus.domain.selection.alpha_family import PRICE, AlphaFamily
from prometheus.domain.selection.alphas import FAMILIES
from prometheus.domain.selection.config import ScoresConfig, UniversesConfig
from prometheus.domain.selection.reasons import TIERS, tier_rows
from prometheus.domain.selection.scores import LABELS, scores_of
from prometheus.domain.selection.universes import DOLLAR_VOLUME_SESSIONS, membership
from prometheus.flow.batch import Batch, Panel
from prometheus.flow.rows import Coded, JsonFloats, Rows
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.arrays import FloatArray
from prometheus.maths.liquidity import mean_dollar_volume

SCORED_CLASSES = ("EQUITY", "ETF")
"""What can be held; indices and cash are no choice among names."""


def _families(config: ScoresConfig) -> list[AlphaFamily]:
    return [FAMILIES[name] for name in config.shares]


def _history(config: ScoresConfig) -> int:
    """Return how many past cross-sections a date needs before its own."""
    return config.horizon_days + config.ic_sessions - 1


def score_reads(config: ScoresConfig) -> tuple[Read, ...]:
    """Return one read a table: what the families with a weight need, on every day of the history."""
    columns: dict[str, set[str]] = {"prices_daily": {config.price}, "volatility_daily": {"vol_63d"}}
    sessions = {"prices_daily": 1 + _history(config), "volatility_daily": 1}
    for family in _families(config):
        for read in family.reads:
            named = {config.price if column == PRICE else column for column in read.columns}
            columns.setdefault(read.table, set()).update(named)
            reach = read.sessions + _history(config)
            sessions[read.table] = max(sessions.get(read.table, 0), reach)
    return tuple(
        Read(table, tuple(sorted(columns[table])), sessions=sessions[table]) for table in sorted(columns)
    )


def _signal(batch: Batch, family: AlphaFamily, config: ScoresConfig) -> FloatArray:
    """Return a family's raw values on every day of the history, from no more than it declares."""
    panels: dict[tuple[str, str], Panel] = {}
    for read in family.reads:
        for column in read.columns:
            source = batch.panel(read.table, config.price if column == PRICE else column)
            values, _ = source.history(read.sessions + _history(config))
            ends = np.arange(read.sessions - 1, len(values), dtype=np.int64)
            panels[read.table, column] = Panel(values, ends=ends, sessions=read.sessions)
    return family.signal(panels)


def compute_scores(batch: Batch, config: ScoresConfig) -> Output:
    """Return a score for every name with a price and at least one family's value."""
    prices, places = batch.panel("prices_daily", config.price).history(1 + _history(config))
    is_scorable = np.isin(np.array(batch.assets.asset_classes, dtype=object), SCORED_CLASSES)
    result = scores_of(
        {family.name: _signal(batch, family, config) for family in _families(config)},
        prices,
        ~np.isnan(prices) & is_scorable[None, :],
        batch.panel("volatility_daily", "vol_63d").at(),
        places,
        config,
    )
    is_scored = ~np.isnan(result.scores)
    dates, codes = np.nonzero(is_scored)
    instruments = Coded(codes.astype(np.int64), batch.assets.ids)
    rows = Rows(
        "instrument_scores",
        batch.days[dates],
        {
            "strategy_id": batch.context.strategy_id,
            "market_id": batch.context.market_id,
            "instrument_id": instruments,
            "horizon_days": config.horizon_days,
            "expected_return": result.expected_returns[dates, codes],
            "score": result.scores[dates, codes],
            "confidence": result.confidence[dates, codes],
            "signal_label": Coded(result.labels[dates, codes], LABELS),
            "alpha_components": JsonFloats(tuple(config.shares), result.contributions[:, dates, codes].T),
        },
        key=instruments,
    )
    n_scored = is_scored.sum(axis=1).tolist()
    best = (
        np.argmax(np.where(is_scored, result.scores, -np.inf), axis=1).tolist() if len(batch.assets) else []
    )
    actions: list[Any] = [
        {"n_scored": n, "best": batch.assets.ids[best[i]] if n else None, "ic": ic}
        for i, (n, ic) in enumerate(zip(n_scored, result.skill.ic.tolist(), strict=True))
    ]
    summaries: list[Any] = [
        {"n_priced": priced, "n_past_sessions": n}
        for priced, n in zip(
            (~np.isnan(prices[places])).sum(axis=1).tolist(), result.skill.n.tolist(), strict=True
        )
    ]
    return Output((rows,), actions, summaries)


def universe_reads(config: UniversesConfig) -> tuple[Read, ...]:
    """Return the closes of the window, and the volumes when they are asked for."""
    if config.min_dollar_volume > 0.0:
        sessions = max(config.history_window, DOLLAR_VOLUME_SESSIONS)
        return (Read("prices_daily", ("close", "volume"), sessions=sessions),)
    return (Read("prices_daily", ("close",), sessions=config.history_window),)


def compute_universes(batch: Batch, config: UniversesConfig) -> Output:
    """Return a row CORE a date, and a row EXCLUDED where a known instrument is left out."""
    close = batch.panel("prices_daily", "close")
    closes, places = close.history(config.history_window)
    dollar_volume = None
    if config.min_dollar_volume > 0.0:
        volume = batch.panel("prices_daily", "volume")
        dollar_volume = mean_dollar_volume(
            close.windows(DOLLAR_VOLUME_SESSIONS),
            volume.windows(DOLLAR_VOLUME_SESSIONS),
            np.arange(len(batch.assets), dtype=np.int64),
        )
    found = membership(closes, places, batch.dates, batch.assets, dollar_volume, config)
    tiers = tier_rows(found, batch.assets, config)
    codes = Coded(tiers.tier, TIERS)
    rows = Rows(
        "universes",
        batch.days[tiers.date],
        {
            "strategy_id": batch.context.strategy_id,
            "market_id": batch.context.market_id,
            "tier": codes,
            "instrument_ids": tiers.instrument_ids,
            "metadata": tiers.metadata,
        },
        key=codes,
    )
    n_known = found.is_known.sum(axis=1).tolist()
    n_excluded = (found.rule >= 0).sum(axis=1).tolist()
    actions: list[Any] = [
        {"n_core": known - out, "n_excluded": out} for known, out in zip(n_known, n_excluded, strict=True)
    ]
    return Output((rows,), actions, [{"n_known": known} for known in n_known])


SCORES = Step(
    name="instrument_scores",
    config_type=ScoresConfig,
    reads=score_reads,
    writes=("instrument_scores",),
    compute=compute_scores,
    when="rebalance",
    scope="strategy",
)

UNIVERSES = Step(
    name="universes",
    config_type=UniversesConfig,
    reads=universe_reads,
    writes=("universes",),
    compute=compute_universes,
    when="rebalance",
    scope="strategy",
)
