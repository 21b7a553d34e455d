"""Splits, dividends and adjusted closes that go on where those in the database end, and meet what follows.

A row without an adjusted close of its vendor's gets ours, in a chain with the rows before it. Where a
delivery brings the past after the present, or mends an event of it, the adjusted closes of later rows
that are ours follow: they come out as further rows of the delivery, and become corrections. Likewise, splits
and dividends that only a vendor's adjusted closes say are read from one bar to the next, whenever they came.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from prometheus.adapters.price_seams import bases
from prometheus.domain.market.adjusted import with_adjusted_close
from prometheus.domain.market.vendor_adjustment import (
    seam_rounding,
    silent_instruments,
    with_inferred_actions,
)
from prometheus.kernel.sessions import Sessions
from prometheus.store.copying import Connection
from prometheus.store.price_reads import (
    ACTIONS,
    adjustment_factors,
    instruments_with_rows_between,
    stored_actions,
    stored_prices,
)
from prometheus.store.prices import SAME_ADJUSTMENT

FACTORS = pl.DataFrame(schema={"instrument_id": pl.String, "factor": pl.Float64, "close": pl.Float64})
KEY = ["instrument_id", "trade_date"]


def acted(historical: Connection, prices: pl.DataFrame, sessions: Sessions) -> pl.DataFrame:
    """Return prices with the splits and dividends that only their adjusted closes say.

    Parameters
    ----------
    historical : Connection
    prices : polars.DataFrame
        A part of a delivery, sorted by ``instrument_id`` and ``trade_date``.
    sessions : Sessions
        Of the market.

    Returns
    -------
    polars.DataFrame
        The same rows and, sorted among them, stored ones whose split or dividend is read anew, because the
        bar before them has only now come.

    Notes
    -----
    Where bars are stored between two rows of the delivery, what happened is read from bar to bar. If what is
    stored there does not follow from its adjusted closes, another vendor said it: it stays as it was said.
    """
    names = silent_instruments(prices)
    if names.is_empty():
        return prices
    rows = prices.filter(pl.col("instrument_id").is_in(names.implode()))
    scales = bases(historical, rows, sessions, is_silent=True).select("instrument_id", "scale")
    scale = pl.col("scale").fill_null(1.0)
    before = adjustment_factors(historical, rows, side="before").join(scales, on="instrument_id", how="left")
    full = with_inferred_actions(prices, before.with_columns(pl.col("factor") / scale))
    after = adjustment_factors(historical, rows, side="after")["instrument_id"].to_list()
    torn = holes(rows, sessions)
    between = instruments_with_rows_between(historical, torn)
    late = sorted({*after, *between})
    if not late:
        return full
    stored = stored_prices(historical, late, date.min, date.max).sort(KEY)
    bare = stored.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in ACTIONS)
    read = with_inferred_actions(bare, FACTORS)
    is_read = _is_alike(stored, read)
    ours = stored.select("instrument_id", is_read).group_by("instrument_id").agg(pl.col("is_alike").all())
    kept = ours.filter("is_alike")["instrument_id"].to_list()
    of_these = pl.col("instrument_id").is_in(kept)
    said = torn.filter(pl.col("instrument_id").is_in(sorted(set(between) - set(kept))))
    full = _as_said(full, stored, said)
    if not kept:
        return full
    currencies = prices.group_by("instrument_id").agg(pl.col("currency").first())
    others = bare.filter(of_these).join(prices, on=KEY, how="anti").join(currencies, on="instrument_id")
    rounding = seam_rounding(rows)
    shared = _shared_bases(rows.filter(pl.col("instrument_id").is_in(between)), stored, rounding)
    scales = pl.concat([scales, shared.join(scales, on="instrument_id", how="anti")])
    others = others.join(scales, on="instrument_id", how="left")
    others = others.with_columns(pl.col("adjusted_close") / scale)
    both = pl.concat([prices.filter(of_these), others.select(prices.columns)]).sort(KEY)
    again = _without_rounding(with_inferred_actions(both, FACTORS), prices, rounding)
    beside = again.join(
        stored.select(*KEY, *ACTIONS), on=KEY, how="left", suffix="_was", maintain_order="left"
    )
    is_delivered = again.join(prices.select(*KEY, pl.lit(True).alias("is")), on=KEY, how="left")["is"]
    was = stored.select(*KEY, pl.col("adjusted_close").alias("was")).join(prices, on=KEY, how="anti")
    again = again.join(was, on=KEY, how="left", maintain_order="left").with_columns(
        pl.coalesce("was", "adjusted_close").alias("adjusted_close")
    )
    again = again.select(prices.columns)
    most = again.join(rounding, on="instrument_id", how="left", maintain_order="left")
    is_moved = ~_is_alike(
        beside.select(pl.col(f"{name}_was").alias(name) for name in ACTIONS),
        again,
        most=(most["rounding"] * most["close"]).fill_null(0.0),
    )
    chosen = again.filter(is_delivered.fill_null(False) | is_moved)
    return pl.concat([full.filter(~of_these), chosen]).sort(KEY)


def holes(prices: pl.DataFrame, sessions: Sessions) -> pl.DataFrame:
    """Return the rows in front of which a session is missing: the key, and ``former``, the date before.

    Parameters
    ----------
    prices : polars.DataFrame
        Sorted by ``instrument_id`` and ``trade_date``.
    sessions : Sessions
        Of the market.
    """
    days = prices.select(*KEY, pl.col("trade_date").shift(1).over("instrument_id").alias("former"))
    places = np.searchsorted(sessions.dates, days["trade_date"].to_numpy().astype("datetime64[D]"))
    is_hole = (pl.Series(places).diff() > 1) & days["former"].is_not_null()
    return days.filter(is_hole)


def _as_said(prices: pl.DataFrame, stored: pl.DataFrame, behind: pl.DataFrame) -> pl.DataFrame:
    """Return prices with the stored splits and dividends, or none, in the rows behind holes."""
    if behind.is_empty():
        return prices
    is_behind = pl.col("is_behind").is_not_null()
    return (
        prices.join(
            behind.select(*KEY, pl.lit(True).alias("is_behind")), on=KEY, how="left", maintain_order="left"
        )
        .join(stored.select(*KEY, *ACTIONS), on=KEY, how="left", suffix="_was", maintain_order="left")
        .with_columns(pl.when(is_behind).then(f"{name}_was").otherwise(name).alias(name) for name in ACTIONS)
        .select(prices.columns)
    )


def _shared_bases(prices: pl.DataFrame, stored: pl.DataFrame, rounding: pl.DataFrame) -> pl.DataFrame:
    """Return ``instrument_id`` and ``scale``: stored factor over delivered of the first row that is both."""
    first = prices.join(stored, on=KEY, suffix="_was", maintain_order="left").unique(
        "instrument_id", keep="first", maintain_order=True
    )
    was = pl.col("adjusted_close_was") / pl.col("close_was")
    scale = (was / pl.col("adjusted_close") * pl.col("close")).alias("scale")
    found = first.join(rounding, on="instrument_id").select("instrument_id", scale, "rounding")
    return found.filter((pl.col("scale") - 1.0).abs() > pl.col("rounding")).drop("rounding")


def _without_rounding(again: pl.DataFrame, prices: pl.DataFrame, rounding: pl.DataFrame) -> pl.DataFrame:
    """Return rows without the dividends that rounding makes between a delivered bar and a stored one."""
    delivered = prices.select(*KEY, pl.lit(True).alias("is"))
    of = again.join(delivered, on=KEY, how="left", maintain_order="left").join(
        rounding, on="instrument_id", how="left", maintain_order="left"
    )
    is_here = pl.col("is").fill_null(False)
    is_seam = (is_here != is_here.shift(1).over("instrument_id")).fill_null(False)
    is_small = is_seam & (pl.col("dividend") <= pl.col("rounding") * pl.col("close"))
    bare = pl.when(~is_small.fill_null(False)).then("dividend").alias("dividend")
    return of.with_columns(bare).select(again.columns)


def _is_alike(one: pl.DataFrame, other: pl.DataFrame, *, most: pl.Series | None = None) -> pl.Series:
    """Return where two frames of the same rows have the same splits, and dividends up to ``most``."""
    found = pl.repeat(True, one.height, eager=True)
    for name in ACTIONS:
        apart = (one[name].fill_null(0.0) - other[name].fill_null(0.0)).abs()
        is_same = apart <= SAME_ADJUSTMENT
        if name == "dividend" and most is not None:
            is_same |= apart <= most
        found &= is_same
    return found.alias("is_alike")


def chained(historical: Connection, prices: pl.DataFrame) -> pl.DataFrame:
    """Return prices with an adjusted close in every row, and ``is_computed`` where it is ours.

    Parameters
    ----------
    historical : Connection
    prices : polars.DataFrame
        A part of a delivery, sorted by ``instrument_id`` and ``trade_date``.

    Returns
    -------
    polars.DataFrame
        The same rows and, sorted among them, stored ones whose adjusted close follows from them anew; without
        instruments whose adjusted closes, ours, don't meet those of a vendor that are stored after them.
    """
    computed = prices.filter(pl.col("adjusted_close").is_null())
    if computed.is_empty():
        return with_adjusted_close(prices, FACTORS)
    full = with_adjusted_close(prices, adjustment_factors(historical, computed, side="before"))
    apart = _apart(historical, full)
    among = _with_events_between(historical, full)
    names = sorted({*apart["instrument_id"].to_list(), *among})
    if not names:
        return full
    of_these = pl.col("instrument_id").is_in(names)
    again = _together(historical, prices.filter(of_these), names)
    stubborn = _apart(historical, again.filter(~pl.col("is_stored")))
    moved = again.filter("is_stored")
    stubborn = stubborn.join(moved.select("instrument_id").unique(), on="instrument_id", how="anti")
    again = again.join(stubborn, on="instrument_id", how="anti").drop("is_stored")
    return pl.concat([full.filter(~of_these), again]).sort(KEY)


def _apart(historical: Connection, full: pl.DataFrame) -> pl.DataFrame:
    """Return the instruments whose last adjusted close, ours, does not meet the one stored after it."""
    ends = full.group_by("instrument_id", maintain_order=True).agg(
        pl.col("trade_date").max(),
        (pl.col("adjusted_close") / pl.col("close")).last().alias("end"),
        pl.col("is_computed").last(),
    )
    computed = ends.filter("is_computed")
    if computed.is_empty():
        return ends.clear()
    later = adjustment_factors(historical, computed, side="after")
    return computed.join(later, on="instrument_id").filter(
        (pl.col("end") - pl.col("factor")).abs() > SAME_ADJUSTMENT * pl.col("factor")
    )


def _with_events_between(historical: Connection, full: pl.DataFrame) -> list[str]:
    """Return the instruments of which an event is stored between these rows, on a date that isn't here."""
    computed = full.filter("is_computed")
    first, last = computed["trade_date"].min(), computed["trade_date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    if first == last:
        return []
    ids = computed["instrument_id"].unique().to_list()
    events = stored_actions(historical, ids, first=first, last=last)
    if events.is_empty():
        return []
    events = events.join(full, on=KEY, how="anti")
    spans = computed.group_by("instrument_id").agg(
        pl.col("trade_date").min().alias("first"), pl.col("trade_date").max().alias("last")
    )
    inside = events.join(spans, on="instrument_id").filter(
        pl.col("trade_date").is_between("first", "last", closed="right")
    )
    return inside["instrument_id"].unique().to_list()


def _together(historical: Connection, prices: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Return rows with those that are stored of the same instruments and follow from them anew.

    What is stored counts as ours where it is the chain of its own closes, splits and dividends from its first
    row on; a vendor's adjusted closes stay as they are.
    """
    stored = stored_prices(historical, names, date.min, date.max).sort(KEY)
    bare = stored.with_columns(pl.lit(None, dtype=pl.Float64).alias("adjusted_close"))
    ours = with_adjusted_close(bare, FACTORS)["adjusted_close"]
    is_ours = ((stored["adjusted_close"] - ours).abs() <= SAME_ADJUSTMENT * ours).alias("is_ours")
    stored = stored.with_columns(is_ours).with_columns(pl.col("is_ours").all().over("instrument_id"))
    currencies = prices.group_by("instrument_id").agg(pl.col("currency").first())
    others = (
        stored.join(prices, on=KEY, how="anti")
        .join(currencies, on="instrument_id")
        .with_columns(
            pl.col("adjusted_close").alias("was"),
            pl.when(~pl.col("is_ours")).then("adjusted_close").alias("adjusted_close"),
            pl.lit(True).alias("is_stored"),
        )
    )
    here = {"is_stored": pl.lit(False), "was": pl.lit(None, dtype=pl.Float64)}
    marked = prices.with_columns(**here)
    both = pl.concat([marked, others.select(marked.columns)]).sort(KEY)
    chain = with_adjusted_close(both, FACTORS)
    is_moved = (pl.col("adjusted_close") - pl.col("was")).abs() > SAME_ADJUSTMENT * pl.col("was")
    return chain.filter(~pl.col("is_stored") | is_moved).drop("was")
