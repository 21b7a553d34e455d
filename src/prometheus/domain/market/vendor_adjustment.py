"""What a vendor's adjusted closes say: the splits and dividends in them, and where they contradict its own.

Both look at the factor, adjusted close over close. Its growth from one bar to the next is split + dividend /
close (CRSP), up to the rounding of what was delivered: half a unit of the last digit that the vendor gives,
which is read off its numbers.
"""

from __future__ import annotations

import polars as pl

from prometheus.domain.market.corporate_actions import DECIMALS, NO_EVENT, split_ratio

MOST_DIGITS = 8
"""Numbers with more decimals than these are taken as exact."""
FEW_NUMBERS = 8
LEAST_SEAM_DIGITS = 2
LEAST_SEAM = 1e-6
"""Factors of two deliveries that differ by less are on one base."""
LEAST_DIGITS = 4
"""A few numbers may all end in zeros: fewer decimals than these are not read off them."""
MOST_EVENTS = 0.25
"""Share of bars with an event above which the growth of the factor is noise: no fund pays more often than
weekly, 52 times in 252 sessions."""
FEW_BARS = 63
"""Of fewer bars, a quarter's, the share says nothing: all of some that lie far apart may have one between."""
ADJUSTED_CLOSE_DIFFERS = "adjusted_close_differs"


def with_inferred_actions(prices: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return prices with the splits and dividends that only the adjusted closes say.

    Parameters
    ----------
    prices : polars.DataFrame
        Sorted by ``instrument_id`` and ``trade_date``; with ``close``, ``adjusted_close``, ``split`` and
        ``dividend``.
    before : polars.DataFrame
        ``instrument_id``, ``factor`` and ``close`` of the last row before these.

    Notes
    -----
    Instruments of which any row has a split or a dividend are left alone, and so are those without an
    adjusted close in every row. A jump that is near the ratio of a split counts as one only if the close
    moved the other way: a vendor that starts its adjustment anew splits nothing. Any other jump upwards
    is a dividend of (jump - 1) * close.
    """
    silent = silent_instruments(prices)
    if silent.is_empty():
        return prices
    is_silent = pl.col("instrument_id").is_in(silent.implode())
    rows = _with_growth(prices.filter(is_silent), before)
    jump = pl.col("growth")
    is_event = ((jump - 1.0).abs() > pl.col("rounding")).fill_null(False)
    rows = rows.with_columns(is_event.alias("is_event"))
    is_noise = pl.col("is_event").mean().over("instrument_id") > MOST_EVENTS
    is_noise &= pl.len().over("instrument_id") > FEW_BARS
    rows = rows.with_columns((pl.col("is_event") & ~is_noise).alias("is_event"))
    ratios = {j: split_ratio(j) for j in rows.filter("is_event")["growth"].unique().to_list()}
    ratio = pl.when("is_event").then(jump.replace_strict(ratios, default=None, return_dtype=pl.Float64))
    moved = pl.col("close") / pl.col("former_close")
    is_seen = (moved * pl.col("ratio")).log().abs() < moved.log().abs()
    cash = ((jump - 1.0) * pl.col("close")).round(DECIMALS)
    rows = rows.with_columns(ratio.alias("ratio")).with_columns(
        pl.when(is_seen).then("ratio").alias("split"),
        pl.when(pl.col("is_event") & pl.col("ratio").is_null() & (cash > 0.0)).then(cash).alias("dividend"),
    )
    return pl.concat([prices.filter(~is_silent), rows.select(prices.columns)]).sort(
        "instrument_id", "trade_date"
    )


def silent_instruments(prices: pl.DataFrame) -> pl.Series:
    """Return the instruments that have an adjusted close in every row, and no split or dividend in any."""
    if prices["adjusted_close"].null_count() == prices.height:
        return pl.Series("instrument_id", [], dtype=pl.String)
    is_silent = (
        pl.col("adjusted_close").is_not_null().all()
        & pl.col("split").is_null().all()
        & pl.col("dividend").is_null().all()
    )
    return prices.group_by("instrument_id").agg(is_silent.alias("is")).filter("is")["instrument_id"].sort()


def adjustment_flags(prices: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return a flag for each row whose adjusted close does not follow from the one before and its actions.

    Parameters
    ----------
    prices : polars.DataFrame
        As for `with_inferred_actions`, and ``is_computed``: adjusted closes of ours are right by themselves.
    before : polars.DataFrame
        Likewise.

    Returns
    -------
    polars.DataFrame
        ``instrument_id``, ``trade_date``, ``rule``.
    """
    if prices["is_computed"].all():
        found = prices.clear()
    else:
        rows = _with_growth(prices, before)
        event = pl.col("split").fill_null(1.0) + pl.col("dividend").fill_null(0.0) / pl.col("close")
        unit = 0.5 * 0.1 ** _decimals(prices["dividend"])
        cents = pl.when(pl.col("dividend").is_not_null()).then(unit).otherwise(0.0) / pl.col("close")
        is_given = ~pl.col("is_computed") & ~pl.col("is_computed").shift(1).fill_null(False)
        is_apart = (pl.col("growth") / event - 1.0).abs() > pl.col("rounding") + cents
        found = rows.filter((is_given & is_apart).fill_null(False))
    return found.select("instrument_id", "trade_date", pl.lit(ADJUSTED_CLOSE_DIFFERS).alias("rule"))


def seam_rounding(prices: pl.DataFrame) -> pl.DataFrame:
    """Return ``instrument_id`` and ``rounding``: the most that rounding moves its growth."""
    unit = 0.5 * 0.1 ** _decimals(prices["adjusted_close"], least=LEAST_SEAM_DIGITS)
    cents = 0.5 * 0.1 ** _decimals(prices["dividend"], least=LEAST_SEAM_DIGITS)
    paid = pl.when(pl.col("dividend").is_not_null()).then(cents / pl.col("close")).otherwise(0.0)
    return prices.group_by("instrument_id").agg(
        (2.0 * unit / pl.col("adjusted_close").min() + paid.max() + LEAST_SEAM).alias("rounding")
    )


def _with_growth(prices: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the growth of the factor since the bar before, and how far rounding may move it."""
    factor = pl.col("adjusted_close") / pl.col("close")
    adjusted, unit = pl.col("adjusted_close"), 0.5 * 0.1 ** _decimals(prices["adjusted_close"])
    former = before.select(
        "instrument_id", pl.col("factor").alias("factor_before"), pl.col("close").alias("close_before")
    )
    return (
        prices.join(former, on="instrument_id", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce(factor.shift(1).over("instrument_id"), "factor_before").alias("former"),
            pl.coalesce(pl.col("close").shift(1).over("instrument_id"), "close_before").alias("former_close"),
        )
        .with_columns(
            (factor / pl.col("former")).alias("growth"),
            (unit * (1.0 / adjusted + 1.0 / (pl.col("former") * pl.col("former_close"))) + NO_EVENT).alias(
                "rounding"
            ),
        )
    )


def _decimals(values: pl.Series, *, least: int = LEAST_DIGITS) -> float:
    """Return how many decimals the numbers of a delivery have; many where they are not rounded."""
    given = values.drop_nulls()
    least = least if given.len() < FEW_NUMBERS else 0
    for digits in range(least, MOST_DIGITS + 1):
        if ((given - given.round(digits)).abs() <= 1e-12 * given.abs()).all():
            return float(digits)
    return 2.0 * MOST_DIGITS
