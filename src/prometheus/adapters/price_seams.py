"""Adjusted closes of a vendor's that go on where those in the database end, whatever base they start from.

A vendor that adjusts backwards starts from another base with every dividend. Within a delivery the growth of
its factor, adjusted close over close, stays what the vendor says; from the stored bar of the session before
to its first bar the factor grows by that bar's split and dividend. So one constant takes the delivery to the
base of what is stored, and rows that are stored after it follow. Neighbours that agree to the rounding of
what was delivered are left as they are, and so are those across a gap: what lies in it may come later.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from prometheus.domain.market.corporate_actions import split_ratio
from prometheus.domain.market.vendor_adjustment import seam_rounding
from prometheus.kernel.sessions import Sessions
from prometheus.store.copying import Connection
from prometheus.store.price_reads import adjustment_factors, stored_prices

KEY = ["instrument_id", "trade_date"]
FACTOR = pl.col("adjusted_close") / pl.col("close")


def have_equal_keys(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Return whether two frames, both sorted by instrument and date, are of the same bars."""
    return one.height == other.height and one.select(KEY).equals(other.select(KEY))


def bases(
    historical: Connection,
    prices: pl.DataFrame,
    sessions: Sessions,
    *,
    is_silent: bool,
    met: pl.Series | None = None,
) -> pl.DataFrame:
    """Return the constants that take a vendor's factors to the base of what is stored.

    Parameters
    ----------
    historical : Connection
    prices : polars.DataFrame
        Sorted by ``instrument_id`` and ``trade_date``.
    sessions : Sessions
        Of the market.
    is_silent : bool
        Whether splits and dividends are still to be read off the growth of the factor: a growth above 1
        is then a dividend, and rows that are stored too say the base.
    met : polars.Series, optional
        Instruments of which the rows stored after these have been read anew, and so meet them.

    Returns
    -------
    polars.DataFrame
        ``instrument_id``, ``scale`` of the delivery's factors, and ``later`` of those of the rows stored
        after it; instruments of which both are 1 are left out.
    """
    whole = prices.filter(pl.col("adjusted_close").is_not_null().all().over("instrument_id"))
    if whole.is_empty():
        return _none()
    before = adjustment_factors(historical, whole, side="before")
    after = adjustment_factors(historical, whole, side="after")
    if met is not None:
        after = after.filter(~pl.col("instrument_id").is_in(met.implode()))
    if before.is_empty() and after.is_empty():
        return _none()
    event = pl.col("split").fill_null(1.0) + pl.col("dividend").fill_null(0.0) / pl.col("close")
    ends = whole.group_by("instrument_id").agg(
        pl.col("trade_date").first().alias("first"),
        pl.col("trade_date").last().alias("last"),
        FACTOR.first().alias("begins"),
        FACTOR.last().alias("ends"),
        event.first().alias("event"),
    )
    seams = (
        ends.join(seam_rounding(whole), on="instrument_id")
        .join(before.select("instrument_id", b="factor", b_day="day"), on="instrument_id", how="left")
        .join(after.select("instrument_id", a="factor", a_day="day"), on="instrument_id", how="left")
    )
    seams = seams.with_columns(
        _is_next(seams["b_day"], seams["first"], sessions).alias("is_left"),
        _is_next(seams["last"], seams["a_day"], sessions).alias("is_right"),
    )
    left, right = pl.col("b") * pl.col("event") / pl.col("begins"), pl.col("a") / pl.col("ends")
    rounding = pl.col("rounding")
    is_left = pl.col("is_left") & ((left - 1.0).abs() > rounding)
    is_right = pl.col("is_right") & ((right - 1.0).abs() > rounding)
    asked = pl.lit(True) if is_silent else is_left
    seams = _overlapping(historical, seams.with_columns(asked.fill_null(False).alias("is_asked")))
    is_overlap = (pl.col("overlap") - 1.0).abs() > rounding
    if is_silent:
        is_left, is_right = is_left & (left > 1.0) & ~_like_split(left), is_right & (right < 1.0)
        is_right &= ~_like_split(right)
    else:
        is_overlap &= (pl.col("overlap") / left - 1.0).abs() <= rounding
    found = seams.with_columns(
        pl.when(is_overlap)
        .then("overlap")
        .when(is_left)
        .then(left)
        .when(pl.col("b").is_null() & is_right)
        .then(right)
        .otherwise(1.0)
        .alias("scale")
    )
    moved = pl.col("scale") / right
    return (
        found.with_columns(
            pl.when(pl.col("b").is_not_null() & pl.col("is_right") & ((moved - 1.0).abs() > rounding))
            .then(moved)
            .otherwise(1.0)
            .alias("later")
        )
        .filter((pl.col("scale") != 1.0) | (pl.col("later") != 1.0))
        .select("instrument_id", "scale", "later", "last")
    )


