"""Adjusted closes where the vendor gives none."""

from __future__ import annotations

import polars as pl


def with_normal_actions(prices: pl.DataFrame) -> pl.DataFrame:
    """Return prices in which "no split" and "no dividend" are null, however the vendor writes them.

    Vendors write 0 or 1 in ``split`` and 0 in ``dividend`` on days without.
    """
    split, dividend = pl.col("split"), pl.col("dividend")
    return prices.with_columns(
        pl.when((split != 0.0) & (split != 1.0)).then(split).alias("split"),
        pl.when(dividend != 0.0).then(dividend).alias("dividend"),
    )


def with_adjusted_close(prices: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    """Return prices with an adjusted close in every row, and ``is_computed`` where it is ours.

    Parameters
    ----------
    prices : polars.DataFrame
        Sorted by ``instrument_id`` and ``trade_date``; no split is null or not 1, no dividend null or not 0.
    factors : polars.DataFrame
        ``instrument_id`` and ``factor``: adjusted close over close of the last row before these prices.

    Notes
    -----
    The vendor's own is kept. Otherwise the factor is carried forward from the first row that is known, so
    that no event changes a row before it: factor(t) = factor(t-1) * (split(t) + dividend(t) / close(t)),
    and adjusted_close(t) = close(t) * factor(t). The ratio of two adjusted closes is the total return
    between them. Without splits and dividends it equals the close. Where a vendor gives some rows of an
    instrument, the others stand in a chain with the last one given before them or, without any such row
    here or in ``factors``, with the first one given after them.
    Source: CRSP, *Data Descriptions Guide*, holding period total return.
    """
    is_computed = pl.col("adjusted_close").is_null()
    has_events, is_plain = prices.select(
        (pl.col("split").is_not_null() | pl.col("dividend").is_not_null()).any(),
        plain=is_computed.all() | ~is_computed.any(),
    ).row(0)
    if factors.is_empty() and is_plain and not has_events:
        return prices.with_columns(
            is_computed.alias("is_computed"), pl.coalesce("adjusted_close", "close").alias("adjusted_close")
        )
    event = pl.col("split").fill_null(1.0) + pl.col("dividend").fill_null(0.0) / pl.col("close")
    is_first = pl.col("instrument_id") != pl.col("instrument_id").shift(1)
    # On the very first row nothing was held the day before: there is nothing to carry forward.
    step = pl.when(is_first.fill_null(True) & pl.col("factor").is_null()).then(1.0).otherwise(event)
    # What the vendor's factor would have been on the first row, had all since been adjusted for its events.
    given = pl.col("adjusted_close") / pl.col("close") / pl.col("growth")
    start = pl.coalesce(
        given.forward_fill().over("instrument_id"),
        pl.col("factor"),
        given.backward_fill().over("instrument_id"),
        1.0,
    )
    chained = pl.col("close") * start * pl.col("growth")
    return (
        prices.join(factors, on="instrument_id", how="left", maintain_order="left")
        .with_columns(step.cum_prod().over("instrument_id").alias("growth"))
        .with_columns(
            is_computed.alias("is_computed"),
            pl.coalesce(pl.col("adjusted_close"), chained).alias("adjusted_close"),
        )
        .drop("factor", "growth")
    )
