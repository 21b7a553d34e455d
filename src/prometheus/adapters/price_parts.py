"""One part of a delivery, which holds whole instruments: what of it is new, what it looks like, its rows.

1. Most of a delivery that came before ends at the digests: an instrument whose rows say what is stored is
   looked at no further. Of the others, the rows are compared one by one.
2. Where anything is to be written, the soft rules look at the whole part, and at what is stored before it
   and between its rows.
3. New rows are copied, corrected ones keep the version that they replace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import polars as pl

from prometheus.adapters.price_chain import FACTORS, acted, chained, holes
from prometheus.adapters.price_order import NONE_OLDER, older_than_stored
from prometheus.adapters.price_seams import have_equal_keys, spliced
from prometheus.adapters.price_silent import with_stored_actions
from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.content import InstrumentDigests, action_digests, adjusted_digests
from prometheus.domain.market.quality import n_suspect, quality_flags
from prometheus.domain.market.split_basis import instruments_on_another_basis
from prometheus.domain.market.vendor_adjustment import adjustment_flags
from prometheus.kernel.sessions import Sessions
from prometheus.store.copying import Connection
from prometheus.store.price_reads import (
    adjustment_factors,
    stored_actions,
    stored_around,
    stored_digests,
    stored_spans,
)
from prometheus.store.prices import PriceChanges, PriceCounts, Replaced, price_changes, write_changes

KEY = ["instrument_id", "trade_date"]
ROWS_FOR_DIGESTS = 20_000
"""Fewer rows are compared at once: asking twice would take longer."""
DAYS_BEFORE = 370
"""Days of history that the soft rules see in front of a delivery: a year of sessions."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of whole instruments that keep every hard rule.

    Attributes
    ----------
    prices : polars.DataFrame
        Sorted by ``instrument_id`` and ``trade_date``; what their vendor gives.
    digests : mapping of str to InstrumentDigests
        Of each instrument.
    """

    prices: pl.DataFrame
    digests: Mapping[str, InstrumentDigests]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a part.

    Attributes
    ----------
    counts : PriceCounts
    changed : sequence of (str, datetime.date, datetime.date)
        Instruments with the first and the last date that is new or corrected. Plain values, because a frame
        would keep the texts of the whole part in memory.
    flags_by_rule : mapping of str to int
    n_flagged, n_suspect : int
        Written rows with a flag, and with one that says that their values are probably wrong.
    replaced : mapping of str to Replaced
        What the corrections replaced, by its batch.
    unmet : frozenset of str
        Instruments of which nothing was written, because adjusted closes of ours don't meet those stored.
    older : polars.DataFrame
        Rows that were not written, because what is stored became known later: see `older_than_stored`.
    apart : frozenset of str
        Likewise, because closes and those stored around them are on another split basis.
    """

    counts: PriceCounts
    changed: Sequence[tuple[str, date, date]]
    flags_by_rule: Mapping[str, int]
    n_flagged: int = 0
    n_suspect: int = 0
    replaced: Mapping[str, Replaced] = field(default_factory=dict)
    unmet: frozenset[str] = frozenset()
    older: pl.DataFrame = field(default_factory=lambda: NONE_OLDER)
    apart: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of all parts of a delivery.

    Attributes
    ----------
    counts : PriceCounts
    changed : tuple of str
        Instruments of which anything is new or corrected, ascending.
    first_changed, last_changed : datetime.date or None
    flags_by_rule : mapping of str to int
    n_flagged, n_suspect : int
    replaced : mapping of str to Replaced
        What the corrections replaced, by its batch.
    """

    counts: PriceCounts
    changed: tuple[str, ...]
    first_changed: date | None
    last_changed: date | None
    flags_by_rule: Mapping[str, int]
    n_flagged: int
    n_suspect: int
    replaced: Mapping[str, Replaced]


def stored_of(parts: Sequence[Written]) -> Stored:
    """Return what became of all parts together."""
    changed = [row for part in parts for row in part.changed]
    flags: Counter[str] = Counter()
    replaced: dict[str, Replaced] = {}
    for part in parts:
        flags.update(part.flags_by_rule)
        for batch, some in part.replaced.items():
            replaced[batch] = replaced[batch] + some if batch in replaced else some
    return Stored(
        sum((part.counts for part in parts), PriceCounts()),
        tuple(sorted(instrument for instrument, _, _ in changed)),
        min((first for _, first, _ in changed), default=None),
        max((last for _, _, last in changed), default=None),
        dict(sorted(flags.items())),
        sum(part.n_flagged for part in parts),
        sum(part.n_suspect for part in parts),
        replaced,
    )


def write_part(
    historical: Connection,
    part: Part,
    *,
    batch: str,
    known_at: datetime,
    late: Mapping[str, datetime],
    sessions: Sessions,
    quality: QualityConfig,
    silent: pl.DataFrame,
) -> Written:
    """Write what of a part is new or corrected, in the transaction of the caller; return what that was.

    ``silent`` are the keys of rows whose files have no word for splits and dividends: those stored stay.
    """
    apart = _on_another_basis(historical, part.prices)
    part = _without(part, apart)
    if part.prices.is_empty():
        return Written(PriceCounts(), (), {}, apart=apart)
    silent = silent.join(part.prices, on=KEY, how="semi") if apart else silent
    if not silent.is_empty():
        part = Part(with_stored_actions(historical, part.prices, silent), part.digests)
    read = acted(historical, part.prices, sessions)
    delivered = read
    if not have_equal_keys(read, part.prices):  # stored rows that get other events by these are among them
        delivered = read.join(part.prices, on=KEY, how="semi", maintain_order="left")
    full = spliced(historical, chained(historical, read), delivered, sessions)
    unmet = frozenset(part.prices["instrument_id"].unique()) - frozenset(full["instrument_id"].unique())
    part = _without(part, unmet)
    if full.is_empty():
        return Written(PriceCounts(), (), {}, unmet=unmet, apart=apart)
    open_ones = full
    if full.height >= ROWS_FOR_DIGESTS:
        same = _unchanged(historical, full, part.digests)
        if len(same) == full["instrument_id"].n_unique():
            open_ones = full.clear()
        elif same:
            open_ones = full.filter(~pl.col("instrument_id").is_in(same))
    changes = price_changes(historical, open_ones)
    older = older_than_stored(historical, changes.corrected, part.prices, moment=known_at, late=late)
    if older.height:
        again = write_part(
            historical,
            _without_rows(part, older),
            batch=batch,
            known_at=known_at,
            late=late,
            sessions=sessions,
            quality=quality,
            silent=silent.join(older, on=KEY, how="anti"),
        )
        return replace(
            again, older=pl.concat([older, again.older]), unmet=unmet | again.unmet, apart=apart | again.apart
        )
    touched = pl.concat([changes.new, changes.corrected])
    n_written = touched.height
    if full.height > part.prices.height:  # stored rows that follow from those of the delivery
        n_written = touched.join(part.prices, on=KEY, how="semi").height
    n_unchanged = part.prices.height - n_written
    counts = PriceCounts(changes.new.height, changes.corrected.height, n_unchanged)
    day = pl.col("trade_date")
    changed = touched.group_by("instrument_id").agg(day.min().alias("first"), day.max().alias("last")).rows()
    if touched.is_empty():
        return Written(counts, changed, {}, unmet=unmet, apart=apart)
    torn = holes(full, sessions)
    context = _context(historical, full, torn)
    flags = pl.concat(
        [
            quality_flags(full, sessions=sessions, config=quality, before=context),
            _adjustment_flags(historical, full).join(_behind(torn, context), on=KEY, how="anti"),
        ]
    )
    flags = flags.join(touched.select(KEY), on=KEY, how="semi")
    flagged = flags.group_by(KEY).agg(pl.col("rule").unique().sort())
    flagged = flagged.select(*KEY, pl.format('["{}"]', pl.col("rule").list.join('", "')).alias("flags"))
    replaced = write_changes(
        historical,
        PriceChanges(_with_flags(changes.new, flagged), _with_flags(changes.corrected, flagged), n_unchanged),
        batch=batch,
        known_at=known_at,
        late=late,
    )
    by_rule = flags.unique([*KEY, "rule"])["rule"].value_counts().sort("rule")
    return Written(
        counts,
        changed,
        dict(zip(by_rule["rule"].to_list(), by_rule["count"].to_list(), strict=True)),
        n_flagged=flagged.height,
        n_suspect=n_suspect(flags),
        replaced=replaced,
        unmet=unmet,
        apart=apart,
    )


def _on_another_basis(historical: Connection, prices: pl.DataFrame) -> frozenset[str]:
    """Return the instruments whose closes and those stored around them differ by the ratio of a split."""
    ends = prices.group_by("instrument_id", maintain_order=True).agg(
        pl.col("trade_date").first().alias("first"),
        pl.col("trade_date").last().alias("last"),
        pl.col("close").first().alias("opens"),
        pl.col("split").first().fill_null(1.0).alias("split"),
        pl.col("close").last().alias("closes"),
    )
    found = stored_around(historical, ends.select("instrument_id", "first", "last"))
    if found.is_empty():
        return frozenset()
    both = ends.join(found, on="instrument_id")
    left = both.select(
        "instrument_id",
        delivered="opens",
        stored="on_first",
        delivered_step=pl.col("opens") * pl.col("split") / pl.col("before"),
        stored_step=pl.col("on_first") * pl.col("first_split") / pl.col("before"),
    )
    right = both.select(
        "instrument_id",
        delivered="closes",
        stored="on_last",
        delivered_step=pl.col("after") * pl.col("after_split") / pl.col("closes"),
        stored_step=pl.col("after") * pl.col("after_split") / pl.col("on_last"),
    )
    return frozenset(instruments_on_another_basis(pl.concat([left, right]).drop_nulls()))


def _without(part: Part, names: frozenset[str]) -> Part:
    if not names:
        return part
    digests = {name: said for name, said in part.digests.items() if name not in names}
    return Part(part.prices.filter(~pl.col("instrument_id").is_in(list(names))), digests)


def _without_rows(part: Part, rows: pl.DataFrame) -> Part:
    """Return a part without rows; what instruments of theirs say as a whole is then no longer known."""
    touched = set(rows["instrument_id"].to_list())
    digests = {name: said for name, said in part.digests.items() if name not in touched}
    return Part(part.prices.join(rows, on=KEY, how="anti", maintain_order="left"), digests)


def _unchanged(
    historical: Connection, full: pl.DataFrame, digests: Mapping[str, InstrumentDigests]
) -> list[str]:
    """Return the instruments of which exactly these rows are stored in the range of the delivery."""
    first, last = _span(full)
    ids = list(digests)
    stored = stored_digests(historical, ids, first=first, last=last)
    if not stored:
        return []
    found = action_digests(stored_actions(historical, ids, first=first, last=last))
    adjusted = adjusted_digests(full) if full["is_computed"].any() else {}
    events = action_digests(full)
    return [
        instrument
        for instrument, said in digests.items()
        if stored.get(instrument) == (said.n_rows, said.bars, adjusted.get(instrument, said.adjusted))
        and found.get(instrument, b"") == events.get(instrument, b"")
    ]


def _adjustment_flags(historical: Connection, full: pl.DataFrame) -> pl.DataFrame:
    """Return the flags of a vendor's adjusted closes that its own splits and dividends contradict."""
    given = full.filter(~pl.col("is_computed").all().over("instrument_id"))
    if given.is_empty():
        return adjustment_flags(full.clear(), FACTORS)
    return adjustment_flags(given, adjustment_factors(historical, given, side="before"))