def spliced(
    historical: Connection, full: pl.DataFrame, delivered: pl.DataFrame, sessions: Sessions
) -> pl.DataFrame:
    """Return prices on the base of what is stored before them, and the stored rows that follow from them.

    Parameters
    ----------
    historical : Connection
    full : polars.DataFrame
        Prices with ``is_computed``, and stored ones that follow from them.
    delivered : polars.DataFrame
        Those that their vendor gave, with splits and dividends.
    sessions : Sessions
        Of the market.
    """
    met = None
    if not have_equal_keys(full, delivered):
        met = full.join(delivered, on=KEY, how="anti")["instrument_id"].unique()
    found = bases(historical, delivered, sessions, is_silent=False, met=met)
    if found.is_empty():
        return full
    is_delivered = full.join(
        delivered.select(*KEY, pl.lit(True).alias("is")), on=KEY, how="left", maintain_order="left"
    )["is"]
    is_first = is_delivered.fill_null(False)
    constant = (
        full.join(found, on="instrument_id", how="left", maintain_order="left")
        .select(pl.when(is_first).then("scale").otherwise("later").fill_null(1.0))
        .to_series()
    )
    here = full.with_columns(
        (pl.col("adjusted_close") * constant).alias("adjusted_close"),
        pl.col("is_computed") | (constant != 1.0),
    )
    followed = found.filter(pl.col("later") != 1.0)
    if followed.is_empty():
        return here
    stored = stored_prices(
        historical, followed["instrument_id"].to_list(), _least(followed["last"]), date.max
    )
    currencies = delivered.group_by("instrument_id").agg(pl.col("currency").first())
    later = (
        stored.join(followed, on="instrument_id")
        .filter(pl.col("trade_date") > pl.col("last"))
        .join(full, on=KEY, how="anti")
        .join(currencies, on="instrument_id")
        .with_columns(pl.col("adjusted_close") * pl.col("later"), pl.lit(True).alias("is_computed"))
    )
    return pl.concat([here, later.select(here.columns)]).sort(KEY)


def _overlapping(historical: Connection, seams: pl.DataFrame) -> pl.DataFrame:
    """Return seams with stored factor over delivered factor of the end that is stored too, if it is."""
    place = pl.when(pl.col("b").is_not_null()).then("first").otherwise("last")
    own = pl.when(pl.col("b").is_not_null()).then("begins").otherwise("ends")
    asked = seams.filter(pl.col("is_asked") & (pl.col("b").is_not_null() | pl.col("a").is_not_null())).select(
        "instrument_id", place.alias("trade_date"), own.alias("own")
    )
    if asked.is_empty():
        return seams.with_columns(pl.lit(None, dtype=pl.Float64).alias("overlap"))
    first, last = _least(asked["trade_date"]), asked["trade_date"].max()
    assert isinstance(last, date)
    stored = stored_prices(historical, asked["instrument_id"].to_list(), first, last)
    overlap = asked.join(stored, on=KEY).select("instrument_id", (FACTOR / pl.col("own")).alias("overlap"))
    return seams.join(overlap, on="instrument_id", how="left")


def _like_split(jump: pl.Expr) -> pl.Expr:
    """Return where a jump is near the ratio of a split: whether it is one, the closes say."""
    return jump.map_elements(lambda x: split_ratio(1.0 / x) is not None, return_dtype=pl.Boolean).fill_null(
        False
    )


def _is_next(earlier: pl.Series, later: pl.Series, sessions: Sessions) -> pl.Series:
    """Return where no session lies between two dates; False where either is null."""
    days = sessions.dates
    one = np.searchsorted(
        days, earlier.fill_null(date.min + timedelta(1)).to_numpy().astype("datetime64[D]"), side="right"
    )
    other = np.searchsorted(days, later.fill_null(date.max).to_numpy().astype("datetime64[D]"), side="left")
    return pl.Series((other - one) <= 0) & earlier.is_not_null() & later.is_not_null()


def _least(days: pl.Series) -> date:
    first = days.min()
    assert isinstance(first, date)
    return first


def _none() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"instrument_id": pl.String, "scale": pl.Float64, "later": pl.Float64, "last": pl.Date}
    )
