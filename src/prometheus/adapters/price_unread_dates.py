"""Dates of a delivery that could not be read, as what is wrong with their rows."""

from __future__ import annotations

import polars as pl

from prometheus.domain.market.dates import unread_remedies
from prometheus.domain.market.parsing import DATE_REMEDY, FAULT

_AMBIGUOUS = (
    "May be day or month first: name the date_format in a mapping file, or write dates as 2013-02-08."
)


def with_unread_dates(rows: pl.DataFrame, dates: pl.Series, is_ambiguous: pl.Series) -> pl.DataFrame:
    """Return rows with their dates as texts, and a ``fault`` where one could not be read.

    Parameters
    ----------
    rows : polars.DataFrame
        With ``trade_date`` as text, and ``fault`` where something else is wrong already.
    dates : polars.Series
        What was read of each; null where nothing was.
    is_ambiguous : polars.Series
        Whether it may be one date or another.
    """
    texts = rows["trade_date"]
    faults = pl.DataFrame({"found": texts, "date": dates, "is_ambiguous": is_ambiguous}).select(
        "date",
        found="found",
        rule=pl.when("is_ambiguous").then(pl.lit("ambiguous_date")).otherwise(pl.lit("unparsable_date")),
        remedy=pl.when("is_ambiguous")
        .then(pl.lit(_AMBIGUOUS))
        .otherwise(unread_remedies(texts).fill_null(DATE_REMEDY)),
    )
    said = pl.struct(pl.lit("trade_date").alias("field"), "found", "rule", "remedy")
    is_unread = pl.col("date").is_null() & (pl.col("found").str.strip_chars() != "")
    new = faults.select(pl.when(is_unread).then(said.cast(FAULT)).alias("fault")).to_series()
    known = rows["fault"] if "fault" in rows.columns else pl.Series([None] * rows.height, dtype=FAULT)
    fault = pl.DataFrame({"known": known, "new": new}).select(
        pl.when(pl.col("known").is_null()).then("new").otherwise("known").alias("fault")
    )
    rows = rows.with_columns(dates.cast(pl.String).fill_null(texts).alias("trade_date"))
    return rows.with_columns(fault.to_series()) if fault["fault"].null_count() < rows.height else rows
