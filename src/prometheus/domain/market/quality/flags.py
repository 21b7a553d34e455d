"""The table of soft rules, and the flags that they give a delivery.

1. Put the rows that are stored already in front, for context, and pack everything into columns.
2. Work out once what several rules look at: jumps, and bars with equal prices.
3. Ask every rule; keep the flags of the delivery's own rows.

Rules may look at later bars of the same delivery: a flag says something about the data, it is no signal. So
flags depend on what was known when they were made, and a delivery day by day may give others than the whole
history at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.bars import COLUMNS, Bars, packed_bars
from prometheus.domain.market.quality.fit import Fit, fit_of
from prometheus.domain.market.quality.jumps import Jumps, jumps_of
from prometheus.domain.market.quality.moves import (
    adjustment_on_wrong_day,
    high_low_spike,
    level_shift,
    odd_open,
    outlier,
)
from prometheus.domain.market.quality.presence import gap_before, missing_fields, zero_volume
from prometheus.domain.market.quality.repeats import (
    EqualBars,
    equal_bars,
    repeated_bar,
    twin_series,
)
from prometheus.domain.market.quality.stale import stale_run
from prometheus.domain.market.quality.swaps import swapped_bars
from prometheus.kernel.arrays import BoolArray
from prometheus.kernel.sessions import Sessions

FLAGS = pl.DataFrame(schema={"instrument_id": pl.String, "trade_date": pl.Date, "rule": pl.String})
"""No flag, with the columns of every flag."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules look at, worked out once."""

    bars: Bars
    jumps: Jumps
    fit: Fit
    stale: BoolArray
    repeated: BoolArray
    equal: EqualBars


@dataclass(frozen=True, slots=True)
class SoftRule:
    """One soft rule.

    Attributes
    ----------
    name : str
        As it stands in the row's metadata and in reports.
    severity : {"suspect", "notice"}
        Suspect: the row's values are probably wrong. Notice: something is absent; what is there may be right.
    is_found : callable
        Evidence and settings to one boolean a row.
    remedy : str
        What to do about it.
    """

    name: str
    severity: Literal["suspect", "notice"]
    is_found: Callable[[Evidence, QualityConfig], BoolArray]
    remedy: str


SOFT_RULES = (
    SoftRule(
        "missing_fields",
        "notice",
        lambda seen, config: missing_fields(seen.bars, config),
        "Ask the vendor for the whole bar; a close without a trade is often a carried one.",
    ),
    SoftRule(
        "zero_volume",
        "notice",
        lambda seen, config: zero_volume(seen.bars, config),
        "Ask whether the instrument was halted; no order fills in a session without volume.",
    ),
    SoftRule(
        "gap_before",
        "notice",
        lambda seen, config: gap_before(seen.bars, config),
        "Deliver the missing sessions, or mend the rows of them that were set aside.",
    ),
    SoftRule(
        "stale_run",
        "suspect",
        lambda seen, _: seen.stale,
        "Ask the vendor for the true bars, or leave the run out.",
    ),
    SoftRule(
        "repeated_bar",
        "suspect",
        lambda seen, _: seen.repeated,
        "Ask the vendor for the day's own bar; this one carries another day's.",
    ),
    SoftRule(
        "swapped_bars",
        "suspect",
        lambda seen, config: swapped_bars(seen.bars, seen.fit, seen.repeated, config),
        "Change the two bars back, or deliver them anew.",
    ),
    SoftRule(
        "twin_series",
        "suspect",
        lambda seen, config: twin_series(seen.bars, seen.equal, config),
        "Find out which of the two symbols the series belongs to; a rename keeps one instrument.",
    ),
    SoftRule(
        "outlier",
        "suspect",
        lambda seen, config: outlier(seen.bars, seen.jumps, config) | odd_open(seen.bars, seen.fit, config),
        "Compare with another source and deliver the true bar.",
    ),
    SoftRule(
        "high_low_spike",
        "suspect",
        lambda seen, config: high_low_spike(seen.bars, config),
        "Compare with another source: one tick far from the others.",
    ),
    SoftRule(
        "level_shift",
        "suspect",
        lambda seen, config: level_shift(seen.bars, seen.jumps, seen.repeated, config),
        "Deliver the split, the spin-off's value or the special dividend of this day.",
    ),
    SoftRule(
        "adjustment_on_wrong_day",
        "suspect",
        lambda seen, config: adjustment_on_wrong_day(seen.bars, seen.jumps, config),
        "Move the split to the day on which prices moved, or deliver prices adjusted from that day on.",
    ),
)


def quality_flags(
    prices: pl.DataFrame, *, sessions: Sessions, config: QualityConfig, before: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the flags of a delivery by all soft rules.

    Parameters
    ----------
    prices : polars.DataFrame
        ``instrument_id``, ``trade_date`` and any of open, high, low, close, adjusted_close, volume, split and
        dividend; sorted by the first two, one row each. Values may be null.
    sessions : Sessions
        Of the market.
    config : QualityConfig
    before : polars.DataFrame, optional
        Rows of the same instruments that are stored already, earlier or among these: context, never flagged.

    Returns
    -------
    polars.DataFrame
        ``instrument_id``, ``trade_date``, ``rule``: one row a flag, in the order of the rules.

    Notes
    -----
    Linear in rows but for sorting the bars with equal prices. Needs the same rows in the same order to say
    the same: nothing is random.
    """
    if prices.is_empty():
        return FLAGS
    rows, is_own = prices, None
    if before is not None and not before.is_empty():
        rows, is_own = _with_context(prices, before)
    with np.errstate(divide="ignore", invalid="ignore"):
        bars = packed_bars(rows, sessions)
        fit, stale = fit_of(bars), stale_run(bars, config)
        equal = equal_bars(bars, stale)
        is_stored = np.zeros(len(bars), dtype=bool) if is_own is None else ~is_own
        repeated = repeated_bar(bars, equal, fit, is_stored, config)
        evidence = Evidence(bars, jumps_of(bars, config), fit, stale, repeated, equal)
        found = [(rule.name, rule.is_found(evidence, config)) for rule in SOFT_RULES]
    frames = [FLAGS]
    for name, is_found in found:
        at = np.flatnonzero(is_found if is_own is None else is_found & is_own)
        if len(at):
            keys = rows[at].select(pl.col("instrument_id").cast(pl.String), "trade_date")
            frames.append(keys.with_columns(pl.lit(name).alias("rule")))
    return pl.concat(frames)


def _with_context(prices: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, BoolArray]:
    """Return the stored rows and the delivery's, sorted together, and which are the delivery's."""
    key = ["instrument_id", "trade_date"]
    parts = []
    for frame, is_own in ((before, False), (prices, True)):
        columns = [pl.col(name).cast(pl.Float64) for name in COLUMNS if name in frame.columns]
        keys = [pl.col("instrument_id").cast(pl.String), pl.col("trade_date").cast(pl.Date)]
        parts.append(frame.select(*keys, *columns).with_columns(pl.lit(is_own).alias("is_own")))
    rows = pl.concat(parts, how="diagonal").unique(key, keep="last", maintain_order=True).sort(key)
    return rows, rows["is_own"].to_numpy()