def _context(historical: Connection, full: pl.DataFrame, torn: pl.DataFrame) -> pl.DataFrame:
    """Return what is stored in the year before each instrument's rows and, in holes, among them."""
    day = pl.col("trade_date")
    ends = full.group_by("instrument_id").agg(day.min().alias("first"), day.max().alias("last"))
    is_torn = pl.col("instrument_id").is_in(torn["instrument_id"].unique().implode())
    spans = ends.select(
        "instrument_id",
        pl.col("first") - timedelta(days=DAYS_BEFORE),
        pl.when(is_torn).then("last").otherwise(pl.col("first") - timedelta(days=1)).alias("last"),
    )
    return stored_spans(historical, spans)


def _behind(torn: pl.DataFrame, context: pl.DataFrame) -> pl.DataFrame:
    """Return the keys of the rows behind holes in which bars are stored."""
    days = context.select("instrument_id", "trade_date", inside="trade_date").sort("trade_date")
    found = torn.sort("trade_date").join_asof(
        days, on="trade_date", by="instrument_id", allow_exact_matches=False, check_sortedness=False
    )
    return found.filter(pl.col("inside") > pl.col("former")).select(KEY)


def _span(prices: pl.DataFrame) -> tuple[date, date]:
    first, last = prices["trade_date"].min(), prices["trade_date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    return first, last


def _with_flags(rows: pl.DataFrame, flagged: pl.DataFrame) -> pl.DataFrame:
    return rows.join(flagged, on=KEY, how="left", maintain_order="left")
